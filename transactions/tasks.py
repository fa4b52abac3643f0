"""Background tasks. Each takes IDs, calls one service, and is safe to repeat."""

import logging
from datetime import timedelta

from celery import shared_task
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.utils import timezone

from banking.kernel.waking import wake
from banking.limits import (
    CHANGE_STEPS_A_TASK,
    CONVERTED_MONTHS_A_RUN,
    IMPORT_OVERDUE_AFTER,
    SILENT_FOR,
    SWEEP_LIMIT,
    SYNCS_AT_ONCE,
    WORK_GIVEN_UP_AFTER,
)
from transactions.models import ImportBatch
from transactions.services import import_confirming, importing, long_changes
from transactions.services.connecting import end_accesses
from transactions.services.converting import convert_open_months
from transactions.services.import_progress import is_silent
from transactions.services.posting_planned import post_planned
from transactions.services.purging import purge
from transactions.services.syncing import due_connections, sync_if_waiting
from transactions.services.transfer_search import WINDOW
from transactions.services.transfers import suggest_transfers
from users.models import User

logger = logging.getLogger(__name__)

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
    """Check the import if necessary, then post what is new."""
    _confirm(batch_id)


@shared_task
def resume_imports() -> int:
    """Restart imports whose message was lost or whose worker died. Returns how many."""
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
    """Post planned transactions that are due in their owner's time zone."""
    return post_planned(at=timezone.now())


@shared_task(**_RETRY)
def find_transfers(user_id: int) -> int:
    """Look for transfers among recently added transactions. Returns how many are new."""
    user = User.objects.get(pk=user_id)
    return suggest_transfers(user=user, since=timezone.now().date() - TRANSFERS_WITHIN)


@shared_task(**_RETRY)
def find_imported_transfers(batch_id: int) -> int:
    """Look for transfers among the lines of an upload, however old. Returns how many are new."""
    batch = importing.batch_with_account(batch_id)
    first = importing.first_day(ImportBatch.objects.together_with(batch))
    since = timezone.now().date() - TRANSFERS_WITHIN
    return suggest_transfers(user=batch.user, since=min(since, first - WINDOW) if first else since)


def _confirm(batch_id: int) -> None:
    """Problems the owner must fix are stored on the batch and do not fail the task."""
    batch = importing.batch_with_account(batch_id)
    try:
        import_confirming.confirm_import(actor=batch.user, batch_id=batch_id, at=timezone.now())
        wake(find_imported_transfers, batch_id)
    except ValidationError as error:
        importing.note_failure(batch_id=batch_id, error=error)


@shared_task(**_RETRY)
def sync_bank(connection_id: int) -> None:
    """Sync one bank connection. Errors from the bank are shown to its owner and do not fail the
    task. Repeated calls for one request sync once.
    """
    # Again, because a task for what is requested meanwhile finds the connection taken.
    while run := sync_if_waiting(connection_id=connection_id, at=timezone.now()):
        if run.added_count:
            find_transfers(run.connection.user_id)


@shared_task
def sync_due_banks() -> int:
    """Queue a sync for each connection that is due, longest waiting first."""
    due = due_connections(timezone.now(), limit=SYNCS_AT_ONCE)
    for connection_id in due:
        wake(sync_bank, connection_id)
    return len(due)


@shared_task
def end_bank_accesses() -> int:
    """Revoke the access of connections that can no longer be restored. Returns how many."""
    return end_accesses(at=timezone.now())


@shared_task(**_RETRY)
def convert_months() -> int:
    """Add up months of foreign accounts that postings or new rates have changed. Returns how many.

    Stops well before the task's time limit; the next run continues.
    """
    return convert_open_months(limit=CONVERTED_MONTHS_A_RUN)


@shared_task
def purge_expired() -> dict[str, int]:
    """Delete trash older than 30 days and old uploads."""
    return purge(at=timezone.now())


@shared_task(**_RETRY)
def run_change(change_id: int) -> None:
    """Continue a large change, or its undo, step by step until it is done."""
    work = long_changes.LongChange(change_id)
    for _ in range(CHANGE_STEPS_A_TASK):
        if not work.step(at=timezone.now()):
            return
    # Well before the task's time limit, so that other tasks get a turn.
    wake(run_change, change_id)


@shared_task
def resume_changes() -> int:
    """Restart large changes whose message was lost or whose worker died. Returns how many."""
    now = timezone.now()
    long_changes.give_up_changes(before=now - SILENT_FOR)
    waiting = long_changes.claim_waiting(before=now - SILENT_FOR, at=now, limit=SWEEP_LIMIT)
    for change_id in waiting:
        _try(change_id)
    return len(waiting)


def _try(change_id: int) -> None:
    """Log a failure as an error and leave it for the next attempt; the others continue."""
    try:
        run_change(change_id)
    except Exception:
        logger.exception("change_attempt_failed", extra={"change": change_id})
