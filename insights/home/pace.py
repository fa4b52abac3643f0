"""The month's spending by day compared with the month before and the budgets, and a projection.

Spending is what `cash_flow` calls expenses: money out minus refunds, without transfers.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.exchange import RateTable
from accounts.models import Account
from banking.kernel.periods import Period, add_months
from insights.figures.coverage import Coverage
from transactions.day_sums import day_sums

# The projection averages the rest of up to this many previous months.
PAST_MONTHS = 3
_ZERO = Decimal(0)

DailySpending = Mapping[date, Decimal]


@dataclass(frozen=True, slots=True)
class PaceDay:
    """Running totals at the end of one day of the month; None where a line doesn't reach."""

    on: date
    spent: Decimal | None
    before: Decimal
    budget: Decimal | None
    projected: Decimal | None


@dataclass(frozen=True, slots=True)
class MonthPace:
    """One month's spending in `currency`, through `through` (today, or the last day of a month
    that is over).

    `before` is the spending of the month before through the same day, `before_total` all of it.
    `projected` is the expected total at the end of a running month, None without a month to learn
    from. `budget` is the sum of the month's limits, None without budgets.
    """

    period: Period
    on: date
    currency: str
    days: tuple[PaceDay, ...]
    spent: Decimal
    before: Decimal
    before_total: Decimal
    projected: Decimal | None
    budget: Decimal | None

    @property
    def is_running(self) -> bool:
        return self.on in self.period and self.on != self.period.last_day

    @property
    def through(self) -> date:
        return min(self.on, self.period.last_day)

    @property
    def so_far(self) -> Period:
        """The days that `spent` covers."""
        return Period(self.period.start, self.through + timedelta(days=1))

    @property
    def before_so_far(self) -> Period:
        """The days that `before` covers."""
        month = self.period.previous()
        last = min(month.start + timedelta(days=self.so_far.days - 1), month.last_day)
        return Period(month.start, month.end if not self.is_running else last + timedelta(days=1))

    @property
    def difference(self) -> Decimal:
        """How much more (positive) or less was spent than by the same day of the month before."""
        return self.spent - self.before

    @property
    def has_before(self) -> bool:
        return any(day.before for day in self.days)

    @property
    def is_empty(self) -> bool:
        return not any((day.spent or day.before) for day in self.days)

    @property
    def budget_left(self) -> Decimal | None:
        return None if self.budget is None else self.budget - self.spent


def month_pace(
    *, coverage: Coverage, currency: str, month: date, on: date, budget: Decimal | None = None
) -> MonthPace:
    """The pace of `month` as of the date `on`.

    Reads the month and the three before, by day: one query, and one for rates if it needs any.
    """
    period = Period.month_of(month)
    spending = daily_spending(coverage.accounts, currency, pace_period(month))
    return pace_of(spending, period=period, on=on, currency=currency, budget=budget)


def pace_period(month: date) -> Period:
    """The days that the pace of a month is read from: the month and the three before."""
    period = Period.month_of(month)
    return Period(add_months(period.start, -PAST_MONTHS), period.end)


def pace_of(
    spending: DailySpending,
    *,
    period: Period,
    on: date,
    currency: str,
    budget: Decimal | None = None,
) -> MonthPace:
    """The pace from each day's spending."""
    through = min(on, period.last_day)
    is_running = on in period and on != period.last_day
    previous = period.previous()
    rest = expected_rest(spending, period, through) if is_running else {}
    spent = before = _ZERO
    projected: Decimal | None = None
    days = []
    for number in range(period.days):
        day = period.start + timedelta(days=number)
        before += _day_before(spending, previous, number, is_last=day == period.last_day)
        if day <= through:
            spent += spending.get(day, _ZERO)
            projected = spent if day == through and rest else None
        elif rest:
            projected = (projected or _ZERO) + rest[day]
        share = None if budget is None else budget * (number + 1) / period.days
        days.append(PaceDay(day, spent if day <= through else None, before, share, projected))
    passed = max((through - period.start).days + 1, 0)
    return MonthPace(
        period=period,
        on=on,
        currency=currency,
        days=tuple(days),
        spent=spent,
        before=days[passed - 1].before if passed else _ZERO,
        before_total=before,
        projected=projected,
        budget=budget,
    )


def _day_before(
    spending: DailySpending, previous: Period, number: int, *, is_last: bool
) -> Decimal:
    """The spending on the same day of the month before; extra days count on the last day."""
    first = previous.start + timedelta(days=number)
    last = previous.last_day if is_last else first
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return sum((spending.get(day, _ZERO) for day in days if day in previous), _ZERO)


def expected_rest(spending: DailySpending, period: Period, through: date) -> dict[date, Decimal]:
    """{day after `through`: average spending on that day in previous months}.

    Months without spending don't count. Empty if there are none.
    """
    months = [
        Period.month_of(add_months(period.start, -back)) for back in range(1, PAST_MONTHS + 1)
    ]
    known = [month for month in months if any(day in month for day in spending)]
    if not known:
        return {}
    found = {}
    for number in range((through - period.start).days + 1, period.days):
        day = period.start + timedelta(days=number)
        is_last = day == period.last_day
        sums = [_day_before(spending, month, number, is_last=is_last) for month in known]
        found[day] = sum(sums, _ZERO) / len(known)
    return found


def daily_spending(
    accounts: Collection[Account], currency: str, period: Period
) -> dict[date, Decimal]:
    """{day: spending in `currency`} on these accounts, at each day's rate.

    Amounts without a rate are left out, as in every figure.
    """
    rows = _daily_nets(accounts, period)
    rates = RateTable.for_dates({row[0] for row in rows}, currency, {row[1] for row in rows})
    found: dict[date, Decimal] = defaultdict(Decimal)
    for code, day, net in rows:
        if converted := rates.convert(net, code, day):
            found[day] -= converted.amount
    return dict(found)


def _daily_nets(accounts: Collection[Account], period: Period) -> list[tuple[str, date, Decimal]]:
    """(currency, day, signed net of what counts as spending) from the totals kept by day."""
    currencies = {account.pk: account.currency for account in accounts}
    nets: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for row in day_sums(currencies.keys(), [period]):
        if row.spent is not None:
            nets[currencies[row.account_id], row.on] += row.refunds - row.spent
    return [(code, day, net) for (code, day), net in nets.items()]
