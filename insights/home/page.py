"""Everything the home page shows to one person, read from one snapshot."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.exchange import RateTable
from accounts.models import Account
from banking.kernel.formats import date_format
from banking.kernel.money import format_money
from banking.kernel.periods import Period
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import WrittenOnce
from budgets.progress import month_totals
from insights.figures.books import asking_events
from insights.figures.coverage import Coverage, coverage_for
from insights.figures.links import Links
from insights.figures.net_worth import AccountBalance
from insights.figures.net_worth_history import (
    WorthPoint,
    asking_nets,
    evenings_in,
    net_worth_history,
)
from insights.figures.overview import (
    TREND_MONTHS,
    Overview,
    asking_of_accounts,
    asking_overview,
    overview_of,
)
from insights.figures.period_choice import PeriodChoice
from insights.figures.period_words import period_label, period_picker, span_label
from insights.figures.questions import Question
from insights.figures.spending import percent_change
from insights.forecast.expected_events import Event
from insights.forecast.forecast_page import event_url
from insights.home.account_lines import LAST_UPDATES, AccountLine, account_lines, latest_days
from insights.home.cards import Card, Layout, layout_from, recent_shown
from insights.home.charts import pace_chart, worth_chart
from insights.home.getting_started import Checklist, asking_done, checklist_for
from insights.home.kept_outlook import BILLED_IN, Ahead, ahead_of
from insights.home.needs import Needs, asking_listed, asking_waiting, needs_of
from insights.home.news import NewsItem, asking_alerts, news
from insights.home.pace import MonthPace, month_pace, pace_period
from insights.home.safe_to_spend import Deduction, Outlook, SafeToSpend
from insights.models import HomeState, SampleData
from rewards.totals import PROGRAMS
from transactions.day_sums import asking_days, day_sums
from transactions.predefined import UNCATEGORIZED
from users.models import User
from users.policy import Ability, may
from users.timezones import local_date

# Categories shown at first; the rest can be expanded.
SHOWN_CATEGORIES = 8
UPCOMING_DAYS, MOST_UPCOMING = 14, 7
_GROUPS = [
    ("Everyday", {Account.Type.CHECKING, Account.Type.CASH}),
    ("Savings and investments", {Account.Type.SAVINGS, Account.Type.INVESTMENT}),
    ("Debts", {Account.Type.CREDIT_CARD, Account.Type.LOAN}),
]


@dataclass(frozen=True, slots=True)
class HomePage:
    """The home page's figures. What a person's access does not include is None or empty."""

    overview: Overview
    pace: MonthPace | None
    outlook: Outlook | None
    needs: Needs
    accounts: tuple[AccountLine, ...]
    worth: tuple[WorthPoint, ...]
    news: tuple[NewsItem, ...]
    state: HomeState | None
    layout: Layout
    since: date | None
    checklist: Checklist | None
    sample: SampleData | None

    @property
    def is_set_up(self) -> bool:
        """Whether every step of getting started is done, now or earlier."""
        return self.checklist is None or self.checklist.is_done


def home_page(
    *,
    user: User,
    choice: PeriodChoice,
    on: date,
    include_shared: bool | None = None,
) -> HomePage:
    """The home page of `user` on the date `on` (in their time zone)."""
    with read_snapshot():
        return _home_page(user, choice, on, include_shared)


def _home_page(user: User, choice: PeriodChoice, on: date, include_shared: bool | None) -> HomePage:
    _read_of_person(user, choice, on)
    state = next(iter(_STATE.rows(user.pk)), None)
    sample = next(iter(_SAMPLE.rows(user.pk)), None)
    coverage = coverage_for(user, include_shared=include_shared)
    _read_of_accounts(coverage, choice, on, state, sample)
    figures = overview_of(coverage, choice, on)
    layout = layout_from(state)
    shown = {card.name for card in (*layout.narrow, *layout.wide)}
    ahead = Ahead(None, (), ())
    if figures.sees_insights and not figures.is_empty:
        ahead = ahead_of(figures.coverage, currency=figures.currency, on=on)
    needs = needs_of(
        user=user,
        on=on,
        bills=figures.open_bills,
        budgets=figures.budgets if choice.is_current else (),
        doubts=ahead.doubts,
        may_change=may(user, Ability.CHANGE_OWN_DATA),
    )
    since = _since(user, state)
    lines = account_lines(figures.net_worth.items, on=on) if "accounts" in shown else []
    return HomePage(
        overview=figures,
        pace=_pace(figures) if figures.sees_insights and not figures.is_empty else None,
        outlook=ahead.outlook,
        needs=needs,
        accounts=tuple(lines),
        worth=_worth(figures) if figures.sees_insights and "worth" in shown else (),
        news=_news(user, ahead, on, since) if ahead.outlook and "changes" in shown else (),
        state=state,
        layout=layout,
        since=since,
        checklist=_checklist(user, figures, state, sample, needs),
        sample=sample,
    )


_SAMPLE = WrittenOnce(
    lambda user_id: SampleData.objects.visible_to(User(pk=user_id)).present().order_by("pk")[:1]
)


_STATE = WrittenOnce(lambda user_id: HomeState.objects.visible_to(User(pk=user_id)))


def _read_of_person(user: User, choice: PeriodChoice, on: date) -> None:
    """Read at once what the page shows of a person, whatever their accounts."""
    read_together(
        _STATE.asking(user.pk),
        _SAMPLE.asking(user.pk),
        BILLED_IN.asking(user.pk),
        asking_waiting(user, on),
        asking_alerts(user, on),
        *asking_overview(user, choice),
    )


def _read_of_accounts(
    coverage: Coverage,
    choice: PeriodChoice,
    on: date,
    state: HomeState | None,
    sample: SampleData | None,
) -> None:
    """Read at once what the page shows of these accounts, and what that of the person led to."""
    user, accounts = coverage.user, coverage.accounts
    periods, days = _days_shown(choice.month, on)
    currencies = {account.currency for account in accounts} | set(BILLED_IN.rows(user.pk))
    currencies |= {reward.currency for reward in PROGRAMS.rows(user.pk)}
    asked = [
        *asking_of_accounts(coverage, choice, on),
        *asking_listed(user, on),
        RateTable.asking(currencies, user.base_currency, days),
    ]
    if accounts:
        asked += [
            asking_days(set(coverage.account_ids), periods),
            asking_events(coverage),
            asking_nets(accounts),
            LAST_UPDATES.asking({account.pk for account in accounts if account.is_active}),
        ]
    if _may_have_checklist(user, state):
        asked.append(asking_done(user, _own_accounts(coverage, sample)))
    read_together(*asked)
    # From here on, days and rates of parts of these are known.
    day_sums(set(coverage.account_ids), periods)
    RateTable.for_dates(currencies, user.base_currency, days)


def _days_shown(month: date, on: date) -> tuple[list[Period], set[date]]:
    """The days that the pace, the accounts and the worth add up, and those whose rates they use."""
    pace, year = pace_period(month), _last_year(on)
    first, latest = Period.month_of(year.start), latest_days(on)
    if pace.end >= latest.start:
        periods = [first, Period(min(pace.start, latest.start), latest.end)]
    else:
        periods = [first, pace, latest]
    days = {pace.start + timedelta(days=number) for number in range(pace.days)}
    return periods, days | {on, *evenings_in(year, on)}


def _last_year(on: date) -> Period:
    """The last twelve months, ending on that day."""
    return Period(Period.last_months(TREND_MONTHS, on).start, on + timedelta(days=1))


def _since(user: User, state: HomeState | None) -> date | None:
    """The day of the last visit before today's."""
    before = state.visited_before_at if state else None
    return local_date(user.timezone, before) if before else None


