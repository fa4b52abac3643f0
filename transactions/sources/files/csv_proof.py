"""Use the running balance to prove each amount's sign, whatever the headings say.

If the balance moves by exactly the amounts of a column, row after row, that is no coincidence. The
steps give the true sign of every row but the oldest, and other readings are checked against them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

MOST_PROOF_LINES = 500
_LINES_TRIED = 12
_FEWEST_STEPS = 2
_FEWEST_MATCHES = 4
_ALMOST_ALL = 0.9
_MANY_STEPS = 10

Amounts = Sequence[Decimal | None]
# A row's place, and its amount's size and balance.
Line = tuple[int, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Proof:
    """The true amount of each row (None if unproved), and how the balance relates to it.

    ``is_newest_first`` is the order of the rows. ``is_before`` means that each row shows the
    balance before its payment. ``is_whole`` is False if gaps leave too many steps unproved: the
    proof then supports a sign, but not the choice of columns.
    """

    amounts: tuple[Decimal | None, ...]
    steps: int
    is_newest_first: bool
    is_before: bool = False
    is_whole: bool = True

    @property
    def proved(self) -> list[tuple[int, Decimal]]:
        return [(line, amount) for line, amount in enumerate(self.amounts) if amount]


def direction_of(days: Sequence[date | None]) -> int:
    """1 if the days rise from the first row to the last, -1 if they fall, else 0."""
    known = [day for day in days if day]
    return (known[-1] > known[0]) - (known[-1] < known[0]) if known else 0


def prove(
    sizes: Amounts,
    balances: Amounts,
    days: Sequence[date | None],
    opening: Decimal | None = None,
) -> Proof | None:
    """The proof that ``balances`` moves by amounts of these sizes in either direction; or None.

    ``opening`` is the balance before the oldest row, which only it can prove.
    """
    lines = [
        (place, abs(size), balance)
        for place, (size, balance) in enumerate(zip(sizes, balances, strict=True))
        if size and balance is not None
    ][:MOST_PROOF_LINES]
    steps = list(pairwise(lines))
    if not _are_enough(steps) or not _seems_to_follow(steps):
        return None
    if len({size for _place, size, _balance in lines}) == 1 and lines[0][1] == 1:
        return None  # a row counter steps by one, and so would a column of ones
    rising = direction_of(days)
    later = sum(abs(following[2] - line[2]) == following[1] for line, following in steps)
    earlier = sum(abs(following[2] - line[2]) == line[1] for line, following in steps)
    best = max(later, earlier)
    is_whole = best == len(steps) or (
        len(steps) >= _MANY_STEPS and best >= _ALMOST_ALL * len(steps)
    )
    if not is_whole and best < _FEWEST_MATCHES:
        return None
    is_later = later > earlier or (later == earlier and rising >= 0)
    proof = _proof(steps, len(sizes), rising, is_later=is_later)
    if opening is not None and not proof.is_before:
        proof = _with_oldest(proof, lines[-1 if proof.is_newest_first else 0], opening)
    return replace(proof, steps=best, is_whole=is_whole)


def _are_enough(steps: list) -> bool:
    """Whether there are two steps, or one between amounts that both have cents."""
    return len(steps) >= _FEWEST_STEPS or any(
        line[1] % 1 and following[1] % 1 for line, following in steps
    )


def _seems_to_follow(steps: list) -> bool:
    """A quick check of the first rows, because most pairs of columns are unrelated."""
    tried = steps[:_LINES_TRIED]
    fitting = sum(
        abs(following[2] - line[2]) in (line[1], following[1]) for line, following in tried
    )
    return fitting >= 0.3 * len(tried)


def _proof(steps: list, count_of_lines: int, rising: int, *, is_later: bool) -> Proof:
    """Sign the amounts by their steps; a step belongs to its later or its earlier row."""
    is_newest_first = rising < 0 or (rising == 0 and not is_later)
    sign = -1 if is_newest_first else 1
    amounts: list[Decimal | None] = [None] * count_of_lines
    for line, following in steps:
        place, size, _balance = following if is_later else line
        moved = following[2] - line[2]
        if abs(moved) == size:
            amounts[place] = sign * moved
    is_before = is_later == is_newest_first
    return Proof(tuple(amounts), 0, is_newest_first, is_before)


def _with_oldest(proof: Proof, oldest: Line, opening: Decimal) -> Proof:
    """The proof with the oldest row's amount, if the balance before it explains that row."""
    place, size, balance = oldest
    if abs(balance - opening) != size:
        return proof
    amounts = list(proof.amounts)
    amounts[place] = balance - opening
    return replace(proof, amounts=tuple(amounts))


def agreement(amounts: Amounts, proof: Proof) -> tuple[int, int]:
    """How many proved rows have the same sign as these amounts, and how many the opposite."""
    pairs = [(amounts[line], true) for line, true in proof.proved if amounts[line]]
    same = sum(amount == true for amount, true in pairs)
    opposite = sum(amount == -true for amount, true in pairs)
    return same, opposite
