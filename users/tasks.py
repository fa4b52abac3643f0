"""Scheduled work of the users app."""

import structlog
from celery import shared_task
from django.utils import timezone

from users.audit_check import as_json, verify
from users.idempotency import forget_old_commands
from users.notifications import deliver_due
from users.services.sessions import purge_expired

logger = structlog.get_logger(__name__)


@shared_task
def verify_audit_nightly() -> bool:
    """Walk the audit trail; a fault is an error in the log, where monitoring sees it."""
    result = verify()
    if not result.is_intact:
        logger.error("audit_trail_not_intact", **as_json(result))
    return result.is_intact


@shared_task
def purge_expired_tokens() -> int:
    """Remove tokens, sessions and idempotency keys that have served their time."""
    now = timezone.now()
    return purge_expired(at=now) + forget_old_commands(at=now)


@shared_task
def deliver_notifications() -> dict[str, int]:
    """Send the messages that are due; several workers may do so at once."""
    return deliver_due(at=timezone.now())
