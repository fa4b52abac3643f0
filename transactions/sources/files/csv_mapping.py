"""How to read one bank's table: what each column means and how its values are written."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from transactions.sources.files.dates import DATE_STYLES
from transactions.sources.files.notices import Notice
from transactions.sources.files.text_encoding import ENCODINGS

DELIMITERS = (",", ";", "\t", "|")
QUOTECHARS = ('"', "'", "")
DECIMAL_MARKS = (".", ",")
# signed: negative is money out. inverted: positive is money out, as on many cards.
# debit_credit: two columns without signs. signed_pair: two columns that carry their own signs.
# inverted_pair: the same where positive is money out and negative money in, as on some cards.
# flag: the amount has no sign, another column says the direction.
# unmarked_out: "+" and CR mark money in, and what bears no mark is money out.
# by_balance: the amount has no sign, and the balance beside it says which way each line went;
# by_balance_newest: the same where the newest line comes first.
SIGN_CONVENTIONS = (
    *("signed", "inverted", "debit_credit", "signed_pair", "inverted_pair", "flag"),
    *("unmarked_out", "by_balance", "by_balance_newest"),
)
BY_BALANCE = ("by_balance", "by_balance_newest")
PAIRS = ("debit_credit", "signed_pair", "inverted_pair")
# Stands among the words of a direction for a blank cell.
BLANK_FLAG = "(blank)"

_CHOICES = {
    "encoding": ENCODINGS,
    "delimiter": DELIMITERS,
    "quotechar": QUOTECHARS,
    "date_format": tuple(DATE_STYLES),
    "decimal_mark": DECIMAL_MARKS,
    "sign_convention": SIGN_CONVENTIONS,
}
_TEXTS = ("outflow_flag", "inflow_flag", "money_sign", "opening_balance")
_LINES = ("header_line", "skip_lines")
_FIGURE = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,4})?")
_LAST_COLUMN = 999
_LAST_LINE = 10_000
_LONGEST_TEXT = 200
COLUMN_FIELDS = (
    *("txn_date", "posted_date", "amount", "debit", "credit", "flag", "merchant", "balance"),
    *("currency", "category", "notes", "external_id", "status", "fee", "account"),
)
_NEEDED_COLUMNS = {
    "signed": ("amount",),
    "inverted": ("amount",),
    "debit_credit": ("debit", "credit"),
    "signed_pair": ("debit", "credit"),
    "inverted_pair": ("debit", "credit"),
    "flag": ("amount", "flag"),
    "unmarked_out": ("amount",),
    "by_balance": ("amount", "balance"),
    "by_balance_newest": ("amount", "balance"),
}


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """Columns count from 0, lines from 1; None means that no column has the role.

    ``header_line`` is the line with the headings, or 0. Lines above it, and the first
    ``skip_lines`` lines, are never transactions. ``outflow_flag`` and ``inflow_flag`` hold one or
    more words separated by "|", of which "(blank)" is a blank cell; an ``inflow_flag`` of "" means
    every other word.

    ``fee`` is a column subtracted from the balance in addition to the amount. ``account`` is the
    column that names the owner's account. ``opening_balance`` is the balance before the oldest
    line, needed if amounts are signed by their balance. ``money_sign`` is a currency symbol found
    only in this file.
    """

    txn_date: int | None
    date_format: str
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    flag: int | None = None
    sign_convention: str = "signed"
    decimal_mark: str = "."
    outflow_flag: str = ""
    inflow_flag: str = ""
    posted_date: int | None = None
    description: tuple[int, ...] = ()
    merchant: int | None = None
    balance: int | None = None
    currency: int | None = None
    category: int | None = None
    notes: int | None = None
    external_id: int | None = None
    status: int | None = None
    fee: int | None = None
    account: int | None = None
    money_sign: str = ""
    opening_balance: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    quotechar: str = '"'
    header_line: int = 0
    skip_lines: int = 0

    def as_json(self) -> dict[str, Any]:
        """The mapping as JSON values; ``from_json`` reverses it."""
        return {**asdict(self), "description": list(self.description)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "CsvMapping":
        """A mapping from a form or the API. Raises ValueError naming the field and the problem."""
        if not isinstance(values, Mapping):
            raise ValueError("mapping: it must be an object with one value per field.")
        names = {item.name for item in fields(cls)}
        for name in values:
            if name not in names:
                raise ValueError(f"{str(name)[:40]}: there is no such field in a mapping.")
        mapping = cls(
            **{"txn_date": None, "date_format": ""}
            | {name: _checked(name, value) for name, value in values.items()}
        )
        if problem := mapping.problem():
            raise ValueError(problem)
        return mapping

    def problem(self) -> str:
        """Why this mapping can't be used, naming the field; "" if it can."""
        if self.txn_date is None:
            return "txn_date: choose the column that holds the date."
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                return f"{name}: choose one of {', '.join(repr(choice) for choice in choices)}."
        for name in _NEEDED_COLUMNS[self.sign_convention]:
            if getattr(self, name) is None:
                return f"{name}: choose its column; “{self.sign_convention}” amounts need it."
        return self._problem_of_signs()

    def _problem_of_signs(self) -> str:
        if self.sign_convention == "flag" and not self.outflow_flag.strip(" |"):
            return "outflow_flag: say which word in the flag column means money out."
        if self.opening_balance and not _FIGURE.fullmatch(self.opening_balance):
            return "opening_balance: enter a number with a decimal point."
        if self.needs_pair and self.debit == self.credit:
            return "credit: money in and money out can't be the same column."
        return ""

    @property
    def needs_pair(self) -> bool:
        return self.sign_convention in PAIRS

    @property
    def width(self) -> int:
        """How many cells a row needs to include every mapped column."""
        columns = [getattr(self, name) for name in COLUMN_FIELDS]
        return 1 + max([column for column in columns if column is not None] + [*self.description])


