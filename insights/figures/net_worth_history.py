"""Net worth over time: on the first and last evening of the period and at each month end between,
each at its own day's rates.

Balances are computed backward from today's, by each month's net change including transfers. An
account counts from the day it was added here, or from the month of an earlier first transaction
(before that, its balance is unknown). An archived account counts until the day it was archived or,
if that is unknown, through the month of its last transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum

from accounts.exchange import Converted, Rate, RateTable
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from accounts.models import Account
from banking.kernel.periods import Period, first_of_month
from banking.kernel.written_once import Asked, WrittenOnce
from insights.figures.net_worth import NetWorth, net_worth, was_active
from insights.figures.questions import Question
from insights.figures.spending import percent_change
from transactions.day_sums import day_sums
from transactions.models import MonthlyTotal
from users.timezones import local_date

# (month, account id, the balance change in that month)
MonthNet = tuple[date, int, Decimal]


@dataclass(frozen=True, slots=True)
class WorthPoint:
    """Assets and debts on the evening of `on`, over what could be converted."""

    on: date
    assets: Decimal
    liabilities: Decimal
    not_converted: tuple[NotConverted, ...]
    account_count: int

    @property
    def total(self) -> Decimal:
        return self.assets - self.liabilities

    @property
    def not_converted_count(self) -> int:
        return len(self.not_converted)


@dataclass(frozen=True, slots=True)
class NetWorthHistory:
    """`now` is the dashboard's figure; `points` end with it if the period includes today.

    `last` is the figure for the period: its last evening, or nothing if there was no account yet.
    """

    question: Question
    now: NetWorth
    last: WorthPoint
    points: tuple[WorthPoint, ...]
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def change(self) -> Decimal | None:
        """Change from the first point to the last."""
        return self.points[-1].total - self.points[0].total if len(self.points) > 1 else None

    @property
    def change_percent(self) -> Decimal | None:
        first = self.points[0].total if self.points else Decimal(0)
        return percent_change(self.points[-1].total, first) if first > 0 else None

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)


@dataclass(frozen=True, slots=True)
class _Life:
    """The day an account counts from; for an archived account of unknown day, its last month."""

    account: Account
    timezone: str
    first: date
    last: date

    def holds(self, evening: date) -> bool:
        month, account = first_of_month(evening), self.account
        if account.is_active or account.archived_at is not None:
            return self.first <= evening and was_active(account, evening, self.timezone)
        return self.first <= evening and month <= self.last


def net_worth_history(question: Question) -> NetWorthHistory:
    """The first evening of the period, each month end in it, and its last evening, or today."""
    accounts, on = question.coverage.accounts, question.on
    evenings = evenings_in(question.choice.period, on)
    currencies = {account.currency for account in accounts}
    rates = RateTable.for_dates(currencies, question.currency, {on, *evenings})
    now = net_worth(accounts=accounts, currency=question.currency, on=on, rates=rates)
    nets = _monthly_nets(accounts)
    lives = _lives(accounts, nets, question)
    points: list[WorthPoint] = []
    used: list[Rate] = []
    for evening, balances in _balances_back(accounts, evenings, nets):
        worths = [
            (account, rates.convert(balances[account.pk], account.currency, evening))
            for account in accounts
            if lives[account.pk].holds(evening)
        ]
        if evening == on:
            worths = [(item.account, item.converted) for item in now.items]
        points.insert(0, _point(evening, worths))
        used += [converted.rate for _account, converted in worths if converted]
    begun = next((place for place, one in enumerate(points) if one.account_count), len(points))
    if not evenings:
        # A future period shows today's balances: nothing later is known.
        points = [_point(on, [(item.account, item.converted) for item in now.items])]
    return NetWorthHistory(
        question=question,
        now=now,
        last=points[-1],
        points=tuple(points[begun:]),
        not_converted=merged(line for point in points for line in point.not_converted),
        rates=rates_used(used),
    )


def evenings_in(period: Period, on: date) -> list[date]:
    """The period's first evening, its month ends, and its last evening, none after `on`."""
    if period.start > on:
        return []
    ends = [Period.month_of(month).last_day for month in period.months()]
    return sorted({period.start, *(min(end, on, period.last_day) for end in ends)})


def _balances_back(
    accounts: Sequence[Account], evenings: Sequence[date], nets: Sequence[MonthNet]
) -> Iterator[tuple[date, dict[int, Decimal]]]:
    """Each evening's balances, computed backward: today's minus what came later."""
    balances = {account.pk: account.balance for account in accounts}
    later = list(nets)
    rest = _rest_of_months(accounts, evenings)
    for evening in reversed(evenings):
        while later and later[-1][0] > first_of_month(evening):
            _month, account_id, net = later.pop()
            balances[account_id] -= net
        of_month = rest.get(evening, {})
        yield evening, {pk: held - of_month.get(pk, 0) for pk, held in balances.items()}


def _rest_of_months(
    accounts: Sequence[Account], evenings: Sequence[date]
) -> dict[date, dict[int, Decimal]]:
    """{evening inside a month: {account: balance change over the rest of that month}}."""
    rests = {
        evening: Period(evening + timedelta(days=1), Period.month_of(evening).end)
        for evening in evenings
        if evening != Period.month_of(evening).last_day
    }
    if not (accounts and rests):
        return {}
    days = day_sums({account.pk for account in accounts}, list(rests.values()))
    found: dict[date, dict[int, Decimal]] = {}
    for evening, rest in rests.items():
        sums = found.setdefault(evening, {})
        for day in days:
            if day.on in rest:
                sums[day.account_id] = sums.get(day.account_id, Decimal(0)) + day.net
    return found


def _monthly_nets(accounts: Sequence[Account]) -> list[MonthNet]:
    """Each month's balance change by account, in order."""
    if not accounts:
        return []
    return [
        (month, account_id, inflow - outflow)
        for month, account_id, inflow, outflow in asking_nets(accounts).rows()
    ]


def asking_nets(accounts: Iterable[Account]) -> Asked:
    """The totals of every month that `net_worth_history` reads."""
    return _NETS.asking([account.pk for account in accounts])


_NETS = WrittenOnce(
    lambda account_ids: (
        MonthlyTotal.objects.filter(account_id__in=account_ids)
        .order_by("month")
        .values_list("month", "account_id")
        .annotate(Sum("inflow"), Sum("outflow"))
    )
)


def _lives(
    accounts: Sequence[Account], nets: Sequence[MonthNet], question: Question
) -> dict[int, _Life]:
    months: dict[int, list[date]] = {}
    for month, account_id, _net in nets:
        months.setdefault(account_id, []).append(month)
    lives, timezone = {}, question.coverage.user.timezone
    for account in accounts:
        opened = local_date(timezone, account.created_at)
        of_account = months.get(account.pk) or [first_of_month(opened)]
        first = min(of_account[0], opened) if account.pk in months else opened
        lives[account.pk] = _Life(account, timezone, first, of_account[-1])
    return lives


def _point(evening: date, worths: Iterable[tuple[Account, Converted | None]]) -> WorthPoint:
    worths = list(worths)
    amounts = [converted.amount for _account, converted in worths if converted]
    return WorthPoint(
        on=evening,
        assets=sum((amount for amount in amounts if amount > 0), Decimal(0)),
        liabilities=-sum((amount for amount in amounts if amount < 0), Decimal(0)),
        not_converted=tuple(
            NotConverted(account.pk, account.name, account.currency, 1, evening, evening)
            for account, converted in worths
            if converted is None
        ),
        account_count=len(worths),
    )
