"""What the home page shows beside the figures: names of periods, the period picker, links."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format

from accounts.models import Account
from banking.periods import Period, add_months
from insights.links import Links
from insights.net_worth import AccountBalance
from insights.overview import Overview
from insights.period_choice import SPANS, PeriodChoice
from insights.spending import percent_change

# Categories shown at once; the rest opens.
SHOWN_CATEGORIES = 10
_GROUPS = [
    ("Everyday", {Account.Type.CHECKING, Account.Type.CASH}),
    ("Saved and invested", {Account.Type.SAVINGS, Account.Type.INVESTMENT}),
    ("Owed", {Account.Type.CREDIT_CARD, Account.Type.LOAN}),
]


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the figures on top, with its change, its last twelve months and its rows."""

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
        "picker": _picker(overview),
        "left_out": _left_out(overview, links),
    }


def period_label(choice: PeriodChoice) -> str:
    """ "November 2026", "2026", or the days."""
    period = choice.period
    if choice.is_one_month:
        return date_format(period.start, "F Y")
    if period == Period.year_of(period.start):
        return str(period.start.year)
    if choice.name == "quarter":
        return f"Q{(period.start.month + 2) // 3} {period.start.year}"
    return span_label(period)


def span_label(period: Period) -> str:
    """The period in a few words: "October 2026", "1–21 October", "1 Jan 2025 – 21 Nov 2025"."""
    first, last = period.start, period.last_day
    if period == Period.month_of(first):
        return date_format(first, "F Y")
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {date_format(first, 'M Y')}"
    if first.year == last.year:
        return f"{date_format(first, 'j M')} – {date_format(last, 'j M Y')}"
    return f"{date_format(first, 'j M Y')} – {date_format(last, 'j M Y')}"


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
            "Left over" if now.net >= 0 else "Overspent",
            now.net,
            links.counted(period),
            None,
            "up",
            tuple(row.net for row in trend),
            "scale",
        ),
    ]


def _owned_percent(overview: Overview) -> Decimal | None:
    """What is owned in percent of what is owned and owed together, for the bar."""
    worth = overview.net_worth
    whole = worth.assets + worth.liabilities
    return worth.assets * 100 / whole if whole else None


def _account_groups(
    overview: Overview, links: Links
) -> list[tuple[str, Decimal, list[tuple[AccountBalance, str]]]]:
    """(name, sum in the base currency, [(balance, link)]) of the groups that have accounts."""
    groups = []
    for name, types in _GROUPS:
        items = [one for one in overview.net_worth.items if one.account.account_type in types]
        items.sort(key=lambda one: (one.is_foreign, -abs(one.account.balance)))
        if items:
            worth = sum((one.converted.amount for one in items if one.converted), Decimal(0))
            rows = [(one, links.account(one.account.pk)) for one in items]
            groups.append((name, worth, rows))
    return groups


def _left_out(overview: Overview, links: Links) -> dict[str, Any]:
    """The amounts no figure could count: how many, and which."""
    balances, flows = overview.net_worth.not_converted, overview.totals.not_converted
    return {
        "count": len(balances) + overview.totals.not_converted_count,
        "balances": balances,
        "flows": [(line, links.left_out(line)) for line in flows],
    }


def _picker(overview: Overview) -> dict[str, Any]:
    choice = overview.choice
    shared = {"include_shared": "1"} if _asked_for_shared(overview) else {}
    following = _following(choice.period)
    return {
        "label": period_label(choice),
        "previous_url": _url(choice.period.previous(), shared),
        "next_url": _url(following, shared) if following.start <= overview.on else "",
        "choices": [
            {
                "label": label,
                "url": _query({"period": name} | shared),
                "is_current": _is_chosen(choice, name),
            }
            for name, label in SPANS.items()
        ],
        "start": choice.period.start,
        "end": choice.period.last_day,
    }


def _is_chosen(choice: PeriodChoice, name: str) -> bool:
    if choice.name == "month":
        return name == "this_month" and choice.is_current
    return choice.name == name


def _asked_for_shared(overview: Overview) -> bool:
    coverage = overview.coverage
    owns = any(one.user_id == coverage.user.pk for one in coverage.accounts)
    return coverage.includes_shared and owns


def _following(period: Period) -> Period:
    """The period of the same length just after."""
    if period.start.day == 1 and period.end.day == 1:
        months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
        return Period(period.end, add_months(period.end, months))
    return Period(period.end, period.end + (period.end - period.start))


def _url(period: Period, extra: dict[str, str]) -> str:
    if period == Period.month_of(period.start):
        return _query({"month": f"{period.start:%Y-%m}"} | extra)
    return _query({"date_from": period.start, "date_to": period.last_day} | extra)


def _query(values: dict[str, date | str]) -> str:
    return f"?{urlencode(values)}"
