"""Plaid: Link, items and /transactions/sync (PROTOCOLS.md §1; API version 2020-09-14).

Linking uses Hosted Link: the customer signs in on Plaid's page and returns, so our pages load no
third-party scripts. Plaid's amounts are positive for money out, and card balances are positive
debts; both are negated here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings

from banking.kernel.outgoing import Limits, OutgoingError, ask
from transactions.sources.banks import plaid_categories, reading
from transactions.sources.banks.connecting import (
    MOST_PAGES,
    BankError,
    Changes,
    Link,
    Problem,
    RemoteAccount,
    RemoteLine,
)
from transactions.sources.files.incoming import IncomingTransaction

VERSION = "2020-09-14"
PAGE_SIZE = 500
DAYS_REQUESTED = 730
MOST_RESTARTS = 3
# 500 lines with all details are about one megabyte.
LIMITS = Limits(largest_bytes=8 * 1024 * 1024, timeouts=(5, 30), longest_seconds=60)

_MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
_NEEDS_LOGIN = {"ITEM_LOGIN_REQUIRED", "INVALID_CREDENTIALS", "INVALID_MFA", "ITEM_LOCKED"}
_NEEDS_LOGIN |= {"PENDING_EXPIRATION", "USER_SETUP_REQUIRED", "MFA_NOT_SUPPORTED"}
_REVOKED = {
    "ITEM_NOT_FOUND",
    "USER_PERMISSION_REVOKED",
    "INVALID_ACCESS_TOKEN",
    "ACCESS_NOT_GRANTED",
}
_DOWN_TYPES = {"INSTITUTION_ERROR", "RATE_LIMIT_EXCEEDED", "API_ERROR"}
_TYPES = {
    ("depository", "savings"): "savings",
    ("depository", "cd"): "savings",
    ("depository", "money market"): "savings",
    ("depository", "hsa"): "savings",
    ("credit", ""): "credit_card",
    ("loan", ""): "loan",
    ("investment", ""): "investment",
    ("brokerage", ""): "investment",
}
_OWED = {"credit", "loan"}
# Plaid first reads 30 days, then the rest.
_PREPARING = {"NOT_READY", "INITIAL_UPDATE_COMPLETE"}


@dataclass(slots=True)
class _Run:
    """The data collected from the pages of one sync, discarded if Plaid's data changes
    meanwhile.
    """

    cursor: str
    lines: dict[str, RemoteLine] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    accounts: tuple[RemoteAccount, ...] = ()
    is_complete: bool = True


class Plaid:
    """Access through Plaid. The secret of a connection is its item's access token."""

    def hosted_link(self, *, user_id: int, language: str, return_to: str, access_token: str = ""):
        """(link token, URL of Plaid's page) for one customer; in update mode if a token is
        given.
        """
        body = {
            "client_name": settings.SITE_NAME[:30],
            "language": language if language in _LANGUAGES else "en",
            "country_codes": settings.PLAID_COUNTRY_CODES,
            "user": {"client_user_id": str(user_id)},
            "hosted_link": {"completion_redirect_uri": return_to},
        }
        if settings.PLAID_WEBHOOK_URL:
            body["webhook"] = settings.PLAID_WEBHOOK_URL
        if access_token:
            body["access_token"] = access_token
        else:
            body["products"] = ["transactions"]
            body["transactions"] = {"days_requested": DAYS_REQUESTED}
        answer = _post("/link/token/create", body)
        return reading.identifier(answer.get("link_token")), reading.text(
            answer.get("hosted_link_url"), longest=1000
        )

    def finished_link(self, link_token: str) -> str:
        """The public token of a successful Hosted Link session, or "" if there is none yet."""
        answer = _post("/link/token/get", {"link_token": link_token})
        for session in reading.list_of(answer, "link_sessions"):
            results = session.get("results")
            results = results if isinstance(results, dict) else {}
            # Older sessions have the one token of `on_success` only.
            for result in (
                *reading.list_of(results, "item_add_results"),
                session.get("on_success"),
            ):
                token = result.get("public_token") if isinstance(result, dict) else None
                if isinstance(token, str) and token:
                    return token
        return ""

    def link(self, given: Mapping[str, str]) -> Link:
        answer = _post("/item/public_token/exchange", {"public_token": given["public_token"]})
        token = reading.identifier(answer.get("access_token"))
        item = _post("/item/get", {"access_token": token}).get("item")
        name = reading.text(item.get("institution_name")) if isinstance(item, dict) else ""
        return Link(token, name or "Bank", reading.identifier(answer.get("item_id")))

    def accounts(self, secret: str) -> tuple[RemoteAccount, ...]:
        return _accounts(_post("/accounts/get", {"access_token": secret}))

    def changes(self, secret: str, cursor: str, on: date) -> Changes:
        """All pages since `cursor`. Restarts if Plaid's data changes meanwhile."""
        for _ in range(MOST_RESTARTS):
            try:
                run = _walk(secret, cursor)
            except BankError as error:
                if error.code != _MUTATION:
                    raise
            else:
                removed = tuple((account, pk) for pk, account in run.removed.items())
                return Changes(
                    run.accounts,
                    tuple(run.lines.values()),
                    run.cursor,
                    removed,
                    is_complete=run.is_complete,
                )
        raise BankError(
            Problem.DOWN, "The bank's data is changing right now. We'll try again.", code=_MUTATION
        )

    def unlink(self, secret: str) -> None:
        _post("/item/remove", {"access_token": secret})

    def verification_key(self, key_id: str) -> dict[str, Any]:
        """The public key (a JWK) with which Plaid signs its webhooks."""
        key = _post("/webhook_verification_key/get", {"key_id": key_id}).get("key")
        if not isinstance(key, dict):
            raise reading.broken("Plaid's key has an unexpected format.")
        return key


