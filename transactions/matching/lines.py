"""The matcher's input and output types."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

HAND, BILL, TRANSFER, BANK = "manual", "bill", "transfer", "bank"
POSTED, PENDING, PLANNED = "posted", "pending", "planned"
SAME, REVIEW, NEW = "same", "review", "new"


class Incoming(NamedTuple):
    """An incoming line. `units` are signed ten-thousandths; `day` is an ordinal date."""

    key: int
    units: int
    day: int
    fingerprint: int
    external_id: str = ""
    is_pending: bool = False
    # The bank's ID of the pending line that this line replaces.
    replaces: str = ""


class Verdict(NamedTuple):
    """Same, review or new; the matching transaction, and the reason as it is stored."""

    kind: str
    held: int | None = None
    reason: str = ""


class Held(NamedTuple):
    """A transaction of the account. `source` is HAND, BILL, TRANSFER or BANK.

    `is_kin`: it comes from the same source as the incoming lines (same format and columns, or same
    connection), so dates and IDs can be compared. `question`: what is asked about an announcement
    that waits for its answer, and so about its booking too. `is_disputed`: an open question
    compares this entry with a line of the bank.
    """

    pk: int
    units: int
    day: int
    fingerprint: int
    external_id: str = ""
    status: str = POSTED
    source: str = BANK
    is_kin: bool = False
    question: Verdict | None = None
    is_disputed: bool = False


class Alias(NamedTuple):
    """A further report of a held transaction: a bank line previously matched to it.

    `is_pending`: it only announced the payment, so a booked line alike may be another one.
    """

    pk: int
    fingerprint: int
    external_id: str
    is_kin: bool
    is_pending: bool = False


class Text(NamedTuple):
    """The text of a line. `others` are alternative names, such as a payee or account."""

    description: str
    others: str = ""


Texts = Callable[[Iterable[int]], Mapping[int, Text]]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Earlier decisions, and the days that the incoming lines cover.

    `different` holds what a person kept apart: (incoming fingerprint, whether pending, held pk). An
    announcement and a booked line alike may be two payments, so each has its own answers.
    `wordings` holds pairs of normalized texts that a person matched; `covers` is the first and last
    ordinal day of a complete file; dates beyond `latest` and `earliest` are implausible.
    `withdrawn` holds pending transactions that the bank no longer lists: a booked line may safely
    take their place.
    """

    different: frozenset[tuple[int, bool, int]] = frozenset()
    wordings: frozenset[tuple[str, str]] = frozenset()
    covers: tuple[int, int] | None = None
    ids_are_reliable: bool = False
    earliest: int = 0
    latest: int = 10_000_000
    withdrawn: frozenset[int] = frozenset()

    def keeps_apart(self, line: Incoming, held: Held) -> bool:
        """Whether a person has said that these are two payments."""
        return (line.fingerprint, line.is_pending, held.pk) in self.different

    def has_no_odd_day(self, first: int, last: int) -> bool:
        """Whether all days from `first` to `last` are plausible, so the owner need not be asked."""
        return self.earliest <= first and last <= self.latest


@dataclass(slots=True)
class Matching:
    """Each line's verdict by its key, and held transactions missing from a complete file.

    `missing` are posted transactions, `vanished` pending ones.
    """

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)
