"""Which points are left, when they expire, and how many a payment earns.

Points leave in the order in which they came: whatever is redeemed or expires is taken from the
oldest points that are left.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from rewards.models import PointsEntry, Reward


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one entry that are still there."""

    entry_id: int
    points: int
    occurred_on: date
    expires_on: date | None


def lots_left(entries: Iterable[PointsEntry]) -> list[Lot]:
    """What is left of each entry that brought points, oldest first. `entries` in order of id."""
    lots: deque[list] = deque()
    for entry in entries:
        if entry.points > 0:
            lots.append([entry.pk, entry.points, entry.occurred_on, entry.expires_on])
            continue
        owed = -entry.points
        while owed and lots:
            taken = min(owed, lots[0][1])
            lots[0][1] -= taken
            owed -= taken
            if lots[0][1] == 0:
                lots.popleft()
    return [Lot(*lot) for lot in lots]


def expiring_by(entries: Iterable[PointsEntry], by: date) -> list[Lot]:
    """The lots that are gone after the day `by`, oldest first."""
    return [lot for lot in lots_left(entries) if lot.expires_on and lot.expires_on <= by]


def points_for(reward: Reward, amount: Decimal, *, is_early: bool) -> int:
    """Points for a payment of `amount` (positive, base currency): whole units times the rate, with
    the bonus when it is early, whole points rounded down."""
    whole_units = amount.to_integral_value(rounding=ROUND_FLOOR)
    points = whole_units * reward.earn_rate
    if is_early:
        points += points * reward.early_bonus_percent / 100
    return int(points.to_integral_value(rounding=ROUND_FLOOR))
