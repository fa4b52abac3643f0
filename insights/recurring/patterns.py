"""Find regular payments among one merchant's transactions: dates and amounts only, no database.

A run counts as regular if it contains nearly all of the transactions it was searched in: an
occasional purchase has a transaction near every expected date, and many others besides. First, all
transactions are tried as one series whose amounts may drift; then groups of similar amounts,
because a merchant may have several contracts or pay twice a month. With more transactions than any
contract has, such as a hundred purchases a year, only frequent payments at one price are searched
for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from banking.kernel.money import Units
from insights.recurring.cadence import RHYTHMS, Rhythm, month_day, month_number

# Amounts within this ratio of the next higher one may be one contract.
ALIKE = 1.10
# Two amounts are the same if they differ by at most this share.
SAME = 0.005
EXPLAINED = 0.85
# Two contracts of weekly payments in the 25 months that one search covers.
MOST_OF_ONE_MERCHANT = 220
# For a busier merchant: the minimum payments at one price; more than one a week do not count.
LEAST_AMONG_MANY = 6
BY_CHANCE = 1e-9
MOST_OF_ONE_PRICE = MOST_OF_ONE_MERCHANT // 2
# With more transactions than this, two similar ones a year apart are a coincidence.
FEW = 8
MOST_AT_ONCE = 3
# At least this share of a series' gaps must match its cadence.
REGULAR = 0.4
_ALL = list(RHYTHMS.values())


class Line(NamedTuple):
    """One transaction: its day, and its absolute amount in ten-thousandths."""

    day: int
    amount: Units
    pk: int

    @property
    def on(self) -> date:
        return date.fromordinal(self.day)


# Not with slots: what is worked out of a series is asked for many times.
@dataclass(frozen=True)
class Series:
    """Transactions that follow a cadence, by slot and in order."""

    rhythm: Rhythm
    anchor: int
    slots: tuple[tuple[int, Line], ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for _, line in self.slots)

    @cached_property
    def amounts(self) -> tuple[Units, ...]:
        return tuple(line.amount for _, line in self.slots)

    @property
    def first_slot(self) -> int:
        return self.slots[0][0]

    @property
    def last_slot(self) -> int:
        return self.slots[-1][0]

    @property
    def missed(self) -> int:
        """How many occurrences are missing between the first and the last."""
        wanted = (self.last_slot - self.first_slot) // self.rhythm.next_slot(0) + 1
        return wanted - len(self.slots)

    @cached_property
    def is_fixed(self) -> bool:
        """Whether most payments equal the one before: a fixed price, not usage."""
        return same_share(self.amounts) >= 0.6

    def late(self) -> list[int]:
        """The delay of each payment after its slot, in days."""
        return [line.day - self.rhythm.slot_day(self.anchor, slot) for slot, line in self.slots]


def is_same(one: int, other: int) -> bool:
    return abs(one - other) <= SAME * max(one, other)


def same_share(amounts: Sequence[int]) -> float:
    """The share of payments that repeat the previous amount."""
    pairs = list(pairwise(amounts))
    return sum(is_same(*pair) for pair in pairs) / len(pairs) if pairs else 0.0


def find_series(lines: Iterable[Line]) -> list[Series]:
    """The regular series among one merchant's transactions on one account in one direction."""
    rows = sorted(lines)
    return list(_found(tuple(rows))) if len(rows) > 1 else []


# After a change, the payments to nearly every merchant are those of the search before. A forecast
# searches five hundred such groups, today's and those of six earlier months: with room for fewer
# it would find none again.
@lru_cache(maxsize=1024)
def _found(lines: tuple[Line, ...]) -> tuple[Series, ...]:
    is_few = len(lines) <= MOST_OF_ONE_MERCHANT
    return tuple(_find_among_few(list(lines)) if is_few else _find_among_many(lines))


