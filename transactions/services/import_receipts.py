"""What an import's receipt says beside the net of the lines it added, so that it adds up: the
balance moves by net - `pending_in` + `booked_by`.
"""

from decimal import Decimal

from django.db.models import Sum

from transactions.models import BankLine, ImportBatch, ImportRow, Transaction


def pending_in(batch: ImportBatch) -> Decimal:
    """The signed sum of the added lines that the bank has only announced."""
    added = ImportRow.objects.filter(batch=batch, verdict=ImportRow.Verdict.ADDED, is_pending=True)
    return added.aggregate(total=Sum("signed_amount"))["total"] or Decimal(0)


def booked_by(batch: ImportBatch) -> Decimal:
    """The signed sum of what was pending or planned before, and this file books."""
    lines = BankLine.objects.filter(
        import_batch=batch, after__status=Transaction.Status.POSTED, before__has_key="status"
    )
    amounts = lines.values_list("after", "transaction__signed_amount")
    return sum((Decimal(after.get("signed_amount", now)) for after, now in amounts), Decimal(0))
