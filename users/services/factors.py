"""The second factor: what is recorded when somebody changes theirs."""

from users import audit
from users.models import User


def record_factor_changed(*, user: User, change: str, **what: str) -> None:
    """`change` as in "totp.activated", "recovery_codes.generated", "passkey.added"."""
    audit.record(actor=user, action=f"users.{change}", target=user, **what)
