"""Whether two lines are one payment, and how certain that is.

Which of several possible partners a line gets is decided in matcher.py.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from banking.limits import (
    DISPLACED_WITHIN_DAYS,
    MATCH_WITHIN_DAYS,
    PENDING_CHANGE_PERCENT,
    PENDING_DAYS_AFTER,
    PENDING_DAYS_BEFORE,
)
from transactions.matching.lines import (
    BANK,
    BILL,
    HAND,
    PENDING,
    PLANNED,
    POSTED,
    TRANSFER,
    Held,
    Incoming,
    Knowledge,
    Text,
)
from transactions.matching.words import NOT_AT_ALL, PERHAPS, SURELY, agreement, normalized
from transactions.models.reasons import (
    ANNOUNCED,
    ENTERED,
    IN_OTHER_WORDS,
    LISTED,
    MOVED,
    PAID,
    reason_on,
)
from transactions.models.reasons import PLANNED as PLANNED_FOR

_ENTERED = {HAND: ENTERED, BILL: PAID, TRANSFER: MOVED, BANK: LISTED}
# Of two on the line's day, the booked one is the likelier: banks book after they announce.
_WORDS_COST, _DAY_COST, _OPEN_COST = 25, 10, 5
# Of two that fit alike, the one the bank has listed: a person's date may be a few days off.
_TYPED_COST = 1


class Pair(NamedTuple):
    """How well two lines match: lower cost is better. `is_certain` needs no question; `reason` is
    for the question.
    """

    cost: int
    is_certain: bool
    reason: str


class Evidence:
    """What is known for one run: the texts of both sides, and what a person or the bank said."""

    def __init__(self, knowledge: Knowledge, withdrawn: set[int]) -> None:
        self.knowledge = knowledge
        self.withdrawn = withdrawn
        self.our_texts: dict[int, Text] = {}
        self.their_texts: dict[int, Text] = {}
        self.agreed: dict[tuple[str, str, str, str], int] = {}

    def judge(self, line: Incoming, held: Held) -> Pair | None:
        """Whether two lines with the same amount may be one payment, and how certain that is."""
        if self.knowledge.keeps_apart(line, held):
            return None
        if self.is_other(line, held):
            return None
        gap = line.day - held.day
        agree = self.agreement(line, held)
        cost = abs(gap) * _DAY_COST + (SURELY - agree) * _WORDS_COST
        if held.status != POSTED and gap <= 0:
            cost += _OPEN_COST
        if held.source != BANK:
            cost += _TYPED_COST
        verdict = self._judge_of(line, held)(self, line, held, gap, agree)
        if verdict is None:
            return None
        # A line of another day may not take an entry that is asked about beside its own.
        is_certain = verdict and not (gap and held.is_disputed)
        return Pair(cost, is_certain, self.reason(held, agree))

    def _judge_of(self, line: Incoming, held: Held) -> "Judge":
        if held.status != POSTED:
            return _JUDGES[held.status]
        if line.is_pending and held.source == BANK:
            return _judge_late
        return _judge_kin if held.is_kin else _JUDGES[held.source]

    def is_other(self, line: Incoming, held: Held) -> bool:
        """Whether a pending line is still listed beside this one, under an ID of its own."""
        if not self.knowledge.ids_are_reliable or not (held.is_kin and held.status == PENDING):
            return False
        has_ids = bool(line.external_id and held.external_id)
        covers = self.knowledge.covers
        is_listed = covers is None or covers[0] <= held.day <= covers[1]
        return has_ids and is_listed and held.pk not in self.withdrawn

    def is_inside(self, day: int) -> bool:
        """Whether a complete file lists every line of this day: strictly inside its date range."""
        covers = self.knowledge.covers
        return covers is not None and covers[0] < day < covers[1]

    def is_remembered(self, line: Incoming, held: Held) -> bool:
        """Whether a person has matched these two wordings before."""
        ours = normalized(self.our_texts.get(line.key, Text("")).description)
        theirs = normalized(self.their_texts.get(held.pk, Text("")).description)
        return (ours, theirs) in self.knowledge.wordings

    def agreement(self, line: Incoming, held: Held) -> int:
        """How well the texts match, using any of the names on either side."""
        ours = self.our_texts.get(line.key, Text(""))
        theirs = self.their_texts.get(held.pk, Text(""))
        if held.source == BANK:
            # Merchant names are our own interpretation: two stores of a chain share one.
            ours, theirs = ours._replace(others=""), theirs._replace(others="")
        key = (*ours, *theirs)
        found = self.agreed.get(key)
        if found is None:
            pairs = [(name, other) for name in _names(ours) for other in _names(theirs)]
            found = max((agreement(name, other) for name, other in pairs), default=NOT_AT_ALL)
            if found == NOT_AT_ALL and self.is_remembered(line, held):
                found = SURELY
            self.agreed[key] = found
        return found

    def reason(self, held: Held, agree: int) -> str:
        """Why a question about this transaction is asked, as it is stored."""
        on = date.fromordinal(held.day)
        if held.status == PLANNED:
            return reason_on(PLANNED_FOR, on)
        is_pending = held.status == PENDING
        is_alike = bool(agree) or (held.source == HAND and not is_pending)
        code = ANNOUNCED if is_pending else _ENTERED[held.source]
        return reason_on(code if is_alike else code + IN_OTHER_WORDS, on)

    def late_cost(self, line: Incoming, held: Held) -> int | None:
        gap = held.day - line.day
        if held.status != POSTED or held.source != BANK or not 0 <= gap <= PENDING_DAYS_AFTER:
            return None
        has_other_id = bool(line.external_id and held.external_id) and held.is_kin
        if has_other_id and self.knowledge.ids_are_reliable:
            # The bank lists both.
            return None
        if self.knowledge.keeps_apart(line, held):
            return None
        return gap if self.agreement(line, held) == SURELY else None

    def announced_by(self, line: Incoming, among: Iterable[Held]) -> Held | None:
        """Which of these booked transactions a pending line announces: the nearest, if any."""
        costs = [(self.late_cost(line, held), held.pk, held) for held in among]
        found = [(cost, pk, held) for cost, pk, held in costs if cost is not None]
        return min(found)[2] if found else None

    def displaced_cost(self, line: Incoming, held: Held) -> int | None:
        gap = abs(line.day - held.day)
        if line.is_pending or held.status != POSTED or gap > DISPLACED_WITHIN_DAYS:
            return None
        if self.knowledge.keeps_apart(line, held):
            return None
        return gap if self.agreement(line, held) == SURELY else None

    def may_have_changed(self, line: Incoming, held: Held) -> bool:
        is_near = abs(line.units - held.units) * 100 <= abs(held.units) * PENDING_CHANGE_PERCENT
        if not is_near or line.units == held.units or (line.units > 0) != (held.units > 0):
            return False
        if self.knowledge.keeps_apart(line, held) or self.is_other(line, held):
            return False
        return self.agreement(line, held) != NOT_AT_ALL


Judge = Callable[[Evidence, Incoming, Held, int, int], bool | None]
"""Whether a pair of one amount is certain; None where it is no pair at all."""


def _judge_pending(
    known: Evidence, line: Incoming, held: Held, gap: int, agree: int
) -> bool | None:
    if (
        agree == SURELY
        and not line.is_pending
        and -PENDING_DAYS_BEFORE <= gap <= PENDING_DAYS_AFTER
    ):
        return True
    return False if abs(gap) <= MATCH_WITHIN_DAYS else None


def _judge_late(known: Evidence, line: Incoming, held: Held, gap: int, agree: int) -> bool | None:
    """For an announcement of what is booked already: no pair until the booked lines have theirs
    (`by_late_announcement`).
    """
    return None


def _judge_planned(
    known: Evidence, line: Incoming, held: Held, gap: int, agree: int
) -> bool | None:
    if abs(gap) > MATCH_WITHIN_DAYS:
        return None
    return agree == SURELY and not line.is_pending


def _judge_own(known: Evidence, line: Incoming, held: Held, gap: int, agree: int) -> bool | None:
    """For bill payments and transfers made here: look for the payee or other account in the bank's
    text.
    """
    return agree == SURELY if abs(gap) <= MATCH_WITHIN_DAYS else None


def _judge_same_day(
    known: Evidence, line: Incoming, held: Held, gap: int, agree: int
) -> bool | None:
    """For manual entries and other bank sources, where dates and texts may differ."""
    if abs(gap) > MATCH_WITHIN_DAYS:
        return None
    return gap == 0 and agree == SURELY


def _judge_kin(known: Evidence, line: Incoming, held: Held, gap: int, agree: int) -> bool | None:
    """For two lines from the same kind of source. Dates and texts are comparable, so most pairs are
    two separate lines.

    A file is complete for the days inside it. A held transaction it should list but does not may be
    this line with another text or date.
    """
    if abs(gap) > MATCH_WITHIN_DAYS or known.knowledge.ids_are_reliable:
        return None
    is_inside = known.is_inside(held.day)
    if gap == 0:
        if known.is_remembered(line, held):
            return True
        return False if agree >= PERHAPS or is_inside else None
    return False if agree >= PERHAPS and is_inside else None


_JUDGES: dict[str, Judge] = {
    PENDING: _judge_pending,
    PLANNED: _judge_planned,
    HAND: _judge_same_day,
    BILL: _judge_own,
    TRANSFER: _judge_own,
    BANK: _judge_same_day,
}


def _names(text: Text) -> list[str]:
    return [name for name in (text.description, *text.others.split("\n")) if name]
