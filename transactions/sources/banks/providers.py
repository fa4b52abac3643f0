"""The bank providers, and which of them this installation offers."""

from dataclasses import dataclass

from django.conf import settings

from transactions.sources.banks.connecting import BankConnector
from transactions.sources.banks.obp import OpenBankProject
from transactions.sources.banks.plaid import Plaid
from transactions.sources.banks.sandbox import SandboxBankConnector
from transactions.sources.banks.simplefin import SimpleFin

PLAID, OBP, SIMPLEFIN, SANDBOX = "plaid", "obp", "simplefin", "sandbox"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the customer chooses it. `fields` are the inputs it needs."""

    key: str
    name: str
    description: str
    fields: tuple[str, ...]


_PROVIDERS = (
    Provider(PLAID, "Plaid", "Thousands of banks in North America and Europe.", ("public_token",)),
    Provider(
        OBP, "Open Bank Project", "Banks with an Open Bank Project server.",
        ("username", "password"),
    ),
    Provider(SIMPLEFIN, "SimpleFIN", "Paste a token from your SimpleFIN Bridge.", ("token",)),
    Provider(
        SANDBOX, "Sandbox bank", "A bank with invented money, to try things out.",
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


def offered_providers() -> list[Provider]:
    """The providers that are configured on this installation."""
    is_offered = {
        PLAID: bool(settings.PLAID_CLIENT_ID and settings.PLAID_SECRET),
        OBP: bool(settings.OBP_BASE_URL and settings.OBP_CONSUMER_KEY),
        SIMPLEFIN: settings.SIMPLEFIN,
        SANDBOX: bool(settings.SANDBOX_BANK_URL),
    }
    return [provider for provider in _PROVIDERS if is_offered[provider.key]]
