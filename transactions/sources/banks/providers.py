"""The bank providers, and which of them this installation offers."""

from dataclasses import dataclass

from django.conf import settings

from banking.limits import SIMPLEFIN_REQUESTS_A_DAY
from transactions.sources.banks.connecting import BankConnector
from transactions.sources.banks.obp import OpenBankProject
from transactions.sources.banks.plaid import Plaid
from transactions.sources.banks.sandbox import SandboxBankConnector
from transactions.sources.banks.simplefin import MOST_WINDOWS, SimpleFin

PLAID, OBP, SIMPLEFIN, SANDBOX = "plaid", "obp", "simplefin", "sandbox"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the customer chooses it. `fields` are the inputs it needs.

    `requests_a_day` is what it allows per connection (None: any number), and `requests_at_first`
    what reading a whole history may take.
    """

    key: str
    name: str
    description: str
    fields: tuple[str, ...]
    requests_a_day: int | None = None
    requests_at_first: int = 1


_PROVIDERS = (
    Provider(PLAID, "Plaid", "Thousands of banks in North America and Europe.", ("public_token",)),
    Provider(
        OBP, "Open Bank Project", "Banks with an Open Bank Project server.",
        ("username", "password"),
    ),
    Provider(
        SIMPLEFIN, "SimpleFIN", "Paste a token from your SimpleFIN Bridge.", ("token",),
        requests_a_day=SIMPLEFIN_REQUESTS_A_DAY, requests_at_first=MOST_WINDOWS,
    ),
    Provider(
        SANDBOX, "Sandbox bank", "A bank with made-up money, to try things out.",
        ("institution",),
    ),
)  # fmt: skip


def connector_of(provider: str) -> BankConnector:
    """The connector of a provider, even one no longer offered, so that existing
    connections work.
    """
    connectors: dict[str, type[BankConnector]] = {
        PLAID: Plaid, OBP: OpenBankProject, SIMPLEFIN: SimpleFin, SANDBOX: SandboxBankConnector,
    }  # fmt: skip
    return connectors[provider]()


def provider_of(key: str) -> Provider:
    """The provider with this key, even one no longer offered."""
    return next(provider for provider in _PROVIDERS if provider.key == key)


def offered_providers() -> list[Provider]:
    """The providers that are configured on this installation.

    The sandbox bank is for trying things: it gives way to real banks, except in the demo.
    """
    is_offered = {
        PLAID: bool(settings.PLAID_CLIENT_ID and settings.PLAID_SECRET),
        OBP: bool(settings.OBP_BASE_URL and settings.OBP_CONSUMER_KEY),
        SIMPLEFIN: settings.SIMPLEFIN,
    }
    has_banks = is_offered[PLAID] or is_offered[OBP]
    is_offered[SANDBOX] = bool(settings.SANDBOX_BANK_URL) and (settings.DEMO or not has_banks)
    return [provider for provider in _PROVIDERS if is_offered[provider.key]]
