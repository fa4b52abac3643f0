"""Changes of sign-in methods, with their audit events."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from banking.kernel.encryption import renewed
from users.audit import trail
from users.demo import require_own_sign_in
from users.masking import masked_email
from users.models import User
from users.policy import Ability, require
from users.services.second_admin import RESET_FACTORS, require_second_admin


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
    return {"email_change": "canceled"} if waiting.delete()[0] else {}


@db_transaction.atomic
def reset_factors(*, actor: User, user: User) -> int:
    """Remove a person's second factors and end their sessions, for someone who lost theirs.

    Admins only, never their own. Raises ValidationError without a second admin where one is
    required. Returns how many were removed.
    """
    require(actor, Ability.MANAGE_USERS)
    if actor.pk == user.pk:
        raise ValidationError("You can't reset your own second factor here.")
    require_second_admin(RESET_FACTORS, user)
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    count, _ = Authenticator.objects.filter(user=locked).delete()
    if not count:
        raise ValidationError("This person has no second factor.")
    trail.record(actor=actor, action="users.factors.reset", target=locked, count=count)
    return int(count)


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
