"""Scheduled tasks of the users app."""

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from banking.kernel.waking import publish
from banking.limits import AUDIT_WALK_STEPS
from users.audit.audit_anchor import moved_heads, read_anchors, verify_against
from users.audit.audit_check import as_json
from users.audit.audit_walk import go_on
from users.idempotency import forget_old_commands
from users.messages.outbox import deliver_due
from users.services.sessions import purge_expired

logger = structlog.get_logger(__name__)


@shared_task
def verify_audit_nightly() -> bool:
    """Verify the audit trail against last night's heads, and store tonight's.

    They are stored in settings.AUDIT_ANCHOR and in the log. A fault is logged as an error, for
    monitoring; the file then keeps its old heads.
    """
    path = settings.AUDIT_ANCHOR
    try:
        before = read_anchors(path)
        result = verify_against(path)
    except (OSError, ValueError) as error:
        logger.error("audit_trail_not_checked", reason=str(error))
        return False
    if not result.is_intact:
        logger.error("audit_trail_not_intact", **as_json(result))
        return False
    for heads in moved_heads(before, result.heads):
        logger.info("audit_heads", heads=heads)
    return True


@shared_task
def verify_audit_walk(user_id: int) -> bool:
    """Go on with what a member of staff asked to verify; returns whether it is done."""
    try:
        anchors = read_anchors(settings.AUDIT_ANCHOR)
    except (OSError, ValueError) as error:
        logger.error("audit_anchor_not_read", reason=str(error))
        anchors = {}
    for _ in range(AUDIT_WALK_STEPS):
        if not go_on(user_id=user_id, anchors=anchors, at=timezone.now()):
            return True
    publish(verify_audit_walk, user_id)
    return False


@shared_task
def purge_expired_tokens() -> int:
    """Delete expired tokens, sessions and idempotency keys."""
    now = timezone.now()
    return purge_expired(at=now) + forget_old_commands(at=now)


@shared_task
def deliver_notifications() -> dict[str, int]:
    """Send due messages; several workers may do so at once."""
    return deliver_due(at=timezone.now())