def _find_among_few(rows: list[Line]) -> list[Series]:
    whole = _explain_as_one(rows)
    if whole is not None:
        return [whole]
    is_busy = len(rows) > FEW
    found: list[Series] = []
    for cluster in _alike(rows):
        if not (is_busy and _is_by_chance(cluster)):
            found += _explain_as_several(cluster)
    found, rest = _complete(_joined(found), rows)
    if len(rest) < len(rows):
        last = _explain_as_one(rest)
        found += [last] if last is not None else []
    return found


def _find_among_many(rows: Iterable[Line]) -> list[Series]:
    """Series at one exact price, continued after price changes: similar prices alone are too common
    here.
    """
    by_price: dict[int, list[Line]] = defaultdict(list)
    for line in rows:
        by_price[line.amount].append(line)
    found: list[Series] = []
    for lines in by_price.values():
        if len(lines) <= MOST_OF_ONE_PRICE:
            found += _explain_as_several(lines) or _standing_out(lines)
    return [piece for piece in _joined(found) if len(piece.slots) >= LEAST_AMONG_MANY]


def _standing_out(rows: list[Line]) -> list[Series]:
    """The first series that is unlikely to be a coincidence given other
    transactions at its price.
    """
    if len(rows) < LEAST_AMONG_MANY:
        return []
    days = rows[-1].day - rows[0].day + 1
    for series in _candidates(rows):
        others = len(rows) - len(series.slots)
        reach = 2 * max(map(abs, series.late())) + 1
        if (others * reach / days) ** len(series.slots) < BY_CHANCE:
            return [series] if _is_credible(series, may_vary=False) else []
    return []


# --- Explaining some transactions --------------------------------------------------------------


def _explain_as_one(rows: list[Line]) -> Series | None:
    """One series with nearly all of the rows; its amounts may vary."""
    if _is_hopeless(rows):
        return None
    for series in _candidates(rows, _likely(rows)):
        if len(series.slots) >= EXPLAINED * len(rows) and _is_credible(series, may_vary=True):
            return series
    return None


def _explain_as_several(rows: list[Line]) -> list[Series]:
    """Up to three series of similar amounts that together contain nearly all of the rows."""
    found: list[Series] = []
    rest = rows
    while len(rest) >= 2 and len(found) < MOST_AT_ONCE:
        best = next(
            (
                candidate
                for candidate in _candidates(rest)
                if _is_credible(candidate, may_vary=False)
            ),
            None,
        )
        if best is None:
            break
        found.append(best)
        taken = {line.pk for line in best.lines}
        rest = [line for line in rest if line.pk not in taken]
    is_tight = len(found) == 1 or all(_share_within(piece, 2) >= 0.8 for piece in found)
    is_explained = len(rows) - len(rest) >= EXPLAINED * len(rows)
    return found if is_tight and is_explained else []


def _is_hopeless(rows: list[Line]) -> bool:
    """Quick check: many transactions close together with ever-changing amounts are not one
    contract.
    """
    gaps = [later.day - line.day for line, later in pairwise(rows)]
    is_crowded = sum(gap < 20 for gap in gaps) > 0.4 * len(gaps)
    amounts = [line.amount for line in rows]
    return is_crowded and same_share(amounts) < 0.4 and max(amounts) > 1.5 * min(amounts)


def _likely(rows: list[Line]) -> list[Rhythm]:
    """Cadences that one series through nearly all of the rows could have, judging by the gaps."""
    gaps = [later.day - line.day for line, later in pairwise(rows)]
    return [
        rhythm
        for rhythm in _ALL
        if sum(abs(gap - rhythm.length) <= 2 * rhythm.tolerance + 2 for gap in gaps)
        >= REGULAR * len(gaps)
    ]


def _is_by_chance(rows: list[Line]) -> bool:
    """Quick check: two among many transactions, or amounts that rarely repeat,
    are not contracts.
    """
    times = Counter(line.amount for line in rows)
    repeated = sum(count for count in times.values() if count > 1)
    return len(rows) < 3 or repeated < 0.6 * len(rows)


