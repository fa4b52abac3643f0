"""Which unpaired transactions of one person look like the two sides of a transfer."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.exchange import RateTable
from banking.limits import TRANSFER_RATE_MARGIN

# Transactions further apart than this are not one transfer.
WINDOW = timedelta(days=4)
# (ID of the outflow, ID of the inflow)
IdPair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Side:
    """One transaction as the search sees it; `is_typed` if a person entered it, and `has_purpose`
    if its category says that it is income or spending.
    """

    pk: int
    account_id: int
    signed_amount: Decimal
    on: date
    currency: str
    is_typed: bool
    has_purpose: bool


# Transactions by currency and positive amount.
Sides = dict[tuple[str, Decimal], list[Side]]


def nearest_pairs(sides: Sides, rejected: set[IdPair]) -> list[IdPair]:
    """Pairs with the same amount in different accounts, closest dates first."""
    candidates: list[tuple[timedelta, int, int]] = []
    for same in sides.values():
        outflows = [side for side in same if side.signed_amount < 0]
        inflows = [side for side in same if side.signed_amount > 0]
        candidates += [
            (abs(out.on - into.on), out.pk, into.pk)
            for out in outflows
            for into in inflows
            if out.account_id != into.account_id
            and abs(out.on - into.on) <= WINDOW
            and (out.pk, into.pk) not in rejected
        ]
    return _best_first(candidates, set())


def pairs_across(sides: Sides, rejected: set[IdPair], pairs: list[IdPair]) -> list[IdPair]:
    """Further pairs in two currencies with a side entered by hand; those closest to the day's rate
    first.

    Only around amounts typed by a person, and never for a purchase or a refund: among all, too many
    fit some rate by chance.
    """
    every = [side for same in sides.values() for side in same if not side.has_purpose]
    currencies = {side.currency for side in every}
    days = {side.on for side in every if side.is_typed}
    if not days or len(currencies) < 2:
        return []
    tables = RateTable.for_targets(dict.fromkeys(currencies, currencies), days)
    candidates = []
    for out, into, on in _opposite(every):
        gap = _gap_to_rate(tables[into.currency], out, into, on)
        if gap is not None and gap <= TRANSFER_RATE_MARGIN and (out.pk, into.pk) not in rejected:
            candidates.append(((gap, abs(out.on - into.on)), out.pk, into.pk))
    return _best_first(candidates, {pk for pair in pairs for pk in pair})


def _opposite(every: list[Side]) -> Iterator[tuple[Side, Side, date]]:
    """Nearby outflows and inflows in two currencies and accounts, with the day of the typed one."""
    by_day: dict[date, list[Side]] = defaultdict(list)
    for side in every:
        by_day[side.on].append(side)
    for side in every:
        if not side.is_typed:
            continue
        for days in range(-WINDOW.days, WINDOW.days + 1):
            for other in by_day.get(side.on + timedelta(days=days), ()):
                is_out = side.signed_amount < 0
                if other.currency != side.currency and is_out == (other.signed_amount > 0):
                    yield (side, other, side.on) if is_out else (other, side, side.on)


def _gap_to_rate(table: RateTable, out: Side, into: Side, on: date) -> Decimal | None:
    """How far the amount received is from the day's rate, as a share; None without a rate."""
    expected = table.convert(-out.signed_amount, out.currency, on)
    return None if expected is None else abs(into.signed_amount / expected.amount - 1)


def _best_first(candidates: Iterable[tuple[Any, int, int]], used: set[int]) -> list[IdPair]:
    """The pairs (rank, outflow, inflow) with the lowest ranks, each side once."""
    pairs = []
    for _, out, into in sorted(candidates):
        if out not in used and into not in used:
            used |= {out, into}
            pairs.append((out, into))
    return pairs
