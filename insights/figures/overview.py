"""Everything the home page and `/api/dashboard/overview` show, from one snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from accounts.exchange import RateTable
from accounts.known_accounts import asking_feeds
from accounts.models import reader, shared_account_ids
from alerts.models import COUNTED
from banking.kernel.periods import Period, first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import Asked, WrittenOnce
from bills.page import MOST_NEXT, OPEN_BILLS, Line, next_lines
from bills.preflight import asking_planned
from budgets.models import Budget, asking_owners
from budgets.month import BUDGETS_OF, budget_month
from budgets.progress import BudgetProgress, asking_earlier, months_concerned
from budgets.spending import month_runs
from insights.figures.cash_flow import CashFlow, MonthFlow, cash_flow, monthly_trend
from insights.figures.coverage import Coverage, asking_coverage, coverage_for
from insights.figures.net_worth import NetWorth, net_worth
from insights.figures.period_choice import PeriodChoice
from insights.figures.spending import CategorySpending, categories_of, spending_by_category
from rewards.totals import PROGRAMS, RewardsTotal, asking_entries, rewards_total
from transactions.flows import asking_flows, load_flows
from transactions.known_categories import asking_categories, read_categories
from transactions.models import Transaction, TransactionQuerySet
from users.models import User
from users.policy import Ability, may

TREND_MONTHS = 12
RECENT_COUNT = 10
# Enough to tell which bills need attention.
OPEN_COUNT = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """One person's figures of one period; every amount is in `currency`."""

    on: date
    choice: PeriodChoice
    currency: str
    coverage: Coverage
    net_worth: NetWorth
    month: CashFlow
    totals: CashFlow
    before: CashFlow
    spending: tuple[CategorySpending, ...]
    trend: tuple[MonthFlow, ...]
    trend_period: Period
    recent: tuple[Transaction, ...]
    budgets: tuple[BudgetProgress, ...]
    open_bills: tuple[Line, ...]
    rewards: RewardsTotal

    @property
    def is_empty(self) -> bool:
        """Whether the user has no account yet, owned or shared."""
        return not self.coverage.accounts

    @property
    def bills(self) -> tuple[Line, ...]:
        """The next bills, overdue ones first."""
        return self.open_bills[:MOST_NEXT]

    @property
    def alerts_count(self) -> int:
        """The alerts that the bell counts. Read when asked for: only the API shows it."""
        return sum(count for _user, count in COUNTED.rows(self.coverage.user.pk))

    @property
    def sees_insights(self) -> bool:
        return self.coverage.sees_insights

    @property
    def largest_changes(self) -> tuple[CategorySpending, ...]:
        """The categories whose spending changed most since the previous period."""
        moved = sorted(self.spending, key=lambda row: -abs(row.change))
        return tuple(row for row in moved[:3] if row.change)


def overview(
    *, user: User, choice: PeriodChoice, on: date, include_shared: bool | None = None
) -> Overview:
    """The overview of `choice` as `user` may see it on the date `on` (in the user's time zone)."""
    with read_snapshot():
        read_together(*asking_overview(user, choice), COUNTED.asking(user.pk))
        coverage = coverage_for(user, include_shared=include_shared)
        currencies = {account.currency for account in coverage.accounts}
        # Nearly always, the days that are not converted yet are this month's.
        days = {on, first_of_month(on)}
        read_together(
            *asking_of_accounts(coverage, choice, on),
            asking_feeds(coverage.accounts),
            RateTable.asking(currencies, user.base_currency, days),
        )
        RateTable.for_dates(currencies, user.base_currency, days)
        return overview_of(coverage, choice, on)


def overview_of(coverage: Coverage, choice: PeriodChoice, on: date) -> Overview:
    """As `overview`, of accounts that are read already; inside of a snapshot."""
    user = coverage.user
    read_categories({user.pk, *(account.user_id for account in coverage.accounts)})
    currency = user.base_currency
    period, before, trend_period = flow_periods(choice)
    flows, rates = load_flows(
        accounts=coverage.accounts,
        currency=currency,
        periods=[period, before, trend_period, *_months_of_budgets(coverage, choice)],
        on=on,
    )
    return Overview(
        on=on,
        choice=choice,
        currency=currency,
        coverage=coverage,
        net_worth=net_worth(accounts=coverage.accounts, currency=currency, on=on, rates=rates),
        month=cash_flow(flows, Period.month_of(choice.month)),
        totals=cash_flow(flows, period),
        before=cash_flow(flows, before),
        spending=spending_by_category(
            flows, period, previous=before, categories=categories_of(flows)
        ),
        trend=monthly_trend(flows, trend_period),
        trend_period=trend_period,
        recent=_recent(coverage, choice),
        budgets=month_budgets(coverage, choice, on),
        open_bills=next_lines(user=user, on=on, most=OPEN_COUNT),
        rewards=rewards_total(user=user, on=on),
    )


