"""Which unpaired transactions of one person look like the two sides of a transfer.

They come by day, so that of a long history only a few days are in memory at a time.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.exchange import RateTable
from banking.limits import TRANSFER_RATE_MARGIN

# Transactions further apart than this are not one transfer.
WINDOW = timedelta(days=4)
# (ID of the outflow, ID of the inflow)
IdPair = tuple[int, int]


class Side(NamedTuple):
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


def likely_pairs(sides: Iterable[Side], rejected: set[IdPair]) -> list[IdPair]:
    """Pairs with the same amount in different accounts, closest dates first. Then pairs in two
    currencies with a side entered by hand, those closest to the day's rate first.

    `sides` come by day, and can be iterated twice.
    """
    typed = _Typed()
    pairs = _nearest_pairs(typed.among(sides), rejected)
    if len(typed.currencies) < 2 or not typed.days:
        return pairs
    return [*pairs, *_pairs_across(sides, typed, rejected, pairs)]


class _Typed:
    """The days on which a person entered something, and the currencies of all that may belong to
    it: never a purchase or a refund, because among all, too many fit some rate by chance.
    """

    def __init__(self) -> None:
        self.days: set[date] = set()
        self.currencies: set[str] = set()

    def among(self, sides: Iterable[Side]) -> Iterator[Side]:
        for side in sides:
            if not side.has_purpose:
                self.currencies.add(side.currency)
                if side.is_typed:
                    self.days.add(side.on)
            yield side


def _nearest_pairs(sides: Iterable[Side], rejected: set[IdPair]) -> list[IdPair]:
    candidates = [
        (abs(out.on - into.on), out.pk, into.pk)
        for out, into in _with_one_amount(sides)
        if out.account_id != into.account_id and (out.pk, into.pk) not in rejected
    ]
    return _best_first(candidates, set())


def _with_one_amount(sides: Iterable[Side]) -> Iterator[tuple[Side, Side]]:
    """Nearby outflows and inflows with the same currency and amount."""
    near: deque[Side] = deque()
    # The same by currency and signed amount.
    alike: dict[tuple[str, Decimal], deque[Side]] = {}
    for side in sides:
        while near and side.on - near[0].on > WINDOW:
            passed = near.popleft()
            key = (passed.currency, passed.signed_amount)
            alike[key].popleft()
            if not alike[key]:
                del alike[key]
        for other in alike.get((side.currency, -side.signed_amount), ()):
            yield (side, other) if side.signed_amount < 0 else (other, side)
        near.append(side)
        alike.setdefault((side.currency, side.signed_amount), deque()).append(side)


def _pairs_across(
    sides: Iterable[Side], typed: _Typed, rejected: set[IdPair], pairs: list[IdPair]
) -> list[IdPair]:
    tables = RateTable.for_targets(dict.fromkeys(typed.currencies, typed.currencies), typed.days)
    candidates = []
    for out, into, on in _with_one_typed(sides):
        gap = _gap_to_rate(tables[into.currency], out, into, on)
        if gap is not None and gap <= TRANSFER_RATE_MARGIN and (out.pk, into.pk) not in rejected:
            candidates.append(((gap, abs(out.on - into.on)), out.pk, into.pk))
    return _best_first(candidates, {pk for pair in pairs for pk in pair})


def _with_one_typed(sides: Iterable[Side]) -> Iterator[tuple[Side, Side, date]]:
    """Nearby outflows and inflows in two currencies, with the day of the typed one."""
    near: deque[Side] = deque()
    near_typed: deque[Side] = deque()
    for side in sides:
        if side.has_purpose:
            continue
        _drop_passed(near, side.on)
        _drop_passed(near_typed, side.on)
        for other in near if side.is_typed else near_typed:
            is_out = side.signed_amount < 0
            if other.currency != side.currency and is_out == (other.signed_amount > 0):
                out, into = (side, other) if is_out else (other, side)
                yield from ((out, into, one.on) for one in (side, other) if one.is_typed)
        near.append(side)
        if side.is_typed:
            near_typed.append(side)


def _drop_passed(sides: deque[Side], on: date) -> None:
    while sides and on - sides[0].on > WINDOW:
        sides.popleft()


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
