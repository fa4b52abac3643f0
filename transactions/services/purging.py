"""Delete data for good that people discarded or never finished, after 30 days."""

from datetime import datetime

from django.db import transaction as db_transaction
from django.db.models import Exists, OuterRef, ProtectedError, Q

from accounts.models import SyncRun
from accounts.services import lock_accounts
from banking.limits import SYNC_RUNS_FOR, TRASH_FOR
from transactions.models import (
    Change,
    ChangePlan,
    ChangeRow,
    ImportBatch,
    ImportFile,
    ReferenceChange,
    Transaction,
    TransactionQuerySet,
    Transfer,
)
from users.audit import trail

Status = Change.Status
ROWS_AT_ONCE = 500
MOST_ROWS = 200_000
MOST_CHANGES = 1_000


def purge(*, at: datetime) -> dict[str, int]:
    """Purge trash, undo data of old changes, unfinished imports, stored files and old syncs.
    Returns how many.
    """
    before = at - TRASH_FOR
    return {
        "transactions": _purge_trash(before),
        "changes": _purge_changes(before),
        "imports": _purge_unfinished(before),
        "files": ImportFile.objects.filter(batch__created_at__lt=before).delete()[0],
        "syncs": _purge_syncs(at - SYNC_RUNS_FOR),
    }


def _purge_syncs(before: datetime) -> int:
    """Delete old syncs in small commits, except the latest of each connection."""
    later = SyncRun.objects.filter(connection=OuterRef("connection"), pk__gt=OuterRef("pk"))
    ended = (SyncRun.Status.DONE, SyncRun.Status.FAILED)
    old = SyncRun.objects.filter(Exists(later), created_at__lt=before, status__in=ended)
    count = 0
    while ids := list(old.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        count += SyncRun.objects.filter(pk__in=ids).delete()[0]
    return count


def _purge_trash(before: datetime) -> int:
    """Delete in small commits, so that nobody waits. Rows that are still referenced stay."""
    last, count = 0, 0
    while count < MOST_ROWS:
        old = Transaction.objects.filter(deleted_at__lt=before, pk__gt=last).order_by("pk")
        ids = list(old.values_list("pk", flat=True)[:ROWS_AT_ONCE])
        if not ids:
            break
        last = ids[-1]
        count += _delete_trash(ids, before)
    return count


def _delete_trash(ids: list[int], before: datetime) -> int:
    try:
        with db_transaction.atomic():
            return _delete_locked(Transaction.objects.filter(pk__in=ids), before)
    except ProtectedError:
        if len(ids) == 1:
            return 0
        return sum(_delete_trash([pk], before) for pk in ids)


def _delete_locked(chosen: TransactionQuerySet, before: datetime) -> int:
    """Delete with the accounts locked. Rows that are being restored, or will be, stay."""
    lock_accounts(chosen.order_by().values_list("account_id", flat=True).distinct())
    coming_back = ChangeRow.objects.filter(change__status__in=[Status.UNDOING, Status.UNDO_FAILED])
    rows = chosen.filter(deleted_at__lt=before).exclude(pk__in=coming_back.values("transaction"))
    restoring = ChangePlan.objects.filter(change__kind=Change.Kind.RESTORE)
    rows = rows.exclude(user__in=restoring.values("change__user"))
    # A pair without one of its sides has no meaning any more.
    either = Q(outflow_transaction__in=rows) | Q(inflow_transaction__in=rows)
    Transfer.objects.filter(either).delete()
    count = rows.delete()[1].get(Transaction._meta.label, 0)
    if count:
        trail.record(actor=None, action="transactions.trash.purged", count=count)
    return count


def _purge_changes(before: datetime) -> int:
    """Delete the rows that would undo old changes. The changes themselves stay as a record."""
    ended = Q(status__in=[Status.DONE, Status.FAILED], created_at__lt=before)
    # A half-finished undo gets the same time again for retries.
    ended |= Q(status=Status.UNDO_FAILED, updated_at__lt=before)
    old = Change.objects.filter(ended)
    kept = old.filter(Exists(ChangeRow.objects.filter(change=OuterRef("pk"))))
    kept |= old.filter(Exists(ReferenceChange.objects.filter(change=OuterRef("pk"))))
    plans = ChangePlan.objects.filter(change__status=Status.FAILED, change__created_at__lt=before)
    # An unfinished category deletion must be able to continue.
    plans.exclude(change__kind=Change.Kind.CATEGORY).delete()
    count = 0
    for pk in list(kept.order_by("pk").values_list("pk", flat=True)[:MOST_CHANGES]):
        count += ChangeRow.objects.filter(change=pk).delete()[0]
        count += ReferenceChange.objects.filter(change=pk).delete()[0]
    return count


def _purge_unfinished(before: datetime) -> int:
    old = ImportBatch.objects.filter(confirmed_at=None, updated_at__lt=before)
    count = 0
    for pk in list(old.values_list("pk", flat=True)[:1000]):
        with db_transaction.atomic():
            count += (
                ImportBatch.objects.filter(pk=pk, confirmed_at=None)
                .delete()[1]
                .get(ImportBatch._meta.label, 0)
            )
    return count
