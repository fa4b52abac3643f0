"""What is recorded when somebody changes how they sign in, or looks at what they sign in with."""

from users import audit
from users.masking import masked_email
from users.models import User


def record_factor_changed(*, user: User, change: str, **what: str) -> None:
    """`change` as in "totp.activated", "recovery_codes.viewed", "passkey.added"."""
    audit.record(actor=user, action=f"users.{change}", target=user, **what)


def record_email_change_requested(*, user: User, email: str) -> None:
    """A link went to the new address; until it is opened the old one counts."""
    audit.record(
        actor=user,
        action="users.email.change_requested",
        target=user,
        email=[masked_email(user.email), masked_email(email)],
    )