def flow_periods(choice: PeriodChoice) -> tuple[Period, Period, Period]:
    """The chosen period, the one before, and the months of the trend."""
    return choice.period, choice.comparison, Period.last_months(TREND_MONTHS, choice.month)


def asking_overview(user: User, choice: PeriodChoice) -> list[Asked]:
    """What an overview reads of a person, whatever their accounts."""
    month = choice.month
    asked = [*asking_coverage(user), OPEN_BILLS.asking(user.pk), PROGRAMS.asking(user.pk)]
    if may(user, Ability.SEE_BUDGETS):
        asked += [BUDGETS_OF.asking({user.pk}, month.year, month.month), *asking_owners(user)]
    return asked


def asking_of_accounts(coverage: Coverage, choice: PeriodChoice, on: date) -> list[Asked | None]:
    """What an overview reads of these accounts, and of what `asking_overview` found."""
    user, accounts = coverage.user, coverage.accounts
    asked: list[Asked | None] = [
        asking_categories({user.pk, *(account.user_id for account in accounts)}),
        asking_planned(OPEN_BILLS.rows(user.pk)),
        asking_entries(PROGRAMS.rows(user.pk), on),
    ]
    if accounts and choice.on in choice.period:
        asked.append(_asking_latest(coverage))
    earlier = asking_earlier(_own_budgets(coverage, choice))
    if earlier:
        # They say which months are added up.
        return [*asked, earlier]
    return asked + asking_flows(accounts, user.base_currency, flow_periods(choice))


def _own_budgets(coverage: Coverage, choice: PeriodChoice) -> list[Budget]:
    user, month = coverage.user, choice.month
    if not coverage.sees_insights or not may(user, Ability.SEE_BUDGETS):
        return []
    return BUDGETS_OF.rows({user.pk}, month.year, month.month)


def _months_of_budgets(coverage: Coverage, choice: PeriodChoice) -> list[Period]:
    """The months that the person's budgets need, so that they are read with the others."""
    return month_runs(months_concerned(_own_budgets(coverage, choice)))


def month_budgets(coverage: Coverage, choice: PeriodChoice, on: date) -> tuple[BudgetProgress, ...]:
    """Budgets of the month that single-month figures refer to; none for users without insights."""
    if not coverage.sees_insights or not may(coverage.user, Ability.SEE_BUDGETS):
        return ()
    month = budget_month(
        user=coverage.user,
        year=choice.month.year,
        month=choice.month.month,
        on=on,
        include_shared=coverage.includes_shared,
    )
    return month.progresses


def _recent(coverage: Coverage, choice: PeriodChoice) -> tuple[Transaction, ...]:
    """The latest transactions, including pending ones; for a past period, the latest in it."""
    if not coverage.accounts:
        return ()
    if choice.on in choice.period:
        return tuple(_asking_latest(coverage).rows())
    return tuple(_newest_first(*_reach_of(coverage)).in_period(choice.period)[:RECENT_COUNT])


def _asking_latest(coverage: Coverage) -> Asked:
    return _LATEST.asking(*_reach_of(coverage))


def _reach_of(coverage: Coverage) -> tuple[int, list[int], list[int]]:
    """The person, the accounts shared with them, and those that are covered."""
    user = coverage.user
    return user.pk, list(shared_account_ids(user)), coverage.account_ids


def _newest_first(
    user_id: int, shared_ids: Iterable[int], account_ids: Iterable[int]
) -> TransactionQuerySet:
    rows = Transaction.objects.visible_to(reader(user_id, shared_ids))
    # Only the API shows tags.
    shown = rows.filter(account_id__in=account_ids).for_list().prefetch_related(None)
    return shown.order_by("-txn_date", "-id")


_LATEST = WrittenOnce(
    lambda user_id, shared_ids, account_ids: _newest_first(user_id, shared_ids, account_ids)[
        :RECENT_COUNT
    ]
)
