"""What `templates/insights/home.html` gets: the figures with their words, links and charts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account
from banking.kernel.formats import date_format
from banking.kernel.money import format_figure
from banking.kernel.periods import Period
from insights.figures.links import Links
from insights.figures.net_worth import AccountBalance
from insights.figures.overview import Overview
from insights.figures.period_words import period_label, period_picker, span_label
from insights.figures.spending import percent_change
from insights.forecast.expected_events import Event
from insights.forecast.forecast_page import event_url
from insights.home.account_lines import AccountLine
from insights.home.cards import ROWS_OF_A_LONG_COLUMN, TREND, Card, recent_shown
from insights.home.charts import pace_chart, worth_chart
from insights.home.needs import Needs
from insights.home.pace import MonthPace
from insights.home.page import HomePage
from insights.home.safe_to_spend import Deduction, Outlook, SafeToSpend
from transactions.predefined import UNCATEGORIZED

# Categories shown at first; the rest can be expanded.
SHOWN_CATEGORIES = 8
UPCOMING_DAYS, MOST_UPCOMING = 14, 7
_GROUPS = [
    ("Everyday", {Account.Type.CHECKING, Account.Type.CASH}),
    ("Savings and investments", {Account.Type.SAVINGS, Account.Type.INVESTMENT}),
    ("Debts", {Account.Type.CREDIT_CARD, Account.Type.LOAN}),
]


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the month's figures, with its change and its rows."""

    label: str
    amount: Decimal
    url: str
    change: Decimal | None
    good: str


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One expected payment or income, with where it leads."""

    event: Event
    url: str


def home_context(page: HomePage) -> dict[str, Any]:
    """Everything `templates/insights/home.html` needs."""
    figures = page.overview
    choice, period = figures.choice, figures.choice.period
    links = Links(figures.coverage)
    kept = {"include_shared": "1"} if figures.coverage.asked_for_shared else {}
    trend = [
        (
            row,
            links.income(Period.month_of(row.month)),
            links.expenses(Period.month_of(row.month)),
        )
        for row in figures.trend
    ]
    month = _month_context(page, links)
    beside = len(page.accounts) + len(month.get("upcoming", figures.bills)) + len(page.news)
    return (
        {
            "page": page,
            "overview": figures,
            "recent": figures.recent[: recent_shown(beside, is_alone=not figures.sees_insights)],
            "currency": figures.currency,
            "worth": figures.net_worth,
            "tiles": _tiles(page, links),
            "categories": [(row, links.category(row, period)) for row in figures.spending],
            "shown_categories": SHOWN_CATEGORIES,
            "trend": trend,
            "recent_url": links.transactions(None if choice.is_current else period),
            "savings_percent": (figures.totals.savings_rate or 0) * 100,
            "spending_url": links.expenses(period),
            "period_label": period_label(choice),
            "comparison_label": f"vs. {span_label(choice.comparison)}",
            "picker": period_picker(choice, on=figures.on, kept=kept),
            "left_out": _left_out(figures, links),
            "account_groups": _account_groups(page, links),
            "columns": _columns(page, beside),
            "uncategorized_url": _uncategorized_url(page, links),
            "needs_more": _needs_more(page.needs),
        }
        | month
        | _worth_context(page)
    )


def _columns(page: HomePage, rows_beside: int) -> list[tuple[str, list[str]]]:
    """The templates of each column's cards; below a short column the months take the whole width.

    They would stand alone under the wide column.
    """
    narrow, wide = _shown(page.layout.narrow, page), _shown(page.layout.wide, page)
    is_short = bool(narrow) and rows_beside < ROWS_OF_A_LONG_COLUMN
    foot = wide[-1:] if is_short and len(wide) > 1 and wide[-1] == _template(TREND) else []
    return [("narrow", narrow), ("wide", wide[: len(wide) - len(foot)]), ("foot", foot)]


def _shown(cards: tuple[Card, ...], page: HomePage) -> list[str]:
    """The templates of the column's cards that have something to show for this person."""
    figures = page.overview
    months = sum(1 for row in figures.trend if row.income or row.expenses)
    there = {
        "spending": bool(months) or bool(figures.spending),
        "trend": months > 1,  # one month beside eleven empty ones shows nothing
        "upcoming": page.outlook is not None or bool(figures.bills),
        "changes": bool(page.news) or page.outlook is not None,
        "rewards": bool(figures.rewards.holdings),
        "budgets": bool(figures.budgets) or figures.sees_insights,
        "worth": len(page.worth) > 1,
    }
    return [
        _template(card)
        for card in cards
        if (figures.sees_insights or not card.needs_insights) and there.get(card.name, True)
    ]


def _template(card: Card) -> str:
    return f"insights/home/_{card.name}.html"


