"""What the cells of a column look like: dates, amounts, or words; and in which style."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache

from transactions.sources.files.values import (
    CURRENCY_CODES,
    DATE_STYLES,
    SYMBOL_CODES,
    parse_date,
    parse_money,
    styles_like,
)

_LIKELY_YEARS = range(1970, 2101)
# Digits only are a date for a machine when they begin with a year and go on with month and day.
_DIGIT_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_DIGIT_DATE_TAIL = re.compile(r"(?:[0-9]{4}|[0-9]{6})?(?:\.[0-9]+)?(?:[\[ T].*)?")
_MAYBE_DATE = re.compile(r"[^\W\d_]{0,12}[.,]?\s*'?[0-9]|[^\W\d_]{3,12}[-./ ]")
_NUMBER_PART = re.compile(r"[0-9.,' \u00a0\u202f\u2019]*[0-9][0-9.,' \u00a0\u202f\u2019]*")
_FIGURE = re.compile(r"[+-]?[0-9]+[.,][0-9]+")
_LONGEST_NUMBER = 32
_LONGEST_COUNT = 9  # a longer run of digits alone is an account or reference number


@lru_cache(maxsize=20_000)
def date_styles(text: str) -> frozenset[str]:
    """The styles in which a cell is a day of the calendar."""
    if len(text) < 5 or not _MAYBE_DATE.match(text.lstrip('="')):
        return frozenset()
    return frozenset(style for style in styles_like(text) if day_of(text, style))


def day_of(text: str, style: str) -> date | None:
    try:
        return parse_date(text, style)
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def is_date(text: str) -> bool:
    """Whether a cell is plainly a date, also to one who knows no heading."""
    digits = text.strip("=\" '")
    if digits[:8].isdigit() and len(digits) >= 8:
        return bool(_DIGIT_DATE.match(digits) and _DIGIT_DATE_TAIL.fullmatch(digits[8:]))
    return not digits.isdigit() and bool(date_styles(text))


@lru_cache(maxsize=20_000)
def is_number(text: str) -> bool:
    """Whether a cell is an amount in either way of writing decimals, and no date or number code."""
    if not 0 < len(text) <= _LONGEST_NUMBER or is_date(text):
        return False
    if text.isdigit() and (len(text) > _LONGEST_COUNT or (text[0] == "0" and len(text) > 1)):
        return False
    return amount_in(text, ".") is not None or amount_in(text, ",") is not None


def amount_in(text: str, decimal_mark: str) -> Decimal | None:
    try:
        return parse_money(text, decimal_mark)[0]
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def decimal_mark_in(text: str) -> str:
    """The decimal mark a cell proves, or "?" where it may be either, or "" without separators."""
    match = _NUMBER_PART.search(text)
    body = match[0].strip(" '\u00a0\u202f\u2019") if match else ""
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
    is_grouped = len(decimals) == 3 and 1 <= len(whole) <= 3 and whole != "0"
    return "?" if is_grouped else last


@dataclass
class Column:
    """One column of a table: its heading, and its cells in the lines that carry money."""

    index: int
    heading: str
    values: list[str]

    @cached_property
    def filled(self) -> list[str]:
        return [value for value in self.values if value]

    @cached_property
    def fill_share(self) -> float:
        return len(self.filled) / max(len(self.values), 1)

    def share(self, test) -> float:
        """The share of filled cells that pass a test; 0 for a blank column."""
        return sum(map(bool, map(test, self.filled))) / len(self.filled) if self.filled else 0

    @cached_property
    def is_dates(self) -> bool:
        return self.share(is_date) >= 0.8

    @cached_property
    def is_numbers(self) -> bool:
        return self.share(is_number) >= 0.8

    @cached_property
    def is_currencies(self) -> bool:
        return self.share(is_currency) >= 0.7

    @cached_property
    def is_blank(self) -> bool:
        return not self.filled

    @cached_property
    def has_decimals(self) -> bool:
        return self.share(lambda text: decimal_mark_in(text) in (".", ",")) >= 0.3

    @cached_property
    def amounts(self) -> list[Decimal | None]:
        """The column's amounts, with the decimal mark its own cells suggest."""
        mark = decimal_mark_of([self]) or "."
        return [amount_in(value, mark) if value else None for value in self.values]

    @cached_property
    def negative_count(self) -> int:
        return sum(1 for amount in self.amounts if amount and amount < 0)

    @cached_property
    def positive_count(self) -> int:
        return sum(1 for amount in self.amounts if amount and amount > 0)

    @cached_property
    def words(self) -> list[str]:
        """The cells that are text to read: not dates, not numbers, not codes of a currency."""
        return [
            value
            for value in self.filled
            if any(char.isalpha() for char in value)
            and not (is_date(value) or is_number(value) or is_currency(value))
        ]


