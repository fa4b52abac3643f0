"""Asking for a person's erasure: by themselves, or by an admin for a stated reason.

With FOUR_EYES on, both wait for an admin who is neither the one who asked nor the person.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import QuerySet
from django.urls import reverse

from insights.exports.erasing import erase_person, require_erasable
from insights.models import Approval
from insights.staff.approving import withdraw
from users.messages.outbox import EMAIL, notify
from users.models import User
from users.policy import Ability, require
from users.services.second_admin import ERASE_PERSON, ask_second_admin, is_needed
from users.timezones import local_date

OWN_WISH = "own_wish"
# Fixed, because they stay in the audit trail, which may hold nothing about an erased person.
REASONS = {
    "customer_asked": "The customer asked us to",
    "customer_died": "The customer died",
    "opened_by_mistake": "The account was opened by mistake",
    "legal_duty": "The law requires it",
}


@db_transaction.atomic
def erase_or_ask(
    *, actor: User, user: User, confirmation: str, at: datetime, reason: str = OWN_WISH
) -> bool:
    """Erase the person, or let it wait for an admin (FOUR_EYES); returns whether it is done.

    Raises ValidationError if the typed address differs, if an admin gives no reason of REASONS, if
    a request is waiting, or if no admin would be left.
    """
    is_own = actor.pk == user.pk
    if not is_own:
        require(actor, Ability.MANAGE_USERS)
        if reason not in REASONS:
            raise ValidationError({"reason": "Choose a reason."})
    if not is_needed():
        # A request from when two admins were needed is settled by this.
        _requests_for(user).filter(status=Approval.Status.WAITING).update(
            status=Approval.Status.EXPIRED
        )
        erase_person(actor=actor, user=user, confirmation=confirmation, reason=reason)
        return True
    require_erasable(user, confirmation)
    ask_second_admin(
        actor=actor,
        action=ERASE_PERSON,
        target=user,
        words=f"Erase user {user.pk} ({REASONS.get(reason, 'their own wish')})",
        params={"reason": reason},
    )
    if not is_own:
        _tell(user, at)
    return False


def waiting_erasure(user: User, at: datetime) -> Approval | None:
    """The request to erase this person that waits, whoever asked; registered in users.erasure."""
    return _requests_for(user).filter(status=Approval.Status.WAITING, expires_at__gt=at).first()


def withdraw_own_erasure(*, user: User, at: datetime) -> None:
    """Withdraw one's own request; registered in users.erasure."""
    row = waiting_erasure(user, at)
    if row is None or row.requested_by_id != user.pk:
        raise ValidationError("You haven't asked to delete your account.")
    withdraw(actor=user, approval=row, at=at)


def _requests_for(user: User) -> QuerySet[Approval]:
    return Approval.objects.filter(
        action=ERASE_PERSON, target_type=User._meta.label_lower, target_id=user.pk
    )


def _tell(user: User, at: datetime) -> None:
    notify(
        recipient=user,
        kind="erasure_requested",
        target_key=f"user:{user.pk}:{at:%H%M%S%f}",
        channels=[EMAIL],
        subject="We're going to delete your account",
        text="Our staff asked to delete your account and everything in it. A second person checks"
        " this first. If it is a mistake, please contact us now.",
        link=reverse("users:privacy"),
        on=local_date(user.timezone, at),
        at=at,
        is_urgent=True,
    )
