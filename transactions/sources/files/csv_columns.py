"""Recognize what the cells of a column hold (dates, amounts or text) and in which format."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache

from transactions.sources.files.amounts import (
    CURRENCY_CODES,
    LONGEST_SIGN,
    SYMBOL_CODES,
    MoneyCell,
    figure_in,
    read_money,
)
from transactions.sources.files.column_words import heading_score
from transactions.sources.files.dates import parse_date, styles_like
from transactions.sources.files.values import NUMBER_CELL_MARK

_LIKELY_YEARS = range(1970, 2101)
# A run of digits counts as a date only if it starts with a plausible year, month and day.
_DIGIT_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_DIGIT_DATE_TAIL = re.compile(r"(?:[0-9]{4}|[0-9]{6})?(?:\.[0-9]+)?(?:[\[ T].*)?")
_MAYBE_DATE = re.compile(r"[^\W\d_]{0,12}[.,]?\s*'?\d|[^\d\s]{2,12}[-./ ]|民")
_TIME_OF_DAY = re.compile(r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}")
_FIGURE = re.compile(r"[+-]?[0-9]+[.,][0-9]+")
_SIGN = rf"[^\d\s+\-()'.,](?:[^\d+\-()']{{0,{LONGEST_SIGN - 2}}}[^\d+\-()'\s])?"
_SIGN_BEFORE = re.compile(rf"[\s+\-(]*({_SIGN})[\s+\-(]*[0-9][0-9.,' \u00a0\u202f]*\)?[+-]?")
_SIGN_BEHIND = re.compile(rf"[+\-(]?\s*[0-9][0-9.,' \u00a0\u202f]*?\s*({_SIGN})[\s)+-]*")
_SERIAL = re.compile(rf"[2-7][0-9]{{4}}(?:[.,{NUMBER_CELL_MARK}][0-9]+)?")
_PADDED = re.compile(r"0[0-9]+")  # "FR-001" is a reference, not an amount
_LONGEST_NUMBER = 32
_LONGEST_COUNT = 9  # a longer run of digits is an account or reference number


@lru_cache(maxsize=20_000)
def date_styles(text: str) -> frozenset[str]:
    """The styles in which a cell is a valid calendar day."""
    if len(text) < 5 or not _MAYBE_DATE.match(text.lstrip('="')) or _TIME_OF_DAY.fullmatch(text):
        return frozenset()
    return frozenset(style for style in styles_like(text) if day_of(text, style))


def day_of(text: str, style: str) -> date | None:
    try:
        return parse_date(text, style)
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def is_date(text: str) -> bool:
    """Whether a cell is clearly a date, whatever its column's heading says."""
    digits = text.strip("=\" '")
    if digits[:8].isdigit() and len(digits) >= 8:
        return bool(_DIGIT_DATE.match(digits) and _DIGIT_DATE_TAIL.fullmatch(digits[8:]))
    return not digits.isdigit() and bool(date_styles(text))


@lru_cache(maxsize=20_000)
def is_number(text: str) -> bool:
    """Whether a cell is an amount (either decimal mark), not a date or a reference number."""
    if not 0 < len(text) <= _LONGEST_NUMBER or is_date(text):
        return False
    if text.isdigit() and (len(text) > _LONGEST_COUNT or (text[0] == "0" and len(text) > 1)):
        return False
    if _PADDED.fullmatch(figure_in(text)):
        return False
    return cell_in(text, ".") is not None or cell_in(text, ",") is not None


def is_serial(text: str) -> bool:
    return bool(_SERIAL.fullmatch(text))


def has_figure(text: str) -> bool:
    """Whether a cell is a figure next to an unknown symbol that may be a currency."""
    match = _SIGN_BEFORE.fullmatch(text) or _SIGN_BEHIND.fullmatch(text)
    return bool(match) and len(text) <= _LONGEST_NUMBER and not is_date(text)


