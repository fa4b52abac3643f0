"""Requests for a second admin: created, approved, rejected, withdrawn or expired.

Invariants: a request has exactly one end, and at most one effect, in the transaction that approves
it; the person who requested it never approves; both admins are in the audit trail. The row's lock
decides between two admins who answer at the same time.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts.models import HeldRate
from accounts.rates import accept_held_rate
from banking.limits import APPROVAL_FOR, OWN_ERASURE_FOR
from insights.exports.erasing import erase_person
from insights.models import Approval
from insights.staff.schedules import apply_schedule
from users.audit import trail
from users.models import User
from users.policy import Ability, may, require
from users.services.factors import reset_factors
from users.services.people import lock_admins
from users.services.second_admin import (
    EDIT_SCHEDULE,
    ERASE_PERSON,
    GRANT_ADMIN,
    RELEASE_RATE,
    RESET_FACTORS,
    with_second_admin,
)
from users.services.staffing import change_person

Status = Approval.Status


def ask(*, actor: User, action: str, target: Model, words: str, params: dict[str, Any]) -> Approval:
    """Store an action for a second admin; an `asker` registered in users.services.second_admin.

    Raises ValidationError if such an action on this object is waiting, or if it concerns the
    actor. The only action that people may request about themselves is their erasure.
    """
    is_own_erasure = action == ERASE_PERSON and target == actor
    if not is_own_erasure:
        require(actor, Ability.MANAGE_USERS)
        if target == actor:
            raise ValidationError("You can't request rights for yourself.")
    now = timezone.now()
    with db_transaction.atomic():
        same = Approval.objects.filter(
            action=action, target_type=target._meta.label_lower, target_id=target.pk
        )
        same.filter(status=Status.WAITING, expires_at__lte=now).update(status=Status.EXPIRED)
        row = Approval(
            action=action,
            target_type=target._meta.label_lower,
            target_id=target.pk,
            words=words[:300],
            params=params,
            requested_by=actor,
            expires_at=now + (OWN_ERASURE_FOR if is_own_erasure else APPROVAL_FOR),
        )
        try:
            with db_transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise ValidationError("This is already waiting for a second admin.") from error
        _record(actor, "insights.approval.requested", row)
    return row


@db_transaction.atomic
def approve(*, actor: User, approval: Approval, at: datetime) -> Approval:
    """Carry the act out. Raises ValidationError if it has ended, or if the actor asked for it or is
    the person it is about; PermissionDenied if the actor is no longer an admin by now.
    """
    row = _locked_for_answer(actor, approval, at, "A second admin has to approve your request.")
    # Whoever answers or asked may lose the role at this moment: what counts is the locked rows.
    is_person = row.target_type == User._meta.label_lower
    people = lock_admins(*filter(None, [actor.pk, row.requested_by_id, row.target_id * is_person]))
    actor = people[actor.pk]
    require(actor, Ability.MANAGE_USERS)
    asker = people.get(row.requested_by_id or 0)
    is_own = asker is not None and _is_about(row, asker)
    if asker is None or not (is_own or may(asker, Ability.MANAGE_USERS)):
        raise ValidationError("The person who requested this is no longer an admin.")
    with with_second_admin(row.action, row.target_type, row.target_id):
        _EFFECTS[row.action](row, actor)
    return _end(row, actor, Status.APPROVED, at)


@db_transaction.atomic
def reject(*, actor: User, approval: Approval, at: datetime) -> Approval:
    """Reject another admin's request. Raises ValidationError if it has ended."""
    row = _locked_for_answer(
        actor, approval, at, "You can't reject your own request. Withdraw it instead."
    )
    return _end(row, actor, Status.REJECTED, at)


@db_transaction.atomic
def withdraw(*, actor: User, approval: Approval, at: datetime) -> Approval:
    """Withdraw one's own request. Raises ValidationError if it has ended."""
    if approval.requested_by_id != actor.pk:
        require(actor, Ability.MANAGE_USERS)
        raise ValidationError("Only the person who requested this can withdraw it.")
    return _end(_locked(approval, at), actor, Status.WITHDRAWN, at)


def waiting_approvals(at: datetime) -> QuerySet[Approval]:
    """Requests that wait for a second admin, oldest first."""
    rows = Approval.objects.filter(status=Status.WAITING, expires_at__gt=at)
    return rows.select_related("requested_by").order_by("pk")


def _locked_for_answer(actor: User, approval: Approval, at: datetime, own: str) -> Approval:
    require(actor, Ability.MANAGE_USERS)
    row = _locked(approval, at)
    if row.requested_by_id == actor.pk:
        raise ValidationError(own)
    if _is_about(row, actor):
        raise ValidationError("Another admin has to decide about you.")
    return row


def _is_about(row: Approval, person: User) -> bool:
    return row.target_type == User._meta.label_lower and row.target_id == person.pk


def _locked(approval: Approval, at: datetime) -> Approval:
    row = Approval.objects.select_for_update(of=("self",)).get(pk=approval.pk)
    if row.status != Status.WAITING:
        raise ValidationError(f"This was already {row.get_status_display().lower()}.")
    if row.expires_at <= at:
        raise ValidationError("This request has expired. Make a new one.")
    return row


def _end(row: Approval, actor: User, status: str, at: datetime) -> Approval:
    row.status, row.decided_by, row.decided_at = status, actor, at
    row.save(update_fields=["status", "decided_by", "decided_at"])
    _record(actor, f"insights.approval.{status}", row, requested_by=row.requested_by_id)
    return row


def _record(actor: User, action: str, row: Approval, **more: Any) -> None:
    # About a person it belongs to their chain, otherwise to that of the admin. What remains of
    # an erased person's chain does not say who decided it.
    is_in_theirs = row.target_type == User._meta.label_lower and row.action != ERASE_PERSON
    owner = row.target_id if is_in_theirs else actor.pk
    trail.record(actor=actor, action=action, target=row, owner_id=owner, act=row.words, **more)


# --- Effects --------------------------------------------------------------------------------------


def _target(row: Approval) -> Any:
    model = apps.get_model(row.target_type)
    found = model._base_manager.filter(pk=row.target_id).first()
    if found is None:
        raise ValidationError("The item this request is about no longer exists.")
    return found


def _grant_admin(row: Approval, actor: User) -> None:
    change_person(actor=actor, user=_target(row), **row.params)


def _release_rate(row: Approval, actor: User) -> None:
    held: HeldRate = _target(row)
    accept_held_rate(actor=actor, held=held)


def _reset_factors(row: Approval, actor: User) -> None:
    reset_factors(actor=actor, user=_target(row))


def _erase_person(row: Approval, actor: User) -> None:
    user: User = _target(row)
    erase_person(actor=actor, user=user, confirmation=user.email, reason=row.params["reason"])


def _edit_schedule(row: Approval, actor: User) -> None:
    apply_schedule(actor=actor, target=_target(row), values=row.params)


_EFFECTS: dict[str, Callable[[Approval, User], None]] = {
    GRANT_ADMIN: _grant_admin,
    RELEASE_RATE: _release_rate,
    RESET_FACTORS: _reset_factors,
    ERASE_PERSON: _erase_person,
    EDIT_SCHEDULE: _edit_schedule,
}
