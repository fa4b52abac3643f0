"""The types every source of transactions yields, whatever its format.

A source turns bytes into :class:`IncomingTransaction` and :class:`UnusableRow` in file order and
never touches the database. Positive always means money in. A source converts its own sign
convention; nothing after it flips a sign.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from transactions.sources.files.notices import Notice, NoticeCode


class UnreadableFile(Exception):  # noqa: N818 - the file is at fault, not the program
    """The file can't be read at all; ``notices`` say why."""

    def __init__(self, code: NoticeCode, /, **values: Any) -> None:
        super().__init__(code)
        self.notices = [Notice(code, values)]


@dataclass(frozen=True, slots=True)
class OwnDetails:
    """Details that only our own export contains.

    `transaction_id` and `transfer_with` are ids from the exporting ledger. They tell lines of such
    files apart but mean nothing in the importing ledger. `parts` are (category, signed amount,
    notes) and add up to the line's amount.
    """

    transaction_id: int | None = None
    transfer_with: int | None = None
    is_planned: bool = False
    tags: tuple[str, ...] = ()
    parts: tuple[tuple[str, Decimal, str], ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingTransaction:
    """One transaction as read from a file or a bank.

    ``amount`` is signed (positive = money in) in ``currency`` (ISO 4217; "" = the account's own).
    ``row_number`` locates it for a person: the line in a text file, counted from 1, or the n-th
    record otherwise. ``raw`` is the bank's original line, kept for disputes.
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
    # The bank's id of the pending transaction that this one replaces, if the bank gives it.
    replaces: str = ""
    # Set for our own exports: their text is kept unchanged and no rule applies to it.
    own: OwnDetails | None = None
    # The name of the account inside the file (`account_parts`); "" if the file names none.
    part: str = ""


@dataclass(frozen=True, slots=True)
class UnusableRow:
    """A row that looks like a transaction but is invalid; ``error`` says why.

    ``attr`` names the field at fault: "txn_date", "amount", "description", or "" for the row.
    """

    row_number: int
    raw: str
    error: Notice
    attr: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A payment that never happened, such as a declined one."""

    row_number: int
    raw: str
    reason: Notice
    txn_date: date
    amount: Decimal
    description: str
    part: str = ""


@dataclass(slots=True)
class StatementPart:
    """One statement inside a file: its account, currency, stated balances and period.

    `kind` is one of `account_kinds`, "" if the file doesn't say. `first` and `last` are the days
    that the file says it covers, and `closing_on` the day at whose end `closing` holds.
    """

    account: str = ""
    currency: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None
    line_count: int = 0
    kind: str = ""
    first: date | None = None
    last: date | None = None
    closing_on: date | None = None


IncomingRow = IncomingTransaction | UnusableRow | SkippedRow


@dataclass(slots=True)
class IncomingFile:
    """An open statement file: what it states about itself, and its rows.

    ``rows`` can be iterated once. The balances are those the file states, and may be missing until
    ``rows`` is exhausted. ``skipped_count`` counts rows that are not transactions by design:
    headings, totals, blank rows and balances.
    """

    format: str
    rows: Iterator[IncomingRow]
    currency: str = ""
    account_hint: str = ""
    opening_balance: Decimal | None = None
    closing_balance: Decimal | None = None
    skipped_count: int = 0
    warnings: list[Notice] = field(default_factory=list)
    # The title that names the account of the current line, in a table of several accounts.
    section: str = ""
    # The days it says it covers, and the day at whose end `closing_balance` holds.
    first: date | None = None
    last: date | None = None
    closing_on: date | None = None
    # The statements in the file, if its format has them.
    statements: list[StatementPart] = field(default_factory=list)
