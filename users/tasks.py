"""Scheduled work of the users app."""

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from users.audit.audit_anchor import moved_heads, read_anchors, verify_against
from users.audit.audit_check import as_json
from users.idempotency import forget_old_commands
from users.messages.outbox import deliver_due
from users.services.sessions import purge_expired

logger = structlog.get_logger(__name__)


@shared_task
def verify_audit_nightly() -> bool:
    """Walk the audit trail against the heads of last night, and witness tonight's.

    They go into settings.AUDIT_ANCHOR and into the log. A fault is an error in the log, where
    monitoring sees it; the file then keeps what it remembers.
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
def purge_expired_tokens() -> int:
    """Remove tokens, sessions and idempotency keys that have served their time."""
    now = timezone.now()
    return purge_expired(at=now) + forget_old_commands(at=now)


@shared_task
def deliver_notifications() -> dict[str, int]:
    """Send the messages that are due; several workers may do so at once."""
    return deliver_due(at=timezone.now())
