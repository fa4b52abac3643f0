"""What a customer chooses and enters before a bank is connected."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import BankConnection
from banking.kernel.encryption import decrypt
from transactions.services import sandbox_playing
from transactions.services.connecting import reconnect_bank
from transactions.sources.banks.connecting import BankError
from transactions.sources.banks.plaid import Plaid
from transactions.sources.banks.providers import (
    OBP,
    PLAID,
    SANDBOX,
    Provider,
    offered_providers,
    provider_of,
)
from transactions.sources.banks.sandbox import SandboxBankConnector
from users.models import User


@dataclass(frozen=True, slots=True)
class Offer:
    """An available provider; `institutions` are (ID, name) pairs if there is a short list."""

    provider: Provider
    institutions: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        return self.provider.key

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def description(self) -> str:
        return self.provider.description

    @property
    def needs(self) -> tuple[str, ...]:
        return self.provider.fields

    @property
    def bank_name(self) -> str:
        """What customers call a provider that is one bank."""
        return settings.OBP_INSTITUTION_NAME if self.key == OBP else self.name


def offers() -> list[Offer]:
    """All available ways to connect a bank. A sandbox that does not respond has no banks."""
    found = []
    for provider in offered_providers():
        institutions: tuple[tuple[str, str], ...] = ()
        if provider.key == SANDBOX:
            try:
                institutions = tuple(SandboxBankConnector().institutions())
            except BankError:
                institutions = ()
        found.append(Offer(provider, institutions))
    return found


def renewal_offer(connection: BankConnection) -> Offer:
    """What renewing a connection needs, even if its provider is no longer offered."""
    return Offer(provider_of(connection.provider))


def renew(
    *, actor: User, connection: BankConnection, given: Mapping[str, str], at: datetime
) -> BankConnection:
    """Renew an expired connection. At the sandbox bank the sign-in happens here, as it has no page
    of its own. Raises ValidationError.
    """
    if connection.provider == SANDBOX:
        sandbox_playing.sign_in(connection)
    return reconnect_bank(actor=actor, connection=connection, given=given, at=at)


def offered_keys() -> set[str]:
    """The keys of the available providers."""
    return {provider.key for provider in offered_providers()}


def needs_of(provider: str) -> tuple[str, ...]:
    """The fields a provider needs to connect or to renew."""
    return provider_of(provider).fields


def with_customer(provider: str, given: Mapping[str, str], user: User) -> dict[str, str]:
    """Add the customer number that the sandbox bank needs. Real banks ask for it themselves."""
    return {**given, "customer": str(user.pk)} if provider == SANDBOX else dict(given)


def begin_hosted_link(
    *, user: User, connection: BankConnection | None, return_to: str
) -> tuple[str, str]:
    """(link token, URL of Plaid's page); pass a connection to renew it.

    Raises ValidationError.
    """
    if PLAID not in {provider.key for provider in offered_providers()}:
        raise ValidationError("This provider isn't available.")
    token = ""
    if connection is not None:
        if connection.provider != PLAID:
            raise ValidationError("This isn't a Plaid connection.")
        token = decrypt(connection.secret)
    try:
        asked: tuple[str, str] = Plaid().hosted_link(
            user_id=user.pk,
            language=user.locale[:2],
            return_to=return_to,
            access_token=token,
        )
        return asked
    except BankError as error:
        raise ValidationError(str(error), code=error.problem.value) from None


def finish_hosted_link(link_token: str) -> str:
    """The public token of a completed Hosted Link, or "" if incomplete. Raises ValidationError."""
    try:
        return Plaid().finished_link(link_token)
    except BankError as error:
        raise ValidationError(str(error), code=error.problem.value) from None
