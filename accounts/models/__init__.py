"""The models of this app, one module per subject."""

from accounts.models.accounts import (
    SHARED,
    Account,
    AccountQuerySet,
    AccountShare,
    AccountShareQuerySet,
    ConnectedAccount,
    accepted_shares,
    live_feeds,
    reader,
    shared_account_ids,
)
from accounts.models.connections import (
    BankConnection,
    BankConnectionQuerySet,
    SyncRun,
    message_texts,
)
from accounts.models.rates import ExchangeRate, HeldRate, RateFetch, RateMonth

__all__ = [
    "SHARED",
    "Account",
    "AccountQuerySet",
    "AccountShare",
    "AccountShareQuerySet",
    "BankConnection",
    "BankConnectionQuerySet",
    "ConnectedAccount",
    "ExchangeRate",
    "HeldRate",
    "RateFetch",
    "RateMonth",
    "SyncRun",
    "accepted_shares",
    "live_feeds",
    "message_texts",
    "reader",
    "shared_account_ids",
]