def _checked(name: str, value: Any) -> Any:
    if name == "description":
        if not isinstance(value, list | tuple) or len(value) > 10:
            raise ValueError("description: give a list of at most 10 columns.")
        return tuple(_whole_number(name, item, _LAST_COLUMN) for item in value)
    if name in _LINES:
        return _whole_number(name, value, _LAST_LINE)
    if name in COLUMN_FIELDS:
        return None if value in (None, "") else _whole_number(name, value, _LAST_COLUMN)
    if not isinstance(value, str):
        raise ValueError(f"{name}: it must be text.")
    if name in _TEXTS and (len(value) > _LONGEST_TEXT or "\x00" in value):
        raise ValueError(f"{name}: it must be at most {_LONGEST_TEXT} characters of plain text.")
    return value


def _whole_number(name: str, value: Any, largest: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= largest:
        raise ValueError(f"{name}: it must be a whole number from 0 to {largest}.")
    return value


class Doubt(NamedTuple):
    """A question about one field: its possible values, the guess first, and why it is likelier."""

    name: str
    question: Notice
    alternatives: list[Any]
    because: Notice | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """One line of the file as one reading understands it; without date and amount, it leaves the
    line out.
    """

    text: str
    on: date | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer to the open questions: mapping fields, with example lines read that way."""

    changes: dict[str, Any]
    examples: tuple[Example, ...]


@dataclass(slots=True)
class Detection:
    """How a file could be read, and which questions only a person can answer.

    ``doubts`` are (mapping field, question) pairs, empty if the mapping is certain;
    ``alternatives`` lists a doubtful field's possible values, the guess first. ``readings``
    combines the doubts into one question, the likeliest answer first. ``reasons`` says by field
    what each choice rests on.

    ``untested`` are the fields whose other values would read this file's lines the same way.
    ``encodings`` are the character sets that fit almost equally well, empty if the encoding is
    certain. ``because`` says by field why the first of its alternatives is likelier; a field
    without evidence is missing. ``is_proved`` means that a running balance proves the amounts,
    ``is_table`` that there are columns to choose.
    """

    mapping: CsvMapping
    columns: list[str]
    sample: list[list[str]]
    doubts: list[tuple[str, Notice]] = field(default_factory=list)
    alternatives: dict[str, list[Any]] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    because: dict[str, Notice] = field(default_factory=dict)
    untested: set[str] = field(default_factory=set)
    encodings: list[str] = field(default_factory=list)
    is_proved: bool = False
    is_table: bool = True

    @property
    def is_certain(self) -> bool:
        return not self.doubts

    @property
    def notices(self) -> list[Notice]:
        """The doubts, for a file read without asking anyone."""
        return [question for _field, question in self.doubts]

    def doubt(self, doubt: Doubt) -> None:
        self.doubts.append((doubt.name, doubt.question))
        if doubt.alternatives:
            self.alternatives[doubt.name] = doubt.alternatives
        if doubt.because:
            self.because[doubt.name] = doubt.because

    @property
    def why_likely(self) -> list[Notice]:
        """Why the first reading is the likeliest, a notice for each piece of evidence."""
        names = dict.fromkeys(name for name, _question in self.doubts)
        return [self.because[name] for name in names if name in self.because]
