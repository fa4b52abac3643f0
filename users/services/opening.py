"""Support opens a customer's record for a stated reason, which the customer can read."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from banking.limits import CUSTOMER_OPEN_FOR
from users.audit import trail
from users.models import AuditEvent, User
from users.policy import Ability, may, require

OPENED = "users.customer.opened"
SHORTEST_REASON = 5
LONGEST_REASON = 120


@db_transaction.atomic
def open_customer(*, actor: User, user: User, reason: str) -> AuditEvent:
    """Record why support opens this record. Raises ValidationError without a usable reason."""
    require(actor, Ability.HELP_PEOPLE)
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise ValidationError(
            {"reason": "Enter a reason of 5 to 120 characters, such as a ticket number."}
        )
    return trail.record(actor=actor, action=OPENED, target=user, reason=reason)


def needs_reason(*, actor: User, user: User, at: datetime) -> bool:
    """Whether this staff member must give a reason before seeing the customer's record.

    Auditors and admins needn't: their role lets them read everything.
    """
    if may(actor, Ability.READ_EVERYTHING):
        return False
    opened = AuditEvent.objects.filter(
        target_type=User._meta.label_lower,
        target_id=user.pk,
        actor=actor,
        action=OPENED,
        created_at__gt=at - CUSTOMER_OPEN_FOR,
    )
    return not opened.exists()
