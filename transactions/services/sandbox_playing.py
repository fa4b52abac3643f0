"""Control the sandbox bank over HTTP, like any other bank."""

from django.core.exceptions import ValidationError

from accounts.models import BankConnection
from banking.kernel.encryption import decrypt
from transactions.sources.banks.connecting import BankError
from transactions.sources.banks.sandbox import SandboxBankConnector
from users.audit import trail
from users.models import User

ACTIONS = ("post", "pending", "settle", "revise", "remove", "break", "mend", "down", "up")
_DETAILS = {
    "post": {"description": "CARD 4471 CORNER BAKERY", "amount": "-6.40"},
    "pending": {
        "description": "CARD 4471 HOTEL SEA VIEW", "amount": "-184.00", "account": "card",
    },
    "settle": {"amount": "-191.50"},
    "revise": {"amount": "-7.10"},
}  # fmt: skip


def play(*, actor: User, connection: BankConnection, action: str) -> None:
    """Make the bank perform one of ACTIONS. Raises ValidationError."""
    if action not in ACTIONS:
        raise ValidationError("The sandbox bank doesn't know how to do that.")
    try:
        SandboxBankConnector().control(
            decrypt(connection.secret), action, **_DETAILS.get(action, {})
        )
    except BankError as error:
        raise ValidationError(str(error)) from None
    trail.record(
        actor=actor, action="transactions.connection.played", target=connection, did=action
    )


def sign_in(connection: BankConnection) -> None:
    """Sign in to the sandbox bank again. Raises ValidationError."""
    try:
        SandboxBankConnector().sign_in(decrypt(connection.secret))
    except BankError as error:
        raise ValidationError(str(error)) from None