def cell_in(text: str, decimal_mark: str, money_sign: str = "") -> MoneyCell | None:
    try:
        return read_money(text, decimal_mark, money_sign)
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def decimal_mark_in(text: str) -> str:
    """The decimal mark a cell proves; "?" if it could be either, "" without separators."""
    body = figure_in(text)
    marks = [char for char in body if char in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    other = "," if last == "." else "."
    if len(set(marks)) > 1:
        return last
    if len(marks) > 1:
        return other
    whole, _, decimals = body.rpartition(last)
    if "'" in whole or " " in whole:
        return last
    is_grouped = len(decimals) == 3 and 1 <= len(whole) <= 3 and whole != "0"
    return "?" if is_grouped else last


def _has_decimals(text: str) -> bool:
    return NUMBER_CELL_MARK in text or decimal_mark_in(text) in (".", ",")


def _is_figure_with(sign: str):
    return lambda text: (
        not _PADDED.fullmatch(figure_in(text)) and any(cell_in(text, mark, sign) for mark in ".,")
    )


@dataclass
class Column:
    """One column of a table: its heading, and its cells in the payment rows."""

    index: int
    heading: str
    values: list[str]
    is_named_date: bool = False
    # The decimal mark of the table, for a column whose own cells prove none.
    shared_mark: str = ""

    @cached_property
    def filled(self) -> list[str]:
        return [value for value in self.values if value]

    @cached_property
    def figures(self) -> list[str]:
        """The digits and marks of the cells that are written as text, without signs."""
        written = [value for value in self.filled if NUMBER_CELL_MARK not in value]
        return [figure_in(value) for value in written]

    @cached_property
    def fill_share(self) -> float:
        return len(self.filled) / max(len(self.values), 1)

    def share(self, test) -> float:
        """The share of filled cells that pass ``test``; 0 for a blank column."""
        return sum(map(bool, map(test, self.filled))) / len(self.filled) if self.filled else 0

    @cached_property
    def is_dates(self) -> bool:
        return self.share(is_date) >= 0.8

    @cached_property
    def is_serials(self) -> bool:
        """Whether the cells are a spreadsheet's serial numbers for dates."""
        return self.is_named_date and self.share(is_serial) == 1

    @cached_property
    def money_sign(self) -> str:
        """The unknown currency symbol next to nearly every figure, or ""."""
        if not self.filled or self.share(is_number) >= 0.5 or self.is_dates:
            return ""
        for side in (_SIGN_BEFORE, _SIGN_BEHIND):
            signs = Counter(match[1] for value in self.filled if (match := side.fullmatch(value)))
            sign, count = signs.most_common(1)[0] if signs else ("", 0)
            is_common = count >= 0.8 * len(self.filled)
            if is_common and self.share(_is_figure_with(sign)) >= 0.8 and self._may_be_money:
                return sign
        return ""

    @property
    def _may_be_money(self) -> bool:
        """Whether it has decimals or a money heading; "Invoice 12" has neither."""
        roles = ("amount", "debit", "credit", "balance")
        is_named = any(heading_score(self.heading, role) for role in roles)
        return is_named or self.share(lambda text: decimal_mark_in(text) in (".", ",", "?")) >= 0.5

    @cached_property
    def is_numbers(self) -> bool:
        return self.share(is_number) >= 0.8 or bool(self.money_sign)

    @cached_property
    def is_currencies(self) -> bool:
        return self.share(is_currency) >= 0.7

    @cached_property
    def is_blank(self) -> bool:
        return not self.filled

    @cached_property
    def has_decimals(self) -> bool:
        return self.share(_has_decimals) >= 0.3

    @cached_property
    def mark(self) -> str:
        """The decimal mark this column's own cells suggest, or else that of the table."""
        return decimal_mark_of([self]) or self.shared_mark or "."

    @cached_property
    def cells(self) -> list[MoneyCell | None]:
        return [
            cell_in(value, self.mark, self.money_sign) if value else None for value in self.values
        ]

    @cached_property
    def amounts(self) -> list[Decimal | None]:
        """The column's amounts, read with the decimal mark its own cells suggest."""
        return [cell.amount if cell else None for cell in self.cells]

    @cached_property
    def used_share(self) -> float:
        """The share of rows whose cell is filled and not zero."""
        return sum(map(bool, self.amounts)) / max(len(self.values), 1)

    def marked_count(self, mark: str) -> int:
        """How many non-zero amounts carry ``mark``: "+", "-", or "" for no sign at all."""
        return sum(1 for cell in self.cells if cell and cell.amount and cell.mark == mark)

    @cached_property
    def negative_count(self) -> int:
        return sum(1 for amount in self.amounts if amount and amount < 0)

    @cached_property
    def positive_count(self) -> int:
        return sum(1 for amount in self.amounts if amount and amount > 0)

    @cached_property
    def words(self) -> list[str]:
        """The cells that are text: not dates, numbers or currency codes."""
        return [
            value
            for value in self.filled
            if any(char.isalpha() for char in value)
            and not (is_date(value) or is_number(value) or is_currency(value))
        ]


def is_currency(text: str) -> bool:
    return text in CURRENCY_CODES or text.casefold() in SYMBOL_CODES


def decimal_mark_of(columns: list[Column]) -> str:
    """The decimal mark most cells prove; "" if none proves any."""
    found = Counter(decimal_mark_in(value) for column in columns for value in column.filled)
    points, commas = found["."], found[","]
    if points == commas:
        return ""
    return "." if points > commas else ","


def mark_elsewhere(columns: list[Column]) -> str:
    """The decimal mark proved by the file's other figures, such as exchange rates."""
    cells = {value for column in columns for value in column.filled if _FIGURE.fullmatch(value)}
    found = Counter(decimal_mark_in(cell) for cell in cells)
    if found["."] == found[","]:
        return ""
    return "." if found["."] > found[","] else ","


def plain_figures(columns: list[Column]) -> list[str]:
    """The whole numbers that are written without any mark, except zero."""
    figures = [figure for column in columns for figure in column.figures]
    return [figure for figure in figures if figure.isdigit() and figure.strip("0")]


def mark_written(columns: list[Column]) -> str:
    """The mark that the figures have, of whatever meaning."""
    return "," if any("," in figure for column in columns for figure in column.figures) else "."


def has_unclear_marks(columns: list[Column]) -> bool:
    return any(decimal_mark_in(value) == "?" for column in columns for value in column.filled)
