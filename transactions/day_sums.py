"""Money in and out of accounts by day, added up over categories.

A page with several figures by day reads its days once: what the open snapshot has read is answered
from memory.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet, Sum

from banking.kernel.periods import Period
from banking.kernel.snapshot import read_before
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.models import Category, DailyTotal


class DaySum(NamedTuple):
    """One account's day, amounts positive and in its currency.

    `spent` is `outflow` without transfers, None if the day has nothing but transfers; `refunds` is
    money in with an expense category.
    """

    account_id: int
    on: date
    inflow: Decimal
    outflow: Decimal
    spent: Decimal | None
    refunds: Decimal

    @property
    def net(self) -> Decimal:
        return self.inflow - self.outflow


def day_sums(account_ids: Collection[int], periods: Sequence[Period]) -> list[DaySum]:
    """The sums of these accounts on the days of the periods, in at most one query."""
    if not (account_ids and periods):
        return []
    kept = read_before("day sums")
    for ids, spans, rows in kept:
        if ids.issuperset(account_ids) and all(_is_within(one, spans) for one in periods):
            return [
                row
                for row in rows
                if row.account_id in account_ids and any(row.on in one for one in periods)
            ]
    found = _read(account_ids, periods)
    kept.append((frozenset(account_ids), tuple(periods), found))
    return found


def _is_within(period: Period, spans: Sequence[Period]) -> bool:
    return any(span.start <= period.start and period.end <= span.end for span in spans)


def asking_days(account_ids: Collection[int], periods: Sequence[Period]) -> Asked:
    """The sums that `day_sums` reads."""
    starts, ends = [one.start for one in periods], [one.end for one in periods]
    return _SUMS.asking(account_ids, min(starts), max(ends), starts, ends)


def _read(account_ids: Collection[int], periods: Sequence[Period]) -> list[DaySum]:
    return [
        DaySum(pk, on, inflow, outflow, spent, refunds or Decimal(0))
        for pk, on, inflow, outflow, spent, refunds in asking_days(account_ids, periods).rows()
    ]


def _sums(
    account_ids: Collection[int],
    first: date,
    end: date,
    starts: Sequence[date],
    ends: Sequence[date],
) -> QuerySet[DailyTotal, tuple[Any, ...]]:
    """The sums on the days from each start to before its end, all between the first and the end."""
    spans = [_between(*span) for span in zip(starts, ends, strict=True)]
    is_transfer = Q(category__kind=Category.Kind.TRANSFER)
    is_expense = Q(category__kind=Category.Kind.EXPENSE)
    return (
        # The overall range is repeated outside the alternatives; otherwise SQLite reads more.
        DailyTotal.objects.filter(
            _between(first, end), reduce(or_, spans), account_id__in=account_ids
        )
        .order_by()
        .values_list("account_id", "day")
        .annotate(
            Sum("inflow"),
            Sum("outflow"),
            spent=Sum("outflow", filter=~is_transfer),
            refunds=Sum("inflow", filter=is_expense),
        )
    )


_SUMS = WrittenOnce(_sums)


def _between(start: date, end: date) -> Q:
    return Q(day__gte=start, day__lt=end)
