"""Everything the home page shows to one person, read from one snapshot."""

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.exchange import RateTable
from banking.kernel.periods import Period
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import WrittenOnce
from budgets.progress import month_totals
from insights.figures.books import asking_events
from insights.figures.coverage import Coverage, coverage_for
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
from insights.figures.questions import Question
from insights.forecast.forecast_ledger import BILLED_IN
from insights.home.account_lines import LAST_UPDATES, AccountLine, account_lines, latest_days
from insights.home.cards import Layout, layout_from
from insights.home.getting_started import Checklist, asking_done, checklist_for
from insights.home.kept_outlook import Ahead, ahead_of
from insights.home.needs import Needs, asking_listed, asking_waiting, needs_of
from insights.home.news import NewsItem, asking_alerts, news
from insights.home.pace import MonthPace, month_pace, pace_period
from insights.home.safe_to_spend import Outlook
from insights.models import HomeState, SampleData
from rewards.totals import PROGRAMS
from transactions.day_sums import asking_days, day_sums
from users.models import User
from users.policy import Ability, may
from users.timezones import local_date


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
