"""Decides what runs within the request and what a worker does: small jobs at once, large ones
later.

Every function takes the arguments of a view or endpoint. It returns the result, or the change or
import that a worker continues. `tasks` runs in the worker and makes no decisions.
"""

from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import BankConnection, SyncRun
from banking.kernel.waking import wake
from transactions.merchant_groups import MerchantGroup, rows_of
from transactions.models import (
    Category,
    CategoryRule,
    Change,
    ImportBatch,
    Transaction,
    TransactionQuerySet,
)
from transactions.services import import_confirming, importing, long_change_requests
from transactions.services.bulk_editing import Restored, bulk_delete, bulk_edit, bulk_restore
from transactions.services.category_removal import delete_category, rows_in
from transactions.services.rule_applying import apply_rules, count_changes
from transactions.services.syncing import request_sync
from transactions.services.undoing import Undone, undo_change
from transactions.tasks import (
    check_import,
    confirm_import,
    find_imported_transfers,
    run_change,
    sync_bank,
)
from users.models import User


def edit_soon(
    actor: User, rows: TransactionQuerySet, *, at: datetime, **wanted: Any
) -> Change | None:
    """Edit a few rows at once, or many in the worker. Raises ValidationError."""
    if _are_few(rows.filter(user=actor)):
        return bulk_edit(actor=actor, rows=rows, at=at, **wanted)
    return _woken(long_change_requests.begin_edit(actor=actor, rows=rows, **wanted))


def settle_group_soon(
    actor: User, group: MerchantGroup, *, category: Category, at: datetime
) -> Change | None:
    """Categorize all transactions of a merchant's group: a few at once, many in the worker."""
    return edit_soon(actor, rows_of(actor, group), at=at, category=category)


def delete_soon(actor: User, rows: TransactionQuerySet, *, at: datetime) -> Change | None:
    """Delete a few rows at once, or many in the worker. Raises ValidationError."""
    if _are_few(rows.filter(user=actor)):
        return bulk_delete(actor=actor, rows=rows, at=at)
    return _woken(long_change_requests.begin_deletion(actor=actor, rows=rows, at=at))


def apply_soon(actor: User, *, at: datetime, rule: CategoryRule | None = None) -> Change | None:
    """Apply rules at once if few rows change, or else in the worker. Raises ValidationError."""
    live = Transaction.objects.filter(user=actor).live()
    most = settings.CHANGE_INLINE_ROWS
    if _are_few(live) or (
        _are_few(live, settings.CHANGE_INLINE_SCAN)
        and count_changes(actor, rule, most=most) <= most
    ):
        return apply_rules(actor=actor, user=actor, at=at, rule=rule)
    return _woken(long_change_requests.begin_rules(actor=actor, rule=rule))


def restore_soon(actor: User, rows: TransactionQuerySet, *, at: datetime) -> Restored | Change:
    """Restore a few rows from the trash at once, or many in the worker."""
    if _are_few(rows.filter(user=actor)):
        return bulk_restore(actor=actor, rows=rows, at=at)
    return _woken(long_change_requests.begin_restoring(actor=actor, rows=rows))


def remove_category_soon(actor: User, category: Category, **wanted: Any) -> Change | None:
    """Delete a category. Many transactions are moved by the worker. Raises ValidationError."""
    if _are_few(rows_in(category)):
        return delete_category(actor=actor, category=category, **wanted)
    return _woken(
        long_change_requests.begin_category_removal(actor=actor, category=category, **wanted)
    )


def sync_soon(
    actor: User | None, connection: BankConnection, *, trigger: str, at: datetime
) -> SyncRun:
    """Have the worker sync a bank connection; the run shows the outcome. Raises ValidationError."""
    run = request_sync(actor=actor, connection=connection, trigger=trigger, at=at)
    wake(sync_bank, connection.pk)
    return run


def undo_soon(actor: User, change: Change, *, at: datetime) -> Undone | None:
    """Undo a change; returns None if the worker does it. Raises ValidationError."""
    is_begun = change.status == Change.Status.UNDO_FAILED
    if change.row_count <= settings.CHANGE_INLINE_ROWS and not is_begun:
        return undo_change(actor=actor, change=change, at=at)
    _woken(long_change_requests.begin_undo(actor=actor, change=change, at=at))
    return None


def wake_change(actor: User, change: Change, *, at: datetime) -> None:
    """Restart a stuck change: its message was lost, the worker died or it failed. Raises
    ValidationError.
    """
    if change.is_failed:
        change = long_change_requests.retry_change(actor=actor, change=change, at=at)
    if change.is_unfinished:
        wake(run_change, change.pk)


def _woken(change: Change) -> Change:
    wake(run_change, change.pk)
    return change


def _are_few(rows: TransactionQuerySet, most: int | None = None) -> bool:
    """Whether there are few rows. Stops counting at the limit."""
    most = settings.CHANGE_INLINE_ROWS if most is None else most
    return rows.order_by().values("pk")[: most + 1].count() <= most


def check_soon(batch: ImportBatch) -> ImportBatch:
    """Check a small file at once, or a large one in the worker."""
    if batch.needs_answer:
        return batch
    if is_small(batch):
        return importing.check_import(batch_id=batch.pk)
    wake(check_import, batch.pk)
    return batch


def confirm_soon(actor: User, batch: ImportBatch, *, at: datetime) -> ImportBatch:
    """Confirm a small file at once, or a large one in the worker. Raises ValidationError."""
    if is_small(batch):
        batch = import_confirming.confirm_import(actor=actor, batch_id=batch.pk, at=at)
        wake(find_imported_transfers, batch.pk)
        return batch
    batch = import_confirming.request_confirmation(actor=actor, batch=batch)
    if not batch.is_confirmed:
        wake(confirm_import, batch.pk)
    return batch


def check_group_soon(batch: ImportBatch) -> list[ImportBatch]:
    """Run `check_soon` for all imports of one upload."""
    return [check_soon(part) for part in ImportBatch.objects.together_with(batch)]


def confirm_group_soon(actor: User, batch: ImportBatch, *, at: datetime) -> list[ImportBatch]:
    """Confirm all imports of one upload: a small file at once, a large one in the worker."""
    if is_small(batch):
        together = import_confirming.confirm_group(actor=actor, batch=batch, at=at)
        wake(find_imported_transfers, batch.pk)
        return together
    together = import_confirming.request_group_confirmation(actor=actor, batch=batch)
    for part in together:
        if not part.is_confirmed:
            wake(confirm_import, part.pk)
    return together


def is_small(batch: ImportBatch) -> bool:
    """Whether the file is small enough to be read within a request."""
    return batch.file_size <= settings.IMPORT_INLINE_BYTES
