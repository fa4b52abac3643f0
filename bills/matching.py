"""Expenses already in the ledger that look like a bill's payment: offered, never applied."""

from datetime import timedelta

from django.db.models import Q

from banking.fields import folded
from bills.models import Bill
from bills.services.paying import NEAR
from transactions.models import Transaction

NEAR_DAYS = 7
MOST = 5
# Words that say nothing about who is paid.
_COMMON = {"the", "and", "inc", "ltd", "llc", "gmbh", "company", "bill", "payment", "service"}


def match_suggestions(bill: Bill) -> list[Transaction]:
    """The owner's expenses within 5 % and 7 days of an open bill that name the biller, nearest
    first; none that has paid a bill."""
    words = _words(bill.biller_name)
    if not bill.is_open or not words:
        return []
    spread = bill.amount_due * NEAR
    named = Q()
    for word in words:
        named |= Q(search_text__contains=word)
    rows = (
        Transaction.objects.filter(
            named,
            user=bill.user_id,
            currency=bill.currency,
            status=Transaction.Status.POSTED,
            signed_amount__gte=-(bill.amount_due + spread),
            signed_amount__lte=-(bill.amount_due - spread),
            txn_date__gte=bill.due_date - timedelta(days=NEAR_DAYS),
            txn_date__lte=bill.due_date + timedelta(days=NEAR_DAYS),
            bill=None,
        )
        .live()
        .select_related("account", "category")
        .order_by("txn_date", "pk")[:50]
    )
    nearest = sorted(
        rows,
        key=lambda row: (
            abs((row.txn_date - bill.due_date).days),
            abs(row.amount - bill.amount_due),
            row.pk,
        ),
    )
    return nearest[:MOST]


def _words(name: str) -> list[str]:
    words = "".join(char if char.isalnum() else " " for char in folded(name)).split()
    telling = [word for word in words if len(word) >= 3 and word not in _COMMON]
    # A name of two letters, or of two signs in a script that needs no more.
    return (telling or words)[:6]
