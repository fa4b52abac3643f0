"""Find the best overall pairing of lines with the same amount, whatever their order."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

# Up to this many lines on the smaller side are paired exactly. The cost grows with the square.
EXACT_UP_TO = 10
EXACT_CELLS = 400
NO_PAIR = 10_000
# Paired lines are at most this many days apart.
FARTHEST = 31

Cost = Callable[[Any, Any], int | None]


def of_one_amount(
    left: Iterable[Any], right: Iterable[Any]
) -> Iterator[tuple[list[Any], list[Any]]]:
    """The lines of both sides by amount (`units`), where both have any; `right` sorted by day."""
    wanted = {line.units for line in left}
    theirs: dict[int, list[Any]] = defaultdict(list)
    for line in right:
        if line.units in wanted:
            theirs[line.units].append(line)
    ours: dict[int, list[Any]] = defaultdict(list)
    for line in left:
        if line.units in theirs:
            ours[line.units].append(line)
    for units, lines in ours.items():
        yield lines, sorted(theirs[units], key=lambda line: (line.day, line.pk))


def clusters(
    left: Sequence[Any], right: Sequence[Any], reach: int
) -> Iterator[tuple[list[Any], list[Any]]]:
    """Split lines, sorted by `day`, wherever neighbors are more than `reach` days apart."""
    merged = sorted(
        [(line.day, 0, place) for place, line in enumerate(left)]
        + [(line.day, 1, place) for place, line in enumerate(right)]
    )
    ours: list[Any] = []
    theirs: list[Any] = []
    last: int | None = None
    for day, side, place in merged:
        if last is not None and day - last > reach:
            if ours and theirs:
                yield ours, theirs
            ours, theirs = [], []
        (theirs if side else ours).append((right if side else left)[place])
        last = day
    if ours and theirs:
        yield ours, theirs


def best_pairs(left: list[Any], right: list[Any], cost: Cost) -> list[tuple[Any, Any]]:
    """The largest possible number of pairs, at the lowest total cost. A `cost` of None forbids a
    pair.

    Both sides are sorted by day. Large clusters (many lines with one amount on nearby days) are
    paired in date order, which also gives the largest number of pairs.
    """
    if len(left) == len(right) == 1:
        return [(left[0], right[0])] if cost(left[0], right[0]) is not None else []
    is_small = min(len(left), len(right)) <= EXACT_UP_TO and len(left) * len(right) <= EXACT_CELLS
    if not is_small:
        return _in_order(left, right, cost)
    if len(left) <= len(right):
        return _cheapest(left, right, cost)
    turned = _cheapest(right, left, lambda row, other: cost(other, row))
    return [(other, row) for row, other in turned]


def _in_order(left: list[Any], right: list[Any], cost: Cost) -> list[tuple[Any, Any]]:
    """Give each line the earliest free partner it may have."""
    pairs, free = [], list(right)
    start = 0
    for line in left:
        while start < len(free) and line.day - free[start].day > FARTHEST:
            start += 1
        for place in range(start, min(start + EXACT_CELLS, len(free))):
            if cost(line, free[place]) is not None:
                pairs.append((line, free[place]))
                del free[place]
                break
    return pairs


def _cheapest(rows: list[Any], columns: list[Any], cost: Cost) -> list[tuple[Any, Any]]:
    """The Hungarian algorithm, for at most as many rows as columns."""
    costs = [[_priced(cost(row, other)) for other in columns] for row in rows]
    width = len(columns)
    row_price, column_price = [0] * (len(rows) + 1), [0] * (width + 1)
    row_of = [0] * (width + 1)
    for row in range(1, len(rows) + 1):
        row_of[0] = row
        _augment(costs, row_price, column_price, row_of, width)
    found = [(row_of[column], column) for column in range(1, width + 1) if row_of[column]]
    return [
        (rows[row - 1], columns[column - 1])
        for row, column in sorted(found)
        if costs[row - 1][column - 1] < NO_PAIR
    ]


def _augment(
    costs: list[list[int]],
    row_price: list[int],
    column_price: list[int],
    row_of: list[int],
    width: int,
) -> None:
    """Find the shortest augmenting path from the row in `row_of[0]` and apply it."""
    least, before = [NO_PAIR * NO_PAIR] * (width + 1), [0] * (width + 1)
    unused = set(range(width + 1))
    column = 0
    while row_of[column]:
        unused.discard(column)
        row = row_of[column]
        for other in unused:
            reduced = costs[row - 1][other - 1] - row_price[row] - column_price[other]
            if reduced < least[other]:
                least[other], before[other] = reduced, column
        nearest = min(unused, key=lambda other: (least[other], other))
        delta = least[nearest]
        for other in set(range(width + 1)) - unused:
            row_price[row_of[other]] += delta
            column_price[other] -= delta
        for other in unused:
            least[other] -= delta
        column = nearest
    while column:
        row_of[column] = row_of[before[column]]
        column = before[column]


def _priced(cost: int | None) -> int:
    return NO_PAIR if cost is None else cost
