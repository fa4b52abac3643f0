"""A customer's identity check: requested by the customer, decided by an admin."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction as db_transaction
from django.urls import reverse

from users.audit import trail
from users.messages.outbox import EMAIL, notify
from users.models import AuditEvent, User
from users.policy import Ability, require
from users.services.sessions import lock_user
from users.timezones import local_date

CHANGED = "users.kyc_status.changed"
LONGEST_REASON = 200
_ASKABLE = (User.KycStatus.NOT_STARTED, User.KycStatus.REJECTED)


@db_transaction.atomic
def request_verification(*, actor: User, user: User) -> User:
    """Request one's own identity check. Raises ValidationError if one is pending or done."""
    if actor.pk != user.pk:
        raise PermissionDenied("You can only request your own identity check.")
    locked = lock_user(user.pk)
    if locked.kyc_status not in _ASKABLE:
        raise ValidationError("Your identity check is already under way or done.")
    return _set(locked, User.KycStatus.PENDING, actor=actor)


@db_transaction.atomic
def decide_verification(
    *, actor: User, user: User, is_verified: bool, reason: str, at: datetime
) -> User:
    """Verify or reject a pending check; the customer gets a mail with the reason.

    Raises ValidationError if none is pending, the reason is missing, or it is the actor's own
    check.
    """
    require(actor, Ability.MANAGE_USERS)
    if actor.pk == user.pk:
        raise ValidationError("You can't verify your own identity.")
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise ValidationError({"reason": "Enter a reason of at most 200 characters."})
    locked = lock_user(user.pk)
    if locked.kyc_status != User.KycStatus.PENDING:
        raise ValidationError("This identity check was already decided.")
    status = User.KycStatus.VERIFIED if is_verified else User.KycStatus.REJECTED
    _tell(locked, is_verified, reason, at)
    return _set(locked, status, actor=actor, reason=reason)


def last_reason(user: User) -> str:
    """The reason for the last decision; "" if there is none or it was erased."""
    event = AuditEvent.objects.filter(
        target_type=User._meta.label_lower, target_id=user.pk, action=CHANGED
    ).first()
    return str((event.changes or {}).get("reason", "")) if event else ""


def _set(locked: User, status: str, *, actor: User, **more: Any) -> User:
    before, locked.kyc_status = locked.kyc_status, status
    locked.save(update_fields=["kyc_status", "updated_at"])
    trail.record(actor=actor, action=CHANGED, target=locked, kyc_status=[before, status], **more)
    return locked


def _tell(user: User, is_verified: bool, reason: str, at: datetime) -> None:
    words = "Your identity is verified" if is_verified else "We couldn't verify your identity"
    notify(
        recipient=user,
        kind="identity_check",
        target_key=f"user:{user.pk}:{at:%H%M%S%f}",
        channels=[EMAIL],
        subject=words,
        text=f"{words}. {reason}",
        link=reverse("users:profile"),
        on=local_date(user.timezone, at),
        at=at,
        is_urgent=True,
    )
