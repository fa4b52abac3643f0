"""The context of the budget pages: links and the month switcher."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.honesty import NotConverted
from banking.kernel.formats import date_format
from banking.kernel.money import minor_unit
from banking.kernel.periods import Period, add_months, first_of_month
from budgets.models import EARLIEST_YEAR, LATEST_YEAR
from budgets.month import BudgetMonth
from budgets.progress import BudgetProgress, MonthTotal, TrendMonth
from transactions.models import Transaction

# Months in the switcher's menu: the next one and the past year.
MENU_MONTHS = 13


@dataclass(frozen=True, slots=True)
class Card:
    """One budget on the page, with the URL of its transactions."""

    progress: BudgetProgress
    url: str
    is_shared: bool


@dataclass(frozen=True, slots=True)
class TotalTile:
    """The totals of a month's budgets in one currency, with the daily allowance."""

    total: MonthTotal
    pace_percent: Decimal | None
    days_left: int
    daily_allowance: Decimal | None

    @property
    def overspent(self) -> Decimal:
        return -self.total.remaining


def list_context(shown: BudgetMonth, extra: Mapping[str, str]) -> dict[str, Any]:
    """The context of `templates/budgets/budget_list.html` from the figures.

    `extra`: query parameters that the switcher's links keep.
    """
    cards = [
        Card(progress, transactions_url(progress), progress.budget.user_id != shown.user.pk)
        for progress in shown.progresses
    ]
    return {
        "shown": shown,
        "cards": cards,
        "tiles": [_tile(total, shown) for total in shown.totals],
        "switcher": _switcher(shown, extra),
        "month_value": f"{shown.start:%Y-%m}",
        "last_month": add_months(shown.start, -1),
    }


def detail_context(progress: BudgetProgress, trend: Sequence[TrendMonth]) -> dict[str, Any]:
    """The context of `templates/budgets/budget_detail.html` from the figures."""
    slug = progress.budget.category.slug
    amounts = [row.spent for row in trend]
    return {
        "progress": progress,
        "budget": progress.budget,
        "url": transactions_url(progress),
        "trend": [(row, spending_url(slug, Period.month_of(row.month))) for row in trend],
        "average": sum(amounts, Decimal(0)) / len(amounts),
        "has_limits": any(row.limit is not None for row in trend),
        "not_converted": [(line, _not_converted_url(line)) for line in progress.not_converted],
    }


def list_url(month: date, on: date, extra: Mapping[str, str] | None = None) -> str:
    """The page of that month; without a query for the current month."""
    address, query = reverse("budgets:budget_list"), dict(extra or {})
    if first_of_month(month) != first_of_month(on):
        query["month"] = f"{month:%Y-%m}"
    return f"{address}?{urlencode(query)}" if query else address


def transactions_url(progress: BudgetProgress) -> str:
    """The transactions that a budget counts."""
    return spending_url(progress.budget.category.slug, progress.period)


def spending_url(category_slug: str, period: Period) -> str:
    """The posted transactions of a category and its subcategories, including refunds."""
    query = {
        "category": category_slug,
        "date_from": period.start,
        "date_to": period.last_day,
        "status": Transaction.Status.POSTED,
    }
    return f"{reverse('transactions:transaction_list')}?{urlencode(query)}"


def _not_converted_url(line: NotConverted) -> str:
    query = {"account": line.account_id, "date_from": line.first, "date_to": line.last}
    return f"{reverse('transactions:transaction_list')}?{urlencode(query)}"


def _tile(total: MonthTotal, shown: BudgetMonth) -> TotalTile:
    # All budgets of a month cover the same days, so any of them gives the pace.
    one = next(row for row in shown.progresses if row.currency == total.currency)
    allowance = None
    if shown.is_current and total.remaining > 0:
        allowance = (total.remaining / one.days_left).quantize(
            minor_unit(total.currency), rounding=ROUND_DOWN
        )
    pace = one.pace_percent if shown.is_current else None
    return TotalTile(total, pace, one.days_left, allowance)


def _switcher(shown: BudgetMonth, extra: Mapping[str, str]) -> dict[str, Any]:
    start, current = shown.start, first_of_month(shown.on)
    before, after = add_months(start, -1), add_months(start, 1)
    months = [add_months(current, 1 - back) for back in range(MENU_MONTHS)]
    if start not in months:
        months = [start, *months] if start > months[0] else [*months, start]
    return {
        "label": date_format(start, "F Y"),
        "previous_url": list_url(before, shown.on, extra) if before.year >= EARLIEST_YEAR else "",
        "previous_label": date_format(before, "F Y"),
        "next_url": list_url(after, shown.on, extra) if after.year <= LATEST_YEAR else "",
        "next_label": date_format(after, "F Y"),
        "choices": [
            {
                "label": date_format(month, "F Y"),
                "url": list_url(month, shown.on, extra),
                "is_current": month == start,
            }
            for month in months
        ],
    }
