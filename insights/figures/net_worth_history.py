"""Net worth over time: what was held and owed at the end of each month, at that day's rates.

Each account is followed back from today's balance by the nets of its months, transfers included.
It counts from the month of its first transaction (before that nobody told what it held), an
archived one until the day it was archived; where nobody knows that day, to the month of its last.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Max, Min, Sum

from accounts.exchange import Converted, Rate, RateTable
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from accounts.models import Account
from banking.kernel.periods import Period, first_of_month
from insights.figures.net_worth import NetWorth, net_worth, was_active
from insights.figures.questions import Question
from insights.figures.spending import percent_change
from transactions.models import MonthlyTotal
from users.timezones import local_date


@dataclass(frozen=True, slots=True)
class WorthPoint:
    """What was owned and owed on the evening of `on`, over what could be converted."""

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
    """`now` is the dashboard's figure; `points` end with it where the period holds today."""

    question: Question
    now: NetWorth
    points: tuple[WorthPoint, ...]
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def change(self) -> Decimal | None:
        """From the first point to the last."""
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
    """From which month an account counts; to which, for an archived one of unknown day."""

    account: Account
    timezone: str
    first: date
    last: date

    def holds(self, evening: date) -> bool:
        month, account = first_of_month(evening), self.account
        if account.is_active or account.archived_at is not None:
            return self.first <= month and was_active(account, evening, self.timezone)
        return self.first <= month <= self.last


def net_worth_history(question: Question) -> NetWorthHistory:
    """The last evening of the month before the period and of each of its months, or today."""
    accounts, on = question.coverage.accounts, question.on
    evenings = _evenings(question.choice.period, on)
    currencies = {account.currency for account in accounts}
    rates = RateTable.for_dates(currencies, question.currency, {on, *evenings})
    now = net_worth(accounts=accounts, currency=question.currency, on=on, rates=rates)
    lives = _lives(accounts, question)
    points: list[WorthPoint] = []
    used: list[Rate] = []
    for evening, balances in _balances_back(accounts, evenings):
        worths = [
            (one, rates.convert(balances[one.pk], one.currency, evening))
            for one in accounts
            if lives[one.pk].holds(evening)
        ]
        if evening == on:
            worths = [(item.account, item.converted) for item in now.items]
        points.insert(0, _point(evening, worths))
        used += [converted.rate for _account, converted in worths if converted]
    begun = next((place for place, one in enumerate(points) if one.account_count), len(points))
    return NetWorthHistory(
        question=question,
        now=now,
        points=tuple(points[begun:]),
        not_converted=merged(line for point in points for line in point.not_converted),
        rates=rates_used(used),
    )


def _evenings(period: Period, on: date) -> list[date]:
    before = first_of_month(period.start) - timedelta(days=1)
    ends = [before, *(Period.month_of(month).last_day for month in period.months())]
    return sorted({min(end, on) for end in ends if first_of_month(end) <= on})


def _balances_back(
    accounts: Sequence[Account], evenings: Sequence[date]
) -> Iterator[tuple[date, dict[int, Decimal]]]:
    """The balances of each evening, from the last one back: today's less what came after."""
    balances = {account.pk: account.balance for account in accounts}
    later = _monthly_nets(accounts, evenings)
    for evening in reversed(evenings):
        while later and later[-1][0] > first_of_month(evening):
            _month, account_id, net = later.pop()
            balances[account_id] -= net
        yield evening, balances


def _monthly_nets(
    accounts: Sequence[Account], evenings: Sequence[date]
) -> list[tuple[date, int, Decimal]]:
    """What each month after the first evening's moved each balance by, in order."""
    if not (accounts and evenings):
        return []
    totals = MonthlyTotal.objects.filter(
        account_id__in=[account.pk for account in accounts],
        month__gt=first_of_month(evenings[0]),
    )
    grouped = totals.order_by("month").values_list("month", "account_id")
    return [
        (month, account_id, inflow - outflow)
        for month, account_id, inflow, outflow in grouped.annotate(Sum("inflow"), Sum("outflow"))
    ]


def _lives(accounts: Sequence[Account], question: Question) -> dict[int, _Life]:
    spans = {
        account_id: (first, last)
        for account_id, first, last in MonthlyTotal.objects.filter(
            account_id__in=question.coverage.account_ids
        )
        .order_by()
        .values_list("account_id")
        .annotate(Min("month"), Max("month"))
    }
    lives, timezone = {}, question.coverage.user.timezone
    for one in accounts:
        opened = first_of_month(local_date(timezone, one.created_at))
        first, last = spans.get(one.pk, (opened, opened))
        lives[one.pk] = _Life(one, timezone, min(first, opened), last)
    return lives


def _point(evening: date, worths: Iterable[tuple[Account, Converted | None]]) -> WorthPoint:
    worths = list(worths)
    amounts = [converted.amount for _account, converted in worths if converted]
    return WorthPoint(
        on=evening,
        assets=sum((amount for amount in amounts if amount > 0), Decimal(0)),
        liabilities=-sum((amount for amount in amounts if amount < 0), Decimal(0)),
        not_converted=tuple(
            NotConverted(one.pk, one.name, one.currency, 1, evening, evening)
            for one, converted in worths
            if converted is None
        ),
        account_count=len(worths),
    )
