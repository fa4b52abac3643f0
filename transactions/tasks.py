"""Work away from the request. Each task takes ids, calls one service, and is safe to repeat."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.db import transaction as db_transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    CategoryRule,
    Change,
    ImportBatch,
    Transaction,
    TransactionQuerySet,
)
from transactions.services import import_confirming, importing, long_change_requests, long_changes
from transactions.services.bulk_editing import Restored, bulk_delete, bulk_edit, bulk_restore
from transactions.services.categories import delete_category
from transactions.services.import_progress import is_silent
from transactions.services.purging import purge
from transactions.services.rule_applying import apply_rules, count_changes
from transactions.services.transfers import suggest_transfers
from transactions.services.undoing import Undone, undo_change
from users.models import User

logger = logging.getLogger(__name__)

# A batch that has waited this long for a worker is taken up by the sweep.
OVERDUE = timedelta(minutes=2)
GIVEN_UP = timedelta(hours=6)
SWEEP_LIMIT = 5
# A worker that has not moved a large change for this long has died.
SILENT_FOR = timedelta(seconds=60)
STEPS_AT_ONCE = 300
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
        after=now - GIVEN_UP, before=now - OVERDUE, limit=SWEEP_LIMIT
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
    importing.give_up_batches(before=now - GIVEN_UP)
    return count


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
    for _ in range(STEPS_AT_ONCE):
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


def edit_soon(
    actor: User, rows: TransactionQuerySet, *, at: datetime, **wanted: Any
) -> Change | None:
    """Edit a few rows at once, very many in the worker. Raises ValidationError."""
    if _are_few(rows.filter(user=actor)):
        return bulk_edit(actor=actor, rows=rows, at=at, **wanted)
    return _woken(long_change_requests.begin_edit(actor=actor, rows=rows, **wanted))


def delete_soon(actor: User, rows: TransactionQuerySet, *, at: datetime) -> Change | None:
    """Delete a few rows at once, very many in the worker. Raises ValidationError."""
    if _are_few(rows.filter(user=actor)):
        return bulk_delete(actor=actor, rows=rows, at=at)
    return _woken(long_change_requests.begin_deletion(actor=actor, rows=rows, at=at))


def apply_soon(actor: User, *, at: datetime, rule: CategoryRule | None = None) -> Change | None:
    """Apply rules: at once where few rows change, else in the worker. Raises ValidationError."""
    live = Transaction.objects.filter(user=actor).live()
    most = settings.CHANGE_INLINE_ROWS
    if _are_few(live) or (
        _are_few(live, settings.CHANGE_INLINE_SCAN)
        and count_changes(actor, rule, most=most) <= most
    ):
        return apply_rules(actor=actor, user=actor, at=at, rule=rule)
    return _woken(long_change_requests.begin_rules(actor=actor, rule=rule))


def restore_soon(actor: User, rows: TransactionQuerySet, *, at: datetime) -> Restored | Change:
    """Take a few rows out of the trash at once, very many in the worker."""
    if _are_few(rows.filter(user=actor)):
        return bulk_restore(actor=actor, rows=rows, at=at)
    return _woken(long_change_requests.begin_restoring(actor=actor, rows=rows))


def remove_category_soon(actor: User, category: Category, **wanted: Any) -> int | Change:
    """Take a category away; very many transactions move in the worker. Raises ValidationError."""
    if _are_few(long_changes.rows_in(category)):
        return delete_category(actor=actor, category=category, **wanted)
    return _woken(
        long_change_requests.begin_category_removal(actor=actor, category=category, **wanted)
    )


def undo_soon(actor: User, change: Change, *, at: datetime) -> Undone | None:
    """Undo a change; None where the worker is to do it. Raises ValidationError."""
    is_begun = change.status == Change.Status.UNDO_FAILED
    if change.row_count <= settings.CHANGE_INLINE_ROWS and not is_begun:
        return undo_change(actor=actor, change=change, at=at)
    _woken(long_change_requests.begin_undo(actor=actor, change=change, at=at))
    return None


def wake_change(actor: User, change: Change, *, at: datetime) -> None:
    """Ask the worker again: its message was lost, it died, or failed. Raises ValidationError."""
    if change.is_failed:
        change = long_change_requests.retry_change(actor=actor, change=change, at=at)
    if change.is_unfinished:
        wake(run_change, change.pk)


def _woken(change: Change) -> Change:
    wake(run_change, change.pk)
    return change


def _are_few(rows: TransactionQuerySet, most: int | None = None) -> bool:
    """Counted no further than it matters."""
    most = settings.CHANGE_INLINE_ROWS if most is None else most
    return rows.order_by().values("pk")[: most + 1].count() <= most


def check_soon(batch: ImportBatch) -> ImportBatch:
    """Check a small file at once, a large one in the worker."""
    if batch.needs_mapping:
        return batch
    if is_small(batch):
        return importing.check_import(batch_id=batch.pk)
    wake(check_import, batch.pk)
    return batch


def confirm_soon(actor: User, batch: ImportBatch, *, at: datetime) -> ImportBatch:
    """Confirm a small file at once, a large one in the worker. Raises ValidationError."""
    if is_small(batch):
        batch = import_confirming.confirm_import(actor=actor, batch_id=batch.pk, at=at)
        wake(find_transfers, batch.user_id)
        return batch
    batch = import_confirming.request_confirmation(actor=actor, batch=batch)
    if not batch.is_confirmed:
        wake(confirm_import, batch.pk)
    return batch


def is_small(batch: ImportBatch) -> bool:
    """Whether the file is read within a request."""
    return batch.file_size <= settings.IMPORT_INLINE_BYTES


def wake(task: Task, pk: int) -> None:
    """Publish after the commit. A broker that is away leaves the batch to the sweeps."""
    db_transaction.on_commit(partial(_publish, task, pk), robust=True)


def _publish(task: Task, pk: int) -> None:
    try:
        task.delay(pk)
    except (BrokerError, RedisError, OSError):
        logger.warning("work_waits_for_broker", extra={"task": task.name, "id": pk})
