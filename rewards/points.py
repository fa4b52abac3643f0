"""Which points are left, when they expire, and how many a payment earns.

Points are used in the order they expire, those that never expire last: redeeming uses the points
that would be lost soonest, and an expiry removes only what has expired. Undoing a payment first
removes the points it earned itself.
"""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from rewards.models import PointsEntry, Reward


@dataclass(frozen=True, slots=True)
class Lot:
    """The remaining points of one entry."""

    entry_id: int
    points: int
    occurred_on: date
    expires_on: date | None


def lots_left(entries: Iterable[PointsEntry]) -> list[Lot]:
    """What is left of each entry that added points, the soonest to expire first.

    `entries` in order of id.
    """
    came: dict[int, PointsEntry] = {}
    left: dict[int, int] = {}
    by_end: list[tuple[date, int]] = []
    for entry in entries:
        if entry.points > 0:
            came[entry.pk], left[entry.pk] = entry, entry.points
            insort(by_end, (entry.expires_on or date.max, entry.pk))
            continue
        owed = -entry.points
        if entry.payment_id is not None:
            own = [pk for pk, one in came.items() if one.payment_id == entry.payment_id]
            owed = _take(own, owed, left)
        _take((pk for _, pk in by_end), owed, left)
        while by_end and not left[by_end[0][1]]:
            by_end.pop(0)
    rows = [came[pk] for _, pk in by_end if left[pk]]
    return [Lot(row.pk, left[row.pk], row.occurred_on, row.expires_on) for row in rows]


def _take(order: Iterable[int], owed: int, left: dict[int, int]) -> int:
    """Deduct from the entries in order; returns how much is missing."""
    for pk in order:
        if not owed:
            break
        taken = min(owed, left[pk])
        left[pk] -= taken
        owed -= taken
    return owed


def expiring_by(entries: Iterable[PointsEntry], by: date) -> list[Lot]:
    """The lots that will have expired by the end of `by`, soonest first."""
    return [lot for lot in lots_left(entries) if lot.expires_on and lot.expires_on <= by]


def points_for(reward: Reward, amount: Decimal, *, is_early: bool) -> int:
    """Points for a payment of `amount` (positive, base currency): whole units times the rate, plus
    the bonus if it is early, rounded down to whole points.
    """
    whole_units = amount.to_integral_value(rounding=ROUND_FLOOR)
    points = whole_units * reward.earn_rate
    if is_early:
        points += points * reward.early_bonus_percent / 100
    return int(points.to_integral_value(rounding=ROUND_FLOOR))
