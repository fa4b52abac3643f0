"""The home page's context: period names, the period picker, links."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import Account
from banking.kernel.periods import Period
from insights.figures.links import Links
from insights.figures.net_worth import AccountBalance
from insights.figures.overview import Overview
from insights.figures.period_words import period_label, period_picker, span_label
from insights.figures.spending import percent_change

# Categories shown at first; the rest can be expanded.
SHOWN_CATEGORIES = 10
_GROUPS = [
    ("Everyday", {Account.Type.CHECKING, Account.Type.CASH}),
    ("Savings and investments", {Account.Type.SAVINGS, Account.Type.INVESTMENT}),
    ("Debts", {Account.Type.CREDIT_CARD, Account.Type.LOAN}),
]


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the figures at the top, with its change, its last twelve months and its rows."""

    label: str
    amount: Decimal
    url: str
    change: Decimal | None
    good: str
    trend: tuple[Decimal, ...]
    icon: str


def home_context(overview: Overview) -> dict[str, Any]:
    """Everything `templates/insights/home.html` needs."""
    choice, period = overview.choice, overview.choice.period
    links = Links(overview.coverage)
    kept = {"include_shared": "1"} if overview.coverage.asked_for_shared else {}
    return {
        "overview": overview,
        "currency": overview.currency,
        "worth": overview.net_worth,
        "owned_percent": _owned_percent(overview),
        "owed_percent": 100 - (_owned_percent(overview) or 0),
        "account_groups": _account_groups(overview, links),
        "tiles": _tiles(overview, links),
        "categories": [(row, links.category(row, period)) for row in overview.spending],
        "changes": [(row, links.category(row, period)) for row in overview.largest_changes],
        "shown_categories": SHOWN_CATEGORIES,
        "trend": [
            (
                row,
                links.income(Period.month_of(row.month)),
                links.expenses(Period.month_of(row.month)),
            )
            for row in overview.trend
        ],
        "trend_has_money": any(row.income or row.expenses for row in overview.trend),
        "recent_url": links.transactions(None if choice.is_current else period),
        "savings_percent": (overview.totals.savings_rate or 0) * 100,
        "spending_url": links.expenses(period),
        "period_label": period_label(choice),
        "comparison_label": f"vs. {span_label(choice.comparison)}",
        "picker": period_picker(choice, on=overview.on, kept=kept),
        "left_out": _left_out(overview, links),
    }


def _tiles(overview: Overview, links: Links) -> list[Tile]:
    now, before, period = overview.totals, overview.before, overview.choice.period
    trend = overview.trend
    return [
        Tile(
            "Income",
            now.income,
            links.income(period),
            percent_change(now.income, before.income),
            "up",
            tuple(row.income for row in trend),
            "arrow-down-left",
        ),
        Tile(
            "Spending",
            now.expenses,
            links.expenses(period),
            percent_change(now.expenses, before.expenses),
            "down",
            tuple(row.expenses for row in trend),
            "arrow-up-right",
        ),
        Tile(
            "Net cash flow",
            now.net,
            links.counted(period),
            None,
            "up",
            tuple(row.net for row in trend),
            "scale",
        ),
    ]


def _owned_percent(overview: Overview) -> Decimal | None:
    """Assets as a percentage of assets plus debts, for the bar."""
    worth = overview.net_worth
    whole = worth.assets + worth.liabilities
    return worth.assets * 100 / whole if whole else None


def _account_groups(
    overview: Overview, links: Links
) -> list[tuple[str, Decimal, list[tuple[AccountBalance, str]]]]:
    """(name, total in the base currency, [(balance, link)]) of each group that has accounts."""
    groups = []
    for name, types in _GROUPS:
        items = [item for item in overview.net_worth.items if item.account.account_type in types]
        items.sort(key=lambda item: (item.is_foreign, -abs(item.account.balance)))
        if items:
            worth = sum((item.converted.amount for item in items if item.converted), Decimal(0))
            rows = [(item, links.account(item.account.pk)) for item in items]
            groups.append((name, worth, rows))
    return groups


def _left_out(overview: Overview, links: Links) -> dict[str, Any]:
    """The amounts left out of the figures: how many, and which."""
    balances, flows = overview.net_worth.not_converted, overview.totals.not_converted
    return {
        "count": len(balances) + overview.totals.not_converted_count,
        "balances": balances,
        "flows": [(line, links.left_out(line)) for line in flows],
    }
