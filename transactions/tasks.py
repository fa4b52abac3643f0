"""Work away from the request. Each task takes ids, calls one service, and is safe to repeat."""

import logging
from datetime import timedelta

from celery import shared_task
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.utils import timezone

from banking.kernel.waking import wake
from banking.limits import (
    CHANGE_STEPS_A_TASK,
    IMPORT_OVERDUE_AFTER,
    SILENT_FOR,
    SWEEP_LIMIT,
    WORK_GIVEN_UP_AFTER,
)
from transactions.ledger_check import check_ledger
from transactions.services import import_confirming, importing, long_changes
from transactions.services.connecting import end_accesses
from transactions.services.import_progress import is_silent
from transactions.services.posting_planned import post_planned
from transactions.services.purging import purge
from transactions.services.syncing import due_connections, sync_connection
from transactions.services.transfers import suggest_transfers
from users.models import User

logger = logging.getLogger(__name__)

DUE_BANKS_AT_ONCE = 200
TRANSFERS_WITHIN = timedelta(days=400)
_RETRY = {
    "autoretry_for": (OperationalError,),
    "retry_backoff": 2,
    "retry_backoff_max": 60,
    "max_retries": 5,
}


@shared_task(**_RETRY)
def check_import(batch_id: int) -> None:
    """Read an uploaded file and give each row its verdict."""
    importing.check_import(batch_id=batch_id)


@shared_task(**_RETRY)
def confirm_import(batch_id: int) -> None:
    """Check if need be, and post what is new."""
    _confirm(batch_id)


@shared_task
def resume_imports() -> int:
    """Take up imports whose message was lost or whose worker died; returns how many."""
    now = timezone.now()
    waiting = importing.waiting_batches(
        after=now - WORK_GIVEN_UP_AFTER, before=now - IMPORT_OVERDUE_AFTER, limit=SWEEP_LIMIT
    )
    count = 0
    for batch in waiting:
        if not is_silent(batch.pk, at=now):
            continue
        count += 1
        if batch.status == batch.Status.IMPORTING:
            _confirm(batch.pk)
        else:
            importing.check_import(batch_id=batch.pk)
    importing.give_up_batches(before=now - WORK_GIVEN_UP_AFTER)
    return count


@shared_task(**_RETRY)
def post_planned_transactions() -> dict[str, int]:
    """Post what was planned for a day that has come, in each owner's own calendar."""
    return post_planned(at=timezone.now())


@shared_task(**_RETRY)
def find_transfers(user_id: int) -> int:
    """Look for pairs that are one movement, after rows have come in; returns how many are new."""
    user = User.objects.get(pk=user_id)
    return suggest_transfers(user=user, since=timezone.now().date() - TRANSFERS_WITHIN)


def _confirm(batch_id: int) -> None:
    """What the owner must mend is shown to them on the batch, and is no failure of the task."""
    batch = importing.batch_with_account(batch_id)
    try:
        import_confirming.confirm_import(actor=batch.user, batch_id=batch_id, at=timezone.now())
        wake(find_transfers, batch.user_id)
    except ValidationError as error:
        importing.note_failure(batch_id=batch_id, sentence=" ".join(error.messages))


@shared_task(**_RETRY)
def sync_bank(connection_id: int) -> None:
    """Ask one bank for news; what it refuses is shown to its owner, and is no failure here."""
    run = sync_connection(connection_id=connection_id, at=timezone.now())
    if run is not None and run.added_count:
        find_transfers(run.connection.user_id)


@shared_task
def sync_due_banks() -> int:
    """Hand the connections whose time has come to the workers, the longest waiting first."""
    due = due_connections(timezone.now(), limit=DUE_BANKS_AT_ONCE)
    for connection_id in due:
        wake(sync_bank, connection_id)
    return len(due)


@shared_task
def end_bank_accesses() -> int:
    """End the access of connections that can no longer be taken back; returns how many."""
    return end_accesses(at=timezone.now())


@shared_task
def check_ledger_nightly() -> bool:
    """Prove balances and totals against the rows; a violation is an error in the log."""
    report = check_ledger()
    if not report.is_clean:
        logger.error("ledger_violations", extra={"violations": report.violation_count})
    return report.is_clean


@shared_task
def purge_expired() -> dict[str, int]:
    """Empty the trash of what has been there for 30 days, and let go of old uploads."""
    return purge(at=timezone.now())


@shared_task(**_RETRY)
def run_change(change_id: int) -> None:
    """Carry on a large change, or its undoing, step by step to its end."""
    work = long_changes.LongChange(change_id)
    for _ in range(CHANGE_STEPS_A_TASK):
        if not work.step(at=timezone.now()):
            return
    # Long before the time limit of a task, so that others get their turn.
    wake(run_change, change_id)


@shared_task
def resume_changes() -> int:
    """Take up large changes whose message was lost or whose worker died; returns how many."""
    now = timezone.now()
    long_changes.give_up_changes(before=now - SILENT_FOR)
    waiting = long_changes.claim_waiting(before=now - SILENT_FOR, at=now, limit=SWEEP_LIMIT)
    for change_id in waiting:
        _try(change_id)
    return len(waiting)


def _try(change_id: int) -> None:
    """One that fails is an error in the log, and waits for its next attempt; the others go on."""
    try:
        run_change(change_id)
    except Exception:
        logger.exception("change_attempt_failed", extra={"change": change_id})
