"""Changes of sign-in methods, with their audit events."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction as db_transaction

from banking.kernel.encryption import renewed
from users.audit import trail
from users.demo import require_own_sign_in
from users.masking import masked_email
from users.models import User


def record_factor_changed(*, user: User, change: str, **what: Any) -> None:
    """`change` as in "totp.activated", "recovery_codes.viewed", "passkey.added"."""
    require_own_sign_in(user)
    trail.record(actor=user, action=f"users.{change}", target=user, **what)


@db_transaction.atomic
def request_email_change(*, user: User, email: str) -> EmailAddress:
    """Replace any pending email change and wait for the link to the new address to be opened.

    Until then the current address stays.
    """
    require_own_sign_in(user)
    EmailAddress.objects.filter(user=user, primary=False, verified=False).delete()
    address = EmailAddress.objects.create(user=user, email=email)
    trail.record(
        actor=user,
        action="users.email.change_requested",
        target=user,
        email=[masked_email(user.email), masked_email(email)],
    )
    return address


def cancel_email_change(user: User) -> dict[str, Any]:
    """Invalidate the link of a pending email change; returns details for the audit event.

    An intruder could have requested the change to get back in later.
    """
    waiting = EmailAddress.objects.filter(user=user, primary=False, verified=False)
    return {"email_change": "cancelled"} if waiting.delete()[0] else {}


def renew_factor_secrets() -> int:
    """Encrypt the secrets of all second factors with the current key; returns how many."""
    ids = list(Authenticator.objects.values_list("pk", flat=True))
    for pk in ids:
        with db_transaction.atomic():
            factor = Authenticator.objects.select_for_update().get(pk=pk)
            factor.data = {
                name: renewed(value) if isinstance(value, str) else value
                for name, value in factor.data.items()
            }
            factor.save(update_fields=["data"])
    return len(ids)