_LANGUAGES = {
    *("da", "nl", "en", "et", "fr", "de", "hi", "it", "lv", "lt", "no", "pl", "pt", "ro", "es"),
    *("sv", "vi"),
}


# --- Requests -------------------------------------------------------------------------------------


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The response to one request. Raises BankError with Plaid's own code."""
    headers = {
        "PLAID-CLIENT-ID": settings.PLAID_CLIENT_ID,
        "PLAID-SECRET": settings.PLAID_SECRET,
        "Plaid-Version": VERSION,
    }
    address = f"{settings.PLAID_BASE_URL.rstrip('/')}{path}"
    try:
        answer = ask("POST", address, headers=headers, json=body, limits=LIMITS)
    except OutgoingError as error:
        raise reading.unreachable(error) from None
    fields = reading.mapping_of(answer)
    if answer.status != 200:
        raise _error(fields, answer.status)
    return fields


def _error(body: dict[str, Any], status: int) -> BankError:
    code = reading.text(body.get("error_code"), longest=60)
    kind = reading.text(body.get("error_type"), longest=60)
    sentence = reading.message(body.get("display_message"))
    if code in _NEEDS_LOGIN:
        problem, ours = Problem.NEEDS_LOGIN, "Your bank asks you to sign in again."
    elif code in _REVOKED:
        problem, ours = Problem.REVOKED, "Access to this bank has ended."
    elif kind in _DOWN_TYPES or status == 429 or code == _MUTATION:
        problem, ours = Problem.DOWN, "The bank isn't responding right now."
    else:
        problem, ours = Problem.REFUSED, "Plaid rejected the request."
    request_id = reading.text(body.get("request_id"), longest=100)
    return BankError(problem, sentence or ours, code=code or str(status), request_id=request_id)


# --- Reading ------------------------------------------------------------------------------------


def _walk(secret: str, cursor: str) -> _Run:
    run = _Run(cursor)
    for _ in range(MOST_PAGES):
        body = {
            "access_token": secret,
            "count": PAGE_SIZE,
            "options": {"include_original_description": True},
        }
        if run.cursor:
            body["cursor"] = run.cursor
        page = _post("/transactions/sync", body)
        _take(run, page)
        following = page.get("next_cursor")
        if not isinstance(following, str):
            raise reading.broken("Plaid's page has no cursor.")
        if page.get("has_more") is not True:
            run.cursor = following or run.cursor
            return run
        if not following or following == run.cursor:
            raise reading.broken("Plaid keeps sending the same page.")
        run.cursor = following
    raise reading.broken(f"Plaid sent more than {MOST_PAGES} pages at once.")


def _take(run: _Run, page: dict[str, Any]) -> None:
    """Add a page. If a line occurs twice, the last version counts."""
    run.accounts = _accounts(page) or run.accounts
    run.is_complete = page.get("transactions_update_status") not in _PREPARING
    for entry in (*reading.list_of(page, "added"), *reading.list_of(page, "modified")):
        line = _line(entry)
        run.removed.pop(line.line.external_id, None)
        run.lines[line.line.external_id] = line
    for entry in reading.list_of(page, "removed"):
        external_id = reading.identifier(entry.get("transaction_id"))
        run.lines.pop(external_id, None)
        run.removed[external_id] = reading.text(entry.get("account_id"), longest=255)


def _accounts(answer: dict[str, Any]) -> tuple[RemoteAccount, ...]:
    return tuple(_account(entry) for entry in reading.list_of(answer, "accounts"))


def _account(entry: dict[str, Any]) -> RemoteAccount:
    kind = reading.text(entry.get("type"), longest=40)
    subtype = reading.text(entry.get("subtype"), longest=40)
    balances = entry.get("balances")
    balances = balances if isinstance(balances, dict) else {}
    balance = reading.amount_or_none(balances.get("current"))
    currency = reading.currency_or_blank(balances.get("iso_currency_code"))
    return RemoteAccount(
        external_id=reading.identifier(entry.get("account_id")),
        persistent_id=reading.text(entry.get("persistent_account_id"), longest=255),
        name=reading.text(entry.get("name"))
        or reading.text(entry.get("official_name"))
        or "Account",
        currency=currency,
        account_type=_TYPES.get((kind, subtype)) or _TYPES.get((kind, "")) or "checking",
        last_four=reading.last_four(entry.get("mask")),
        balance=-balance if balance is not None and kind in _OWED else balance,
        balance_on=reading.day_or_none(balances.get("last_updated_datetime")),
        refusal="" if currency else "This account is in a currency we don't support.",
    )


def _line(entry: dict[str, Any]) -> RemoteLine:
    is_pending = entry.get("pending") is True
    on = reading.day(entry.get("date"))
    merchant = reading.text(entry.get("merchant_name"), longest=200)
    description = (
        reading.text(entry.get("original_description"))
        or reading.text(entry.get("name"))
        or merchant
        or "No description"
    )
    line = IncomingTransaction(
        row_number=0,
        txn_date=reading.day_or_none(entry.get("authorized_date")) or on,
        posted_date=None if is_pending else on,
        amount=-reading.amount(entry.get("amount")),
        description=description,
        merchant=merchant,
        currency=reading.currency_or_blank(entry.get("iso_currency_code")),
        category=plaid_categories.slug_of(entry.get("personal_finance_category")),
        external_id=reading.identifier(entry.get("transaction_id")),
        is_pending=is_pending,
        replaces=reading.text(entry.get("pending_transaction_id"), longest=255),
        raw=reading.raw(entry),
    )
    return RemoteLine(reading.identifier(entry.get("account_id")), line)
