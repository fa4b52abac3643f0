"""What an import's receipt says beside the net of the lines it added, so that it adds up: the
balance moves by net - `pending_in` + `booked_by`.
"""

from decimal import Decimal

from django.db.models import Sum

from banking.kernel.written_once import Asked, WrittenOnce
from transactions.models import BankLine, ImportBatch, ImportRow, Transaction

_PENDING = WrittenOnce(
    lambda batch_id: (
        ImportRow.objects.filter(
            batch_id=batch_id, verdict=ImportRow.Verdict.ADDED, is_pending=True
        )
        .order_by()
        .values("batch")
        .annotate(total=Sum("signed_amount"))
        .values_list("total", flat=True)
    )
)


def asking_pending_in(batch: ImportBatch) -> Asked:
    """What `pending_in` reads."""
    return _PENDING.asking(batch.pk)


def pending_in(batch: ImportBatch) -> Decimal:
    """The signed sum of the added lines that the bank has only announced."""
    return sum(_PENDING.rows(batch.pk), Decimal(0))


def booked_by(batch: ImportBatch) -> Decimal:
    """The signed sum of what was pending or planned before, and this file books."""
    lines = BankLine.objects.filter(
        import_batch=batch, after__status=Transaction.Status.POSTED, before__has_key="status"
    )
    amounts = lines.values_list("after", "transaction__signed_amount")
    return sum((Decimal(after.get("signed_amount", now)) for after, now in amounts), Decimal(0))
