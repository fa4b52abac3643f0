"""What an app above says about a change of categories before it is made, such as a budget's use.

An app above names its reader when it starts (banking/kernel/upward.py); so the ledger can show what
a rule would do to this month's limits, and knows nothing of budgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from banking.kernel.upward import Callbacks


@dataclass(frozen=True, slots=True)
class Move:
    """By how much a category's money in less money out would change on a day, in a currency."""

    on: date
    currency: str
    category_id: int | None
    net: Decimal


@dataclass(frozen=True, slots=True)
class LimitEffect:
    """A limit of this month, what counts against it before and after, and how it stands each time.

    The statuses are on_track, warning or exceeded; `limit` may move too, by what is carried over.
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


# Each takes (user, moves, on) and returns LimitEffects; asked about every preview.
readers = Callbacks()


def limit_effects(user: Any, moves: Sequence[Move], on: date) -> list[LimitEffect]:
    """What the moves would do to the limits of the month of `on`, those that turn first."""
    if not moves:
        return []
    effects = [effect for read in readers.functions() for effect in read(user, moves, on)]
    return sorted(effects, key=lambda effect: (not effect.is_turned, effect.name.casefold()))
