"""What the matcher is told of a line, and what it answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

HAND, BILL, TRANSFER, BANK = "manual", "bill", "transfer", "bank"
POSTED, PENDING, PLANNED = "posted", "pending", "planned"
SAME, REVIEW, NEW = "same", "review", "new"


class Incoming(NamedTuple):
    """A line on its way in. `units` are signed ten-thousandths, `day` an ordinal date."""

    key: int
    units: int
    day: int
    fingerprint: int
    external_id: str = ""
    is_pending: bool = False
    # The bank's id of the pending line that this one takes the place of.
    replaces: str = ""


class Held(NamedTuple):
    """A transaction of the account. `source` is HAND, BILL, TRANSFER or BANK.

    `is_kin`: the bank told it in the same way (same format and columns, same connection), so days
    and ids can be compared.
    """

    pk: int
    units: int
    day: int
    fingerprint: int
    external_id: str = ""
    status: str = POSTED
    source: str = BANK
    is_kin: bool = False


class Alias(NamedTuple):
    """Another telling of a held transaction: a bank line found to be the same one before."""

    pk: int
    fingerprint: int
    external_id: str
    is_kin: bool


class Text(NamedTuple):
    """The words of a line; `others` are further names it may go by: a payee, an account."""

    description: str
    others: str = ""


Texts = Callable[[Iterable[int]], Mapping[int, Text]]


class Verdict(NamedTuple):
    """Same, review or new; the held transaction it is about, and why, in words."""

    kind: str
    held: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What was decided before, and which days the incoming lines account for.

    `different` holds (incoming fingerprint, held pk) pairs that a person told apart; `wordings`
    pairs of normalized texts that a person called the same; `covers` the first and last ordinal
    day of a complete file; `latest` and `earliest` the days beyond which a date is odd.
    """

    different: frozenset[tuple[int, int]] = frozenset()
    wordings: frozenset[tuple[str, str]] = frozenset()
    covers: tuple[int, int] | None = None
    ids_are_reliable: bool = False
    earliest: int = 0
    latest: int = 10_000_000

    def has_no_odd_day(self, first: int, last: int) -> bool:
        """Whether no day from `first` to `last` is so far away that its owner is to be asked."""
        return self.earliest <= first and last <= self.latest


@dataclass(slots=True)
class Matching:
    """Every line's verdict by its key, and the held lines a complete file should list and does not.

    `missing` are posted lines, `vanished` pending ones.
    """

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)
