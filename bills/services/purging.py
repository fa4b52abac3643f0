"""Permanently deletes bills after 30 days in the trash.

The payment of a purged bill stays in the ledger and can be linked to another bill.
"""

from datetime import datetime

from django.db import transaction as db_transaction

from banking.limits import TRASH_FOR
from bills.models import Bill
from users.audit import trail

BILLS_AT_ONCE = 500
MOST_BILLS = 100_000


def purge_trash(*, at: datetime) -> int:
    """Delete bills that have been in the trash for 30 days, in small commits. Returns how many."""
    before, count = at - TRASH_FOR, 0
    while count < MOST_BILLS:
        # Delete the rest of a part payment before its bill.
        old = Bill.objects.filter(deleted_at__lt=before, remainder=None).order_by("pk")
        ids = list(old.values_list("pk", flat=True)[:BILLS_AT_ONCE])
        if not ids:
            break
        count += _purge(ids, before)
    return count


@db_transaction.atomic
def _purge(ids: list[int], before: datetime) -> int:
    """Delete under the bills' locks, so that bills being restored right now are kept."""
    locked = Bill.objects.select_for_update(of=("self",)).order_by("pk")
    gone = list(locked.filter(pk__in=ids, deleted_at__lt=before, remainder_of=None))
    rests = list(locked.filter(pk__in=ids, deleted_at__lt=before, remainder_of__isnull=False))
    # Deleted occurrences mark where their series ended: without them, settling an earlier one would
    # plan the next again.
    ended = Bill.objects.filter(series__in={bill.series for bill in gone})
    ended.exclude(recurrence=Bill.Recurrence.NONE).update(recurrence=Bill.Recurrence.NONE)
    chosen = Bill.objects.filter(pk__in=[bill.pk for bill in (*gone, *rests)])
    count = chosen.delete()[1].get(Bill._meta.label, 0)
    if count:
        trail.record(actor=None, action="bills.trash.purged", count=count)
    return count
