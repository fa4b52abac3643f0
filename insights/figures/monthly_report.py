"""A monthly report: net worth, cash flow, categories, budgets and bills."""

from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, Sum

from accounts.exchange import RateTable
from accounts.honesty import RatesUsed
from accounts.models import Account
from banking.kernel.periods import Period
from banking.kernel.snapshot import read_snapshot
from bills.models import Bill
from bills.page import Line, lines
from budgets.progress import BudgetProgress
from insights.figures.cash_flow import CashFlow, MonthFlow, cash_flow, monthly_trend
from insights.figures.coverage import Coverage, insights_coverage
from insights.figures.net_worth import NetWorth, net_worth, was_active
from insights.figures.overview import month_budgets
from insights.figures.period_choice import PeriodChoice
from insights.figures.spending import CategorySpending, categories_of, spending_by_category
from transactions.flows import load_flows
from transactions.models import Category, MonthlyTotal, Transaction
from users.models import User

TREND_MONTHS, LARGEST_COUNT, MOST_BILLS = 6, 10, 40


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """The figures of one calendar month, in `currency` unless stated otherwise.

    `worth` is at the month's end (today for the current month), `worth_before` at its start.
    `before` is the previous month; for the current month, only as many of its days as have passed.
    """

    on: date
    choice: PeriodChoice
    currency: str
    coverage: Coverage
    worth: NetWorth
    worth_before: NetWorth
    flow: CashFlow
    before: CashFlow
    spending: tuple[CategorySpending, ...]
    trend: tuple[MonthFlow, ...]
    largest: tuple[Transaction, ...]
    budgets: tuple[BudgetProgress, ...]
    bills: tuple[Line, ...]

    @property
    def period(self) -> Period:
        return self.choice.period

    @property
    def worth_on(self) -> date:
        return min(self.period.last_day, self.on)

    @property
    def worth_change(self) -> Decimal | None:
        """None if either side could not convert every account: the two would not be comparable."""
        if self.worth.not_converted or self.worth_before.not_converted:
            return None
        return self.worth.total - self.worth_before.total

    @property
    def rates(self) -> tuple[RatesUsed, ...]:
        """The rates used for each currency, the latest of net worth and cash flow."""
        by_age = sorted((*self.worth.rates, *self.flow.rates), key=lambda rate: rate.last)
        used = {rate.from_currency: rate for rate in by_age}
        return tuple(used[currency] for currency in sorted(used))

    @property
    def not_converted_count(self) -> int:
        return self.worth.not_converted_count + self.flow.not_converted_count


def monthly_report(
    *, user: User, month: date, on: date, include_shared: bool | None = None
) -> MonthlyReport:
    """The monthly report that `user` may see on the date `on`, from one snapshot."""
    with read_snapshot():
        return _monthly_report(user, month, on, include_shared)


def _monthly_report(
    user: User, month: date, on: date, include_shared: bool | None
) -> MonthlyReport:
    choice = PeriodChoice("month", Period.month_of(month), on)
    coverage = insights_coverage(user, include_shared=include_shared)
    period, before, currency = choice.period, choice.comparison, user.base_currency
    trend_period = Period.last_months(TREND_MONTHS, month)
    flows, _rates = load_flows(
        accounts=coverage.accounts,
        currency=currency,
        periods=[period, before, trend_period],
        on=on,
    )
    worth_before, worth = _worths(coverage, currency, period, on)
    return MonthlyReport(
        on=on,
        choice=choice,
        currency=currency,
        coverage=coverage,
        worth=worth,
        worth_before=worth_before,
        flow=cash_flow(flows, period),
        before=cash_flow(flows, before),
        spending=spending_by_category(
            flows, period, previous=before, categories=categories_of(flows)
        ),
        trend=monthly_trend(flows, trend_period),
        largest=_largest(coverage, period),
        budgets=month_budgets(coverage, choice, on),
        bills=_bills(user, period, on),
    )


def _worths(
    coverage: Coverage, currency: str, period: Period, on: date
) -> tuple[NetWorth, NetWorth]:
    """Net worth at the month's start and end, computed backward from today's balances."""
    days = (period.start, min(period.last_day, on))
    currencies = {account.currency for account in coverage.accounts}
    rates = RateTable.for_dates(currencies, currency, list(days))
    worths = [
        net_worth(
            accounts=_as_of(coverage, first_left_out, on), currency=currency, on=day, rates=rates
        )
        for day, first_left_out in zip(days, (period.start, period.end), strict=True)
    ]
    return worths[0], worths[1]


def _as_of(coverage: Coverage, month: date, on: date) -> list[Account]:
    """The accounts on the evening before the month; today's accounts for a future month."""
    accounts, evening = coverage.accounts, min(month - timedelta(days=1), on)
    later = MonthlyTotal.objects.filter(account__in=accounts, month__gte=month).order_by()
    sums = {
        row["account"]: row["inflow"] - row["outflow"]
        for row in later.values("account").annotate(inflow=Sum("inflow"), outflow=Sum("outflow"))
    }
    found = []
    for account in accounts:
        then = copy(account)
        then.balance = account.balance - sums.get(account.pk, Decimal(0))
        then.is_active = was_active(account, evening, coverage.user.timezone)
        found.append(then)
    return found


def _largest(coverage: Coverage, period: Period) -> tuple[Transaction, ...]:
    """The largest amounts in the home currency first, without transfers."""
    rows = Transaction.objects.visible_to(coverage.user).posted().in_period(period)
    spent = rows.filter(account_id__in=coverage.account_ids, signed_amount__lt=0)
    counted = spent.filter(~Q(category__kind=Category.Kind.TRANSFER) | Q(category=None))
    home = counted.filter(currency=coverage.user.base_currency)
    return tuple(home.for_list().order_by("-amount", "-id")[:LARGEST_COUNT])


def _bills(user: User, period: Period, on: date) -> tuple[Line, ...]:
    """Bills due or paid in the month, by due date, without skipped ones."""
    due = Q(due_date__gte=period.start, due_date__lt=period.end)
    paid = Q(paid_on__gte=period.start, paid_on__lt=period.end)
    mine = Bill.objects.visible_to(user).filter(due | paid, skipped_at=None).for_list()
    return tuple(lines(mine.order_by("due_date", "id")[:MOST_BILLS], on))