def _month_context(page: HomePage, links: Links) -> dict[str, Any]:
    """The first card: the pace with its links, and what is safe to spend with its parts."""
    pace, outlook = page.pace, page.outlook
    context: dict[str, Any] = {"pace": pace, "safe": None}
    if pace is not None:
        context |= {
            "pace_chart": pace_chart(pace),
            "pace_rows": _pace_rows(pace, page.overview.coverage.user.locale),
            "pace_url": links.expenses(pace.so_far),
            "pace_before_url": links.expenses(pace.before_so_far),
            "pace_gap": abs(pace.difference),
        }
    if outlook is not None and page.overview.choice.is_current:
        safe = outlook.safe
        context |= {
            "safe": safe,
            "safe_figure": abs(safe.amount),
            "safe_accounts": [(held, links.account(held.account.pk)) for held in safe.at_hand],
            "safe_sums": _sums_by_kind(safe),
            "safe_parts": [
                (deduction, _part_url(deduction, links)) for deduction in safe.deductions
            ],
        }
    if outlook is not None:
        last = page.overview.on + timedelta(days=UPCOMING_DAYS)
        overdue = {line.bill.pk for line in page.needs.overdue}
        events = [
            event
            for event in outlook.events
            if event.on <= last and _is_ahead(event, outlook, overdue)
        ]
        context["upcoming"] = [
            Upcoming(event, event_url(event, links)) for event in events[:MOST_UPCOMING]
        ]
    return context


def _pace_rows(pace: MonthPace, locale: str) -> list[tuple[str, str, str]]:
    """(day, spending so far or expected, the month before's), as the table shows them."""

    def text(amount: Decimal | None) -> str:
        return "–" if amount is None else format_figure(amount, pace.currency, locale)

    return [
        (
            date_format(day.on, "j M"),
            f"≈ {text(day.projected)}" if day.spent is None and day.projected else text(day.spent),
            text(day.before),
        )
        for day in pace.days
    ]


def _sums_by_kind(safe: SafeToSpend) -> list[tuple[str, Decimal]]:
    """(label, sum) of each kind of payment there is."""
    labels = {
        "bill": _("Bills"),
        "pending": _("Pending"),
        "planned": _("Planned"),
        "recurring": _("Expected payments"),
    }
    sums = [
        (label, sum((part.amount for part in safe.of_kind(kind)), Decimal(0)))
        for kind, label in labels.items()
    ]
    return [(label, amount) for label, amount in sums if amount]


def _is_ahead(event: Event, outlook: Outlook, overdue: Collection[int]) -> bool:
    """Whether a payment is still to come: not overdue, and not yet announced by the bank."""
    is_pending = event.transaction_id in outlook.pending_ids
    is_overdue = event.bill_id in overdue and (event.on - outlook.safe.on).days == 1
    return not is_pending and not is_overdue


def _part_url(part: Deduction, links: Links) -> str:
    return event_url(part.event, links)


def _worth_context(page: HomePage) -> dict[str, Any]:
    points = page.worth
    change = points[-1].total - points[0].total if len(points) > 1 else None
    return {"worth_points": points, "worth_chart": worth_chart(points), "worth_change": change}


def _tiles(page: HomePage, links: Links) -> list[Tile]:
    """Income, spending and what is left; a month's spending is already the card's figure."""
    figures = page.overview
    now, before, period = figures.totals, figures.before, figures.choice.period
    change = percent_change(now.income, before.income)
    spent_change = percent_change(now.expenses, before.expenses)
    spending = Tile("Spending", now.expenses, links.expenses(period), spent_change, "down")
    return [
        Tile("Income", now.income, links.income(period), change, "up"),
        *([] if page.pace else [spending]),
        Tile("Net cash flow", now.net, links.counted(period), None, "up"),
    ]


def _account_groups(
    page: HomePage, links: Links
) -> list[tuple[str, Decimal, list[tuple[AccountLine, str]]]]:
    """(name, total in the base currency, [(line, link)]) of each group that has accounts."""
    groups = []
    for name, types in _GROUPS:
        lines = [line for line in page.accounts if line.account.account_type in types]
        lines.sort(key=lambda line: (line.item.is_foreign, -abs(line.account.balance)))
        if lines:
            total = sum((_worth_of(line.item) for line in lines), Decimal(0))
            groups.append((name, total, [(line, links.account(line.account.pk)) for line in lines]))
    return groups


def _worth_of(item: AccountBalance) -> Decimal:
    return item.converted.amount if item.converted else Decimal(0)


def _needs_more(needs: Needs) -> list[tuple[str, str]]:
    """(label, link) for each kind of which more waits than the card lists."""
    kinds = [
        (needs.connections, 2, _("All connections"), "transactions:connection_list"),
        (needs.overdue, 3, _("All bills"), "bills:bill_list"),
        (needs.unfunded, 2, _("All bills"), "bills:bill_list"),
        (needs.over_budget, 2, _("All budgets"), "budgets:budget_list"),
        (needs.reviews, 2, _("All reviews"), "transactions:review_list"),
        (needs.transfers, 2, _("All transfers to confirm"), "transactions:transfer_list"),
        (needs.doubts, 2, _("All questions"), "insights:recurring"),
    ]
    found = {reverse(name): label for items, most, label, name in kinds if len(items) > most}
    return [(label, url) for url, label in found.items()]


def _uncategorized_url(page: HomePage, links: Links) -> str:
    shared = "exclude" if page.overview.coverage.has_shared else ""
    since: Mapping[str, Any] = {"date_from": page.needs.uncategorized.since}
    return links.transactions(None, category=UNCATEGORIZED, status="posted", shared=shared, **since)


def _left_out(figures: Overview, links: Links) -> dict[str, Any]:
    """The amounts left out of the figures: how many, and which."""
    balances, flows = figures.net_worth.not_converted, figures.totals.not_converted
    return {
        "count": len(balances) + figures.totals.not_converted_count,
        "balances": balances,
        "flows": [(line, links.left_out(line)) for line in flows],
    }
