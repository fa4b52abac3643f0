"""A customer's identity check: requested by the customer, decided by an admin, or taken back.

Every way to a new status is here, and every decision has a reason, an audit event and a mail.
"""

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
# What an admin may decide, as choices.
DECISIONS = [
    (status.value, status.label) for status in (User.KycStatus.VERIFIED, User.KycStatus.REJECTED)
]
_WORDS: dict[str, str] = {
    User.KycStatus.VERIFIED: "Your identity is verified",
    User.KycStatus.REJECTED: "We couldn't verify your identity",
}
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
    reason = _allowed(actor, user, reason)
    locked = lock_user(user.pk)
    if locked.kyc_status != User.KycStatus.PENDING:
        raise ValidationError("There is no open identity check. It may already be decided.")
    status = User.KycStatus.VERIFIED if is_verified else User.KycStatus.REJECTED
    _tell(locked, _WORDS[status], reason, at)
    return _set(locked, status, actor=actor, reason=reason)


@db_transaction.atomic
def revoke_verification(*, actor: User, user: User, reason: str, at: datetime) -> User:
    """Take a verification back, for example after a forged document; the customer gets a mail.

    Raises ValidationError if the person isn't verified, the reason is missing, or it is the
    actor's own.
    """
    reason = _allowed(actor, user, reason)
    locked = lock_user(user.pk)
    if locked.kyc_status != User.KycStatus.VERIFIED:
        raise ValidationError("This person isn't verified.")
    _tell(locked, "Your identity is no longer verified", reason, at)
    return _set(locked, User.KycStatus.REJECTED, actor=actor, reason=reason)


def set_verification(
    *, actor: User, user: User, kyc_status: str, reason: str, at: datetime
) -> User:
    """Decide or revoke, whichever leads from the status of `user` to the wanted one.

    Raises ValidationError as these do, and for a status that only customers can bring about.
    """
    if kyc_status not in _WORDS:
        raise ValidationError({"kyc_status": "You can only verify or reject."})
    if kyc_status == User.KycStatus.REJECTED and user.kyc_status == User.KycStatus.VERIFIED:
        return revoke_verification(actor=actor, user=user, reason=reason, at=at)
    is_verified = kyc_status == User.KycStatus.VERIFIED
    return decide_verification(
        actor=actor, user=user, is_verified=is_verified, reason=reason, at=at
    )


@db_transaction.atomic
def vouch_for_identity(*, user: User) -> User:
    """Verify without a check or a mail, for users we created (demo)."""
    return _set(lock_user(user.pk), User.KycStatus.VERIFIED, actor=None)


def _allowed(actor: User, user: User, reason: str) -> str:
    require(actor, Ability.MANAGE_USERS)
    if actor.pk == user.pk:
        raise ValidationError("You can't verify your own identity.")
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise ValidationError({"reason": "Enter a reason of at most 200 characters."})
    return reason


def last_reason(user: User) -> str:
    """The reason for the last decision; "" if there is none or it was erased."""
    event = AuditEvent.objects.filter(
        target_type=User._meta.label_lower, target_id=user.pk, action=CHANGED
    ).first()
    return str((event.changes or {}).get("reason", "")) if event else ""


def _set(locked: User, status: str, *, actor: User | None, **more: Any) -> User:
    before, locked.kyc_status = locked.kyc_status, status
    locked.save(update_fields=["kyc_status", "updated_at"])
    trail.record(actor=actor, action=CHANGED, target=locked, kyc_status=[before, status], **more)
    return locked


def _tell(user: User, words: str, reason: str, at: datetime) -> None:
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
