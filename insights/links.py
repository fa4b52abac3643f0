"""The list of transactions behind each figure: the address whose rows add up to it."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from banking.periods import Period
from insights.spending import CategorySpending
from transactions.filters import UNCATEGORIZED
from transactions.models import Transaction


def transactions_url(period: Period | None = None, **filters: Any) -> str:
    """The transactions of a period (both ends inclusive, as the list's filters are)."""
    query: dict[str, Any] = {}
    if period is not None:
        query = {"date_from": period.start, "date_to": period.last_day}
    query |= {name: value for name, value in filters.items() if value not in (None, "")}
    address = _list_address()
    return f"{address}?{urlencode(query)}" if query else address


def _list_address() -> str:
    try:
        return reverse("transactions:transaction_list")
    except NoReverseMatch:
        return "/transactions/"


def counted_url(period: Period, **filters: Any) -> str:
    """What a figure counts: posted rows without transfers."""
    return transactions_url(
        period, status=Transaction.Status.POSTED, transfers="exclude", **filters
    )


def income_url(period: Period) -> str:
    return counted_url(period, txn_type=Transaction.Type.INCOME)


def expenses_url(period: Period) -> str:
    return counted_url(period, txn_type=Transaction.Type.EXPENSE)


def category_url(row: CategorySpending, period: Period) -> str:
    """What was spent in a category and those beneath it."""
    return counted_url(
        period, txn_type=Transaction.Type.EXPENSE, category=row.slug or UNCATEGORIZED
    )


def account_url(account_id: int, period: Period | None = None) -> str:
    return transactions_url(period, account=account_id)


def not_converted_url(account_id: int, first: date, last: date) -> str:
    """The amounts of one account that a figure had to leave out lie between these days."""
    return transactions_url(
        account=account_id, date_from=first, date_to=last, status="posted", transfers="exclude"
    )
