"""Lets apps above report the effect of a planned category change, for example on budgets.

They register a function at start (banking/kernel/upward.py), so the ledger can show what a rule
would do to this month's limits without depending on budgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from banking.kernel.upward import Callbacks


@dataclass(frozen=True, slots=True)
class Move:
    """The change in a category's net amount (money in minus money out) on one date, in one
    currency.
    """

    on: date
    currency: str
    category_id: int | None
    net: Decimal


@dataclass(frozen=True, slots=True)
class LimitEffect:
    """A limit of this month, and the amount that counts against it, before and after.

    The statuses are on_track, warning or exceeded. `limit` may also change because of carry-over.
    """

    name: str
    color: str
    url: str
    currency: str
    before: Decimal
    after: Decimal
    limit_before: Decimal
    limit_after: Decimal
    status_before: str
    status_after: str

    @property
    def is_turned(self) -> bool:
        return self.status_before != self.status_after


# Each takes (user, moves, on) and returns LimitEffects. Called for every preview.
readers = Callbacks()


def limit_effects(user: Any, moves: Sequence[Move], on: date) -> list[LimitEffect]:
    """The moves' effects on the limits of the month of `on`; limits that change status
    come first.
    """
    if not moves:
        return []
    effects = [effect for read in readers.functions() for effect in read(user, moves, on)]
    return sorted(effects, key=lambda effect: (not effect.is_turned, effect.name.casefold()))
