"""The categories a person is likely to choose next, for the top of a list of categories."""

from datetime import date
from typing import Any

from django.db.models import QuerySet, Sum

from banking.kernel.periods import add_months
from transactions.models import MerchantTotal, MonthlyTotal, Transaction

RECENT_MONTHS = 3
MERCHANT_MONTHS = 12
MOST = 5


def likely_categories(user_id: int, today: date, row: Transaction | None = None) -> list[int]:
    """Up to five category ids: those used at the row's merchant, then the most used recently.

    Reads only totals, so the cost doesn't grow with the number of transactions.
    """
    found = [] if row is None or not row.merchant else _at_merchant(row, today)
    totals = MonthlyTotal.objects.filter(user=user_id, month__gte=_since(today, RECENT_MONTHS))
    return list(dict.fromkeys(found + _most_used(totals)))[:MOST]


def _at_merchant(row: Transaction, today: date) -> list[int]:
    totals = MerchantTotal.objects.filter(
        account=row.account_id, month__gte=_since(today, MERCHANT_MONTHS), merchant=row.merchant
    )
    return _most_used(totals)


def _most_used(totals: QuerySet[Any]) -> list[int]:
    counted = totals.exclude(category=None).values_list("category")
    ranked = counted.annotate(times=Sum("transaction_count")).order_by("-times", "category")
    return [category for category, times in ranked[:MOST]]


def _since(today: date, months: int) -> date:
    return add_months(today.replace(day=1), -months)
