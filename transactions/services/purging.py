"""Letting go, after 30 days, of what people have thrown away or never finished."""

from datetime import datetime, timedelta

from django.db import transaction as db_transaction
from django.db.models import ProtectedError

from transactions.models import ImportBatch, ImportFile, Transaction
from users import audit

KEPT_FOR = timedelta(days=30)
ROWS_AT_ONCE = 500
MOST_ROWS = 200_000


def purge(*, at: datetime) -> dict[str, int]:
    """Remove trash, unfinished imports and the bytes of finished ones; how many of each."""
    before = at - KEPT_FOR
    return {
        "transactions": _purge_trash(before),
        "imports": _purge_unfinished(before),
        "files": ImportFile.objects.filter(batch__created_at__lt=before).delete()[0],
    }


def _purge_trash(before: datetime) -> int:
    """In small commits, so that nobody waits. A row that something refers to stays."""
    last, count = 0, 0
    while count < MOST_ROWS:
        old = Transaction.objects.filter(deleted_at__lt=before, pk__gt=last).order_by("pk")
        ids = list(old.values_list("pk", flat=True)[:ROWS_AT_ONCE])
        if not ids:
            break
        last = ids[-1]
        count += _delete_trash(ids, before)
    if count:
        audit.record(actor=None, action="transactions.trash.purged", count=count)
    return count


def _delete_trash(ids: list[int], before: datetime) -> int:
    rows = Transaction.objects.filter(pk__in=ids, deleted_at__lt=before)
    try:
        with db_transaction.atomic():
            return rows.delete()[1].get(Transaction._meta.label, 0)
    except ProtectedError:
        if len(ids) == 1:
            return 0
        return sum(_delete_trash([pk], before) for pk in ids)


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