def _checklist(
    user: User,
    figures: Overview,
    state: HomeState | None,
    sample: SampleData | None,
    needs: Needs,
) -> Checklist | None:
    """The checklist, unless every step was done once.

    It is None while viewing as another person, because their settings stay private.
    """
    if not _may_have_checklist(user, state):
        return None
    own = _own_accounts(figures.coverage, sample)
    return checklist_for(user, account_ids=own, uncategorized=needs.uncategorized)


def _may_have_checklist(user: User, state: HomeState | None) -> bool:
    return not user.is_stand_in and (state is None or state.set_up_at is None)


def _own_accounts(coverage: Coverage, sample: SampleData | None) -> set[int]:
    """The person's own accounts, without the sample's."""
    samples = set(sample.account_ids) if sample else set()
    return {
        account.pk for account in coverage.accounts if account.user_id == coverage.user.pk
    } - samples


def _pace(figures: Overview) -> MonthPace:
    limits = [
        total for total in month_totals(figures.budgets) if total.currency == figures.currency
    ]
    return month_pace(
        coverage=figures.coverage,
        currency=figures.currency,
        month=figures.choice.month,
        on=figures.on,
        budget=limits[0].limit if limits else None,
    )


def _worth(figures: Overview) -> tuple[WorthPoint, ...]:
    """The net worth of the last twelve months, ending today."""
    choice = PeriodChoice("custom", _last_year(figures.on), figures.on)
    question = Question(figures.coverage, choice, figures.currency, figures.on)
    return net_worth_history(question).points if figures.coverage.accounts else ()


def _news(user: User, ahead: Ahead, on: date, since: date | None) -> tuple[NewsItem, ...]:
    return tuple(news(user=user, of_payments=ahead.news, on=on, since=since))


# --- What the templates need --------------------------------------------------------------------


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
            "recent": figures.recent[: recent_shown(beside)],
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
            "columns": [
                ("narrow", _shown(page.layout.narrow, page)),
                ("wide", _shown(page.layout.wide, page)),
            ],
            "uncategorized_url": _uncategorized_url(page, links),
            "needs_more": _needs_more(page.needs),
        }
        | month
        | _worth_context(page)
    )


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
        f"insights/home/_{card.name}.html"
        for card in cards
        if (figures.sees_insights or not card.needs_insights) and there.get(card.name, True)
    ]


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
        return "–" if amount is None else format_money(amount, pace.currency, locale)

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
