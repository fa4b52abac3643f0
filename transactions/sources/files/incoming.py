"""What every source of money lines yields, whatever its format.

A source turns bytes into :class:`IncomingTransaction` and :class:`UnusableRow`, in the file's
order, and touches no database. Inside the product positive always means money in; a source turns
its own convention round at this door and nothing behind it flips a sign.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


class UnreadableFile(Exception):  # noqa: N818 - the file is at fault, not the program
    """The file as a whole cannot be read; ``str(error)`` is the sentence its owner is shown."""


@dataclass(frozen=True, slots=True)
class OwnDetails:
    """What only our own export says of a line.

    `transaction_id` and `transfer_with` are the exporting ledger's numbers: they tell lines of such
    files apart, and mean nothing to the ledger they come into. `parts` are (category, signed
    amount, notes) and add up to the line.
    """

    transaction_id: int | None = None
    transfer_with: int | None = None
    is_planned: bool = False
    tags: tuple[str, ...] = ()
    parts: tuple[tuple[str, Decimal, str], ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingTransaction:
    """One money line, normalised.

    ``amount`` is signed (positive = money in), in ``currency`` (ISO 4217; "" = the account's own).
    ``row_number`` is where a person finds the line: the line of a text file, counted from 1, or
    the n-th record of a structured one. ``raw`` is the line as the bank wrote it, for disputes.
    """

    row_number: int
    txn_date: date
    amount: Decimal
    description: str
    raw: str
    posted_date: date | None = None
    currency: str = ""
    merchant: str = ""
    external_id: str = ""
    category: str = ""
    notes: str = ""
    balance_after: Decimal | None = None
    is_pending: bool = False
    # The bank's id of the pending line that this posted one takes the place of, where it says so.
    replaces: str = ""
    # From a file we wrote ourselves: its words stand as they are, and no rule changes them.
    own: OwnDetails | None = None
    # The account in the file that the line is from (`account_parts`); "" where no word tells.
    part: str = ""


@dataclass(frozen=True, slots=True)
class UnusableRow:
    """A line that looks like a money line and cannot be one; ``error`` says why, in a sentence.

    ``attr`` names the column at fault: "txn_date", "amount", "description", or "" for the line.
    """

    row_number: int
    raw: str
    error: str
    attr: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A line of money that never moved, such as a declined payment; ``reason`` is a sentence."""

    row_number: int
    raw: str
    reason: str
    txn_date: date
    amount: Decimal
    description: str
    part: str = ""


@dataclass(slots=True)
class StatementPart:
    """One statement inside a file: its account, its currency, its own words on its balances."""

    account: str = ""
    currency: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None
    line_count: int = 0


IncomingRow = IncomingTransaction | UnusableRow | SkippedRow


@dataclass(slots=True)
class IncomingFile:
    """A statement file, opened: what it says of itself, and its lines.

    ``rows`` can be walked once. The balances are the file's own words, for the receipt; they are
    filled at the latest when ``rows`` has been walked to its end. ``skipped_count`` counts lines
    that carry no money by design (headings, totals, blank or balance lines).
    """

    format: str
    rows: Iterator[IncomingRow]
    currency: str = ""
    account_hint: str = ""
    opening_balance: Decimal | None = None
    closing_balance: Decimal | None = None
    skipped_count: int = 0
    warnings: list[str] = field(default_factory=list)
    # The statements the file is made of, where its format has them.
    statements: list[StatementPart] = field(default_factory=list)
