"""Expenses in the ledger that look like a bill's payment: suggested, never applied."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Exists, Q

from banking.kernel.fields import folded
from bills.models import Bill
from bills.services.paying import NEAR
from transactions.models import Transaction, TransactionQuerySet
from users.models import User

NEAR_DAYS = 7
MOST = 5
# Words that do not identify a payee.
_COMMON = {"the", "and", "inc", "ltd", "llc", "gmbh", "company", "bill", "payment", "service"}


def match_suggestions(bill: Bill) -> list[Transaction]:
    """The owner's expenses that name the payee, within 5% and 7 days of an open bill, nearest
    first.

    Excludes expenses that already paid a bill.
    """
    looks_alike = _looks_like(bill)
    if not bill.is_open or looks_alike is None:
        return []
    rows = _expenses(bill.user_id).filter(looks_alike).select_related("account", "category")
    nearest = sorted(
        rows.order_by("txn_date", "pk")[:50],
        key=lambda row: (
            abs((row.txn_date - bill.due_date).days),
            abs(row.amount - bill.amount_due),
            row.pk,
        ),
    )
    return nearest[:MOST]


def maybe_paid_ids(bills: Sequence[Bill]) -> set[int]:
    """The ids of one owner's open bills that have any suggestion, in one query."""
    alike = {bill.pk: condition for bill in bills if (condition := _looks_like(bill)) is not None}
    if not alike:
        return set()
    (owner_id,) = {bill.user_id for bill in bills}
    # One boolean column per bill: whether a matching row exists, not which.
    columns = [Exists(_expenses(owner_id).filter(condition)) for condition in alike.values()]
    found = User.objects.filter(pk=owner_id).values_list(*columns).get()
    return {pk for pk, is_found in zip(alike, found, strict=True) if is_found}


def _expenses(owner_id: int) -> TransactionQuerySet:
    """Expenses that could have paid a bill and are not linked to one."""
    posted = Transaction.objects.filter(user=owner_id, status=Transaction.Status.POSTED)
    return posted.filter(bill=None).live()


def _looks_like(bill: Bill) -> Q | None:
    """Matches amount, date and name of this bill's payment; None if its name
    has no usable words.
    """
    named = Q()
    for word in _words(bill.biller_name):
        named |= Q(search_text__contains=word)
    if not named:
        return None
    spread = bill.amount_due * NEAR
    return named & Q(
        currency=bill.currency,
        signed_amount__gte=-(bill.amount_due + spread),
        signed_amount__lte=-(bill.amount_due - spread),
        txn_date__gte=bill.due_date - timedelta(days=NEAR_DAYS),
        txn_date__lte=bill.due_date + timedelta(days=NEAR_DAYS),
    )


def _words(name: str) -> list[str]:
    words = "".join(char if char.isalnum() else " " for char in folded(name)).split()
    telling = [word for word in words if len(word) >= 3 and word not in _COMMON]
    # A two-letter name, or two characters in a script with short words.
    return (telling or words)[:6]