def is_currency(text: str) -> bool:
    return text in CURRENCY_CODES or text.casefold() in SYMBOL_CODES


def decimal_mark_of(columns: list[Column]) -> str:
    """The decimal mark most cells prove; "" where none proves any."""
    found = Counter(decimal_mark_in(value) for column in columns for value in column.filled)
    points, commas = found["."], found[","]
    if points == commas:
        return ""
    return "." if points > commas else ","


def mark_elsewhere(columns: list[Column]) -> str:
    """The decimal mark that other figures of the file prove, such as exchange rates."""
    cells = {value for column in columns for value in column.filled if _FIGURE.fullmatch(value)}
    found = Counter(decimal_mark_in(cell) for cell in cells)
    if found["."] == found[","]:
        return ""
    return "." if found["."] > found[","] else ","


def has_unclear_marks(columns: list[Column]) -> bool:
    return any(decimal_mark_in(value) == "?" for column in columns for value in column.filled)


# --- Date style --------------------------------------------------------------------------------


def fitting_styles(column: Column) -> list[str]:
    """The styles that read the most cells of a column, as days of the last or next decades."""
    values = list(dict.fromkeys(column.filled))
    counts: Counter[str] = Counter()
    for value in values:
        for style in date_styles(value):
            likely = day_of(value, style).year in _LIKELY_YEARS
            counts[style] += len(values) + 1 if likely else 1
    best = max(counts.values(), default=0)
    styles = [style for style in DATE_STYLES if best and counts[style] == best]
    return _without_oddities(styles, values)


def _without_oddities(styles: list[str], values: list[str]) -> list[str]:
    """Leave out orders nobody writes where a common one reads the same cells."""
    odd = set()
    if "%Y-%m-%d" in styles:
        odd.add("%Y-%d-%m")
    if "%Y%m%d" in styles:
        odd |= {"%d%m%Y", "%m%d%Y"}
    is_dotted = all(re.match(r"[='\"]*[0-9]{1,2}\.", value) for value in values)
    if is_dotted and {"%d-%m-%Y", "%d-%m-%y"} & set(styles):
        odd |= {"%m-%d-%Y", "%m-%d-%y", "%y-%m-%d"}
    if any("/" in value for value in values) and {"%d-%m-%y", "%m-%d-%y"} & set(styles):
        odd.add("%y-%m-%d")
    # "10-Nov-9": a last part of one digit may as well be the day.
    if "%d %b %y" in styles and all(re.search(r"[0-9]{2}\b\D*$", value[:12]) for value in values):
        odd.add("%y %b %d")
    return [style for style in styles if style not in odd]


def style_of(column: Column, others: list[Column]) -> tuple[str, list[str]]:
    """The style of a date column and the styles it may be as well (empty when it is certain)."""
    styles = fitting_styles(column)
    for other in others:
        shared = [style for style in styles if style in fitting_styles(other)]
        styles = shared or styles
    days = {style: [day_of(value, style) for value in column.filled] for style in styles}
    styles = [
        style
        for place, style in enumerate(styles)
        if all(days[style] != days[earlier] for earlier in styles[:place])
    ]
    in_order = [style for style in styles if _is_in_order(days[style])]
    if len(in_order) == 1:
        styles = in_order
    return (styles[0] if styles else ""), styles[1:]


def _is_in_order(days: list[date | None]) -> bool:
    """Whether days run one way; at least four different ones, so that it is no coincidence."""
    known = [day for day in days if day]
    return len(set(known)) >= 4 and (known == sorted(known) or known == sorted(known)[::-1])
