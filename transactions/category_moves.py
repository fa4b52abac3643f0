"""What an app above says about a change of categories before it is made, such as a budget's use.

An app above gives its reader at start; so the ledger can show what a rule would do to this month's
limits, and knows nothing of budgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.module_loading import import_string


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


_readers: list[str] = []


def read_moves_by(path: str) -> None:
    """Ask the function at this path (user, moves, on) about every preview. Called at start.

    By its path: an app's models are not there yet when it starts.
    """
    if path not in _readers:
        _readers.append(path)


def limit_effects(user: Any, moves: Sequence[Move], on: date) -> list[LimitEffect]:
    """What the moves would do to the limits of the month of `on`, those that turn first."""
    if not moves:
        return []
    effects = [effect for path in _readers for effect in import_string(path)(user, moves, on)]
    return sorted(effects, key=lambda effect: (not effect.is_turned, effect.name.casefold()))
