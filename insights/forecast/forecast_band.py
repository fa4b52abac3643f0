"""Everyday spending: past daily nets beyond bills and recurring payments, and their spread.

The average by weekday gives the line. The deviations of sums over equally many consecutive days
give the band, from the 10th to the 90th percentile. Recurring payments are subtracted as they were
expected, so early, late or more expensive payments widen the band.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.exchange import Rate
from accounts.models import Account
from banking.kernel.money import Units, from_units, to_units
from insights.forecast.expected_events import Event
from insights.forecast.forecast_ledger import Ledger
from insights.recurring.entries import Entry
from insights.recurring.patterns import Series
from insights.recurring.recurring import Recurring, expected_after

# The band leaves out 10% of the days on each side.
LOW, HIGH = 10, 90
LEAST_WINDOWS = 30


@dataclass(frozen=True, slots=True)
class Point:
    """The balance at the end of a day: the expected value and the band's limits."""

    on: date
    low: Decimal
    expected: Decimal
    high: Decimal


def worth(amount: Units, rate: Rate) -> Units:
    """An amount in the forecast's currency."""
    return amount if rate.rate_on is None else Units(round(amount * rate.rate))


def foreseen(
    found: Iterable[Recurring], payments: Iterable[Entry], today: int
) -> Iterator[tuple[int, int, int]]:
    """(account, day, signed amount) of planned payments: recurring ones, and payments of other
    bills.
    """
    for event in found:
        sign = 1 if event.is_income else -1
        for day, amount in _expected_then(event.series, today):
            yield event.account.pk, day, sign * amount
    for entry in payments:
        yield entry.account_id, entry.day, entry.amount


def everyday_rest(
    ledger: Ledger,
    accounts: Sequence[Account],
    rates: Mapping[int, Rate],
    planned: Iterable[tuple[int, int, int]],
    today: int,
    history: int,
) -> list[int]:
    """The net of each of the last `history` days without planned payments, oldest first."""
    start = today - history + 1
    rest = [0] * history
    for account in accounts:
        rate = rates[account.pk]
        for day, net in ledger.daily.get(account.pk, {}).items():
            if start <= day <= today:
                rest[day - start] += worth(Units(net), rate)
    for account_id, day, amount in planned:
        if start <= day <= today:
            rest[day - start] -= worth(Units(amount), rates[account_id])
    return rest


def _expected_then(series: Series, today: int) -> list[tuple[int, Units]]:
    """(day, amount) of each payment as expected from the payments before it."""
    expected = []
    for position, (slot, line) in enumerate(series.slots):
        before = series.amounts[:position] or (line.amount,)
        amount = expected_after(before, is_fixed=series.is_fixed)
        day = min(series.rhythm.slot_day(series.anchor, slot), today)
        expected.append((day, amount))
    return expected


def banded_points(
    balance: int, events: Sequence[Event], rest: Sequence[int], on: date, days: int
) -> tuple[Point, ...]:
    """The line and its band, day by day."""
    usual = _by_weekday(rest, on)
    planned = [0] * (days + 1)
    for event in events:
        planned[(event.on - on).days] += to_units(event.amount)
    points = []
    below = above = 0
    line = balance
    for ahead in range(1, days + 1):
        line += planned[ahead] + usual[(on.weekday() + ahead) % 7]
        low, middle, high = _spread(rest, usual, on, ahead)
        below, above = max(below, middle - low), max(above, high - middle)
        expected = line + middle
        points.append(
            Point(
                on + timedelta(days=ahead),
                from_units(Units(expected - below)),
                from_units(Units(expected)),
                from_units(Units(expected + above)),
            )
        )
    return tuple(points)


def _by_weekday(rest: Sequence[int], on: date) -> list[int]:
    """The average rest by weekday; the last value of `rest` belongs to the day `on`."""
    sums, counts = [0] * 7, [0] * 7
    for back, amount in enumerate(reversed(rest)):
        weekday = (on.weekday() - back) % 7
        sums[weekday] += amount
        counts[weekday] += 1
    return [total // count for total, count in zip(sums, counts, strict=True)]


def _spread(
    rest: Sequence[int], usual: Sequence[int], on: date, ahead: int
) -> tuple[int, int, int]:
    """How far sums over `ahead` consecutive days deviate from their average: 10, 50 and 90%.

    With too few such spans in the history, the longest available ones are scaled up: the spread of
    a sum grows with the square root of its length.
    """
    length = min(ahead, len(rest) - LEAST_WINDOWS)
    first = (on.weekday() - len(rest) + 1) % 7
    beyond = [amount - usual[(first + at) % 7] for at, amount in enumerate(rest)]
    total = sum(beyond[:length])
    sums = [total]
    for at in range(length, len(beyond)):
        total += beyond[at] - beyond[at - length]
        sums.append(total)
    sums.sort()
    low, middle, high = (sums[(len(sums) - 1) * part // 100] for part in (LOW, 50, HIGH))
    widened = _widening(len(rest), ahead) * (ahead / length) ** 0.5
    return (
        middle - round((middle - low) * widened),
        middle,
        middle + round((high - middle) * widened),
    )


def _widening(history: int, ahead: int) -> float:
    """Correction for few samples: roughly Student's t over the normal quantile at 80%."""
    independent = max(history / ahead - 1, 1)
    return 1 + 0.8 / independent