def _is_credible(series: Series, *, may_vary: bool) -> bool:
    """Whether the payments are numerous, punctual and similar enough to be a habit."""
    amounts, rhythm = series.amounts, series.rhythm
    count, ratio = len(amounts), max(amounts) / min(amounts)
    if count < rhythm.least or series.missed > max(1, count // 4):
        return False
    is_alike = series.is_fixed or ratio <= 1.15
    if rhythm.is_of_days:
        return is_alike and _share_within(series, 1) >= 0.8
    if count == 2:
        return ratio <= 1.12 and max(map(abs, series.late())) <= 5
    if is_alike:
        return _share_within(series, 3) >= 0.75
    return (
        may_vary
        and count >= 4
        and ratio <= (15 if count >= 6 else 3)
        and (_share_within(series, 2) >= 0.75)
    )


def _share_within(series: Series, days: int) -> float:
    late = series.late()
    return sum(abs(days_late) <= days for days_late in late) / len(late)


def _alike(rows: list[Line]) -> Iterator[list[Line]]:
    """Group the rows by similar amounts, each group in date order."""
    by_amount = sorted(rows, key=lambda line: (line.amount, line.day))
    cluster = [by_amount[0]]
    for line in by_amount[1:]:
        if line.amount > cluster[-1].amount * ALIKE:
            yield sorted(cluster)
            cluster = []
        cluster.append(line)
    yield sorted(cluster)


# --- Candidates: every cadence that some of the transactions follow -----------------------------


def _candidates(rows: list[Line], rhythms: list[Rhythm] = _ALL) -> list[Series]:
    """Series through the rows; the most complete and most punctual first."""
    of_months = [rhythm for rhythm in rhythms if not rhythm.is_of_days]
    found = _by_days(rows, [rhythm for rhythm in rhythms if rhythm.is_of_days])
    found += _by_months(rows, of_months) if of_months else []
    return sorted(
        found,
        key=lambda piece: (
            -len(piece.slots),
            sum(map(abs, piece.late())),
            piece.rhythm.length,
            piece.anchor,
        ),
    )


def _by_days(rows: list[Line], rhythms: list[Rhythm]) -> list[Series]:
    found = []
    for rhythm in rhythms:
        phases = Counter(line.day % rhythm.days for line in rows)
        for phase, _count in phases.most_common(3):
            anchor = rows[0].day - (rows[0].day - phase) % rhythm.days
            slots: dict[int, list[Line]] = defaultdict(list)
            for line in rows:
                slot = round((line.day - anchor) / rhythm.days)
                if abs(line.day - rhythm.slot_day(anchor, slot)) <= rhythm.tolerance:
                    slots[slot].append(line)
            found.append(_longest_run(rhythm, anchor, slots, 1))
    return [series for series in found if series is not None]


def _by_months(rows: list[Line], rhythms: list[Rhythm]) -> list[Series]:
    found = []
    for anchor in _days_of_month(rows):
        near = [(*_nearest_month(line.day, anchor), line) for line in rows]
        for rhythm in rhythms:
            slots: dict[int, list[Line]] = defaultdict(list)
            for slot, late, line in near:
                if abs(late) <= rhythm.tolerance:
                    slots[slot].append(line)
            phases = Counter(slot % rhythm.months for slot in slots)
            for phase in sorted(phase for phase in phases if phases[phase] >= rhythm.least):
                same = {slot: near for slot, near in slots.items() if slot % rhythm.months == phase}
                found.append(_longest_run(rhythm, anchor, same, rhythm.months))
    return [series for series in found if series is not None]


def _days_of_month(rows: list[Line]) -> list[int]:
    """Possible due days of the month: the most common ones, and the last."""
    dates = [line.on for line in rows]
    days = Counter(day.day for day in dates)
    anchors = {day for day, _count in days.most_common(8 if len(rows) <= 12 else 4)}
    if any(month_day(month_number(day), 31) == day.toordinal() for day in dates):
        anchors.add(31)
    return sorted(anchors)


@lru_cache(maxsize=65_536)
def _nearest_month(day: int, anchor: int) -> tuple[int, int]:
    """(the month of the nearest due date, days after it)."""
    number = month_number(date.fromordinal(day))
    slots = [(number + step, day - month_day(number + step, anchor)) for step in (-1, 0, 1)]
    return min(slots, key=lambda candidate: abs(candidate[1]))


def _longest_run(
    rhythm: Rhythm, anchor: int, slots: dict[int, list[Line]], step: int
) -> Series | None:
    """The longest run of slots in which no two consecutive ones are empty."""
    best: list[int] = []
    run: list[int] = []
    for slot in sorted(slots):
        if run and slot - run[-1] > 2 * step:
            run = []
        run.append(slot)
        if len(run) > len(best):
            best = list(run)
    if len(best) < rhythm.least:
        return None
    chosen: list[tuple[int, Line]] = []
    for slot in best:
        due = rhythm.slot_day(anchor, slot)
        before = chosen[-1][1].amount if chosen else slots[slot][0].amount
        line = min(
            slots[slot], key=lambda line: (abs(line.amount - before), abs(line.day - due), line.pk)
        )
        chosen.append((slot, line))
    return Series(rhythm, anchor, tuple(chosen))


# --- Putting pieces together ------------------------------------------------------------------


def _joined(found: list[Series]) -> list[Series]:
    """Join series that continue where another stopped, at a different price."""
    pieces = sorted(found, key=lambda piece: (piece.first_slot, piece.anchor))
    whole: list[Series] = []
    for piece in pieces:
        before = next((series for series in whole if _continues(series, piece)), None)
        if before is None:
            whole.append(piece)
        else:
            longer = before if len(before.slots) >= len(piece.slots) else piece
            whole[whole.index(before)] = Series(
                longer.rhythm, longer.anchor, before.slots + piece.slots
            )
    return whole


def _continues(one: Series, other: Series) -> bool:
    rhythm = one.rhythm
    if rhythm is not other.rhythm or rhythm.is_of_days or abs(one.anchor - other.anchor) > 3:
        return False
    gap = other.first_slot - one.last_slot
    return gap in (rhythm.next_slot(0), rhythm.next_slot(0, 2)) and _is_near(
        one.amounts[-1], other.amounts[0]
    )


def _is_near(one: int, other: int) -> bool:
    return max(one, other) <= 2 * min(one, other)


def _complete(found: list[Series], rows: list[Line]) -> tuple[list[Series], list[Line]]:
    """Assign remaining transactions to each series' empty slots, preferring the newest price."""
    taken = {line.pk for series in found for line in series.lines}
    rest = [line for line in rows if line.pk not in taken]
    for position, series in enumerate(found):
        for line in list(rest):
            slot = _free_slot(series, line)
            if slot is not None:
                series = Series(
                    series.rhythm,
                    series.anchor,
                    tuple(sorted([*series.slots, (slot, line)])),
                )
                rest.remove(line)
        found[position] = series
    return found, rest


def _free_slot(series: Series, line: Line) -> int | None:
    rhythm = series.rhythm
    if rhythm.is_of_days:
        slot = round((line.day - series.anchor) / rhythm.days)
    else:
        slot, _late = _nearest_month(line.day, series.anchor)
    step = rhythm.next_slot(0)
    is_on_time = abs(line.day - rhythm.slot_day(series.anchor, slot)) <= rhythm.tolerance
    is_ours = (slot - series.first_slot) % step == 0
    is_close = series.first_slot - 2 * step <= slot <= series.last_slot + 2 * step
    is_free = all(slot != other for other, _line in series.slots)
    if not (is_on_time and is_ours and is_close and is_free):
        return None
    nearest = min(series.slots, key=lambda held: abs(held[0] - slot))[1]
    return slot if _is_near(nearest.amount, line.amount) else None
