"""Find the table of payments in a file: its delimiter, headings and payment rows."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from transactions.sources.files.amounts import is_no_money
from transactions.sources.files.cell_words import (
    BALANCE_HINT,
    VOID_WORDS,
    is_also_payment,
    is_total,
)
from transactions.sources.files.column_words import (
    heading_score,
    named_roles,
)
from transactions.sources.files.csv_columns import (
    Column,
    date_styles,
    decimal_mark_of,
    has_figure,
    is_date,
    is_number,
    is_serial,
)
from transactions.sources.files.csv_mapping import DELIMITERS
from transactions.sources.files.csv_preamble import balance_label
from transactions.sources.files.csv_rows import (
    Row,
    filled_width,
    split_rows,
    with_whole_amounts,
)
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.values import fold

_LINES_COMPARED = 300
_HEADING_WITHIN = 80
MOST_COLUMNS = 200
_FEWEST_CELLS = 3
_DIGITS_OF_A_DAY = (8, 6)
_MONEY_ROLES = {"amount", "debit", "credit"}
ALMOST_ALL = 0.9
_MOST_DATES = 20
_LONGEST_STATE = 30
_DATE_IN_TEXT = re.compile(r"(?<![\w./-])[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4}(?![\w/-])")
_DATE_ROLES = {"txn_date", "posted_date", "value_date"}


@dataclass
class Table:
    """The rows of a file split by one delimiter, and which of them are payments.

    ``serial_at`` is the column where a spreadsheet stores dates as plain numbers. ``is_late`` means
    that there are payments above the headings too, so the table doesn't start there.
    ``is_all_booked`` means that states such as "reversed" keep no line out.
    """

    rows: list[Row]
    delimiter: str
    money_rows: list[Row]
    heading: Row | None
    is_named: bool
    serial_at: int | None = None
    is_late: bool = False
    is_all_booked: bool = False
    quote: str = '"'

    @classmethod
    def of(cls, rows: list[Row], delimiter: str, quote: str = '"') -> "Table":
        named = _named_heading(rows)
        if named is not None:
            rows = list(with_whole_amounts(rows, delimiter, len(named.cells)))
        is_late = named is not None and _stands_among_payments(named, rows)
        below = [row for row in rows if named is None or is_late or row.number > named.number]
        money_rows = _same_shape([row for row in below if _carries_money(row)])
        if named is not None:
            money_rows = _aligned(money_rows, len(named.cells))
        heading = named or _unnamed_heading(rows, money_rows)
        table = cls(
            rows, delimiter, money_rows, heading, named is not None, is_late=is_late, quote=quote
        )
        if not money_rows and named:
            table._look_for_serials(below)
        if not table.money_rows:
            table.money_rows = _same_shape([row for row in below if _may_carry_money(row)])
        return table

    def _look_for_serials(self, below: list[Row]) -> None:
        """Look for days without any mark under a heading that names a date: a spreadsheet's serial
        numbers, "14032026" or "260314".
        """
        headings = [heading_score(cell, "txn_date") for cell in sure(self.heading).cells]
        place = headings.index(max(headings))
        rows = [row for row in below if len(row.cells) > place and _may_be_day(row.cells[place])]
        if headings[place] and len(rows) >= ALMOST_ALL * len(
            [row for row in below if any(row.cells)]
        ):
            self.serial_at, self.money_rows = place, rows

    @property
    def rank(self) -> tuple:
        width = max((len(row.cells) for row in self.money_rows[:20]), default=0)
        return (len(self.money_rows), self.is_named, width)

    @cached_property
    def payments(self) -> list[Row]:
        """The money rows without opening and closing balances, totals and declined payments."""
        is_no_payment = _only_tells_balance if self.is_all_booked else _is_no_payment
        return [row for row in self.money_rows if not is_no_payment(row)] or self.money_rows

    @property
    def void_rows(self) -> list[Row]:
        """The rows whose state says that they were declined, canceled or reversed."""
        return [row for row in self.money_rows if _says_void(row)]

    @property
    def void_at(self) -> set[int]:
        """The columns in which a row says that its payment never happened."""
        payments = {row.number for row in self.payments}
        apart = [row for row in self.money_rows if row.number not in payments]
        return {
            place
            for row in apart
            for place, cell in enumerate(row.cells[:MOST_COLUMNS])
            if _is_void(cell.strip())
        }

    def columns(self) -> list[Column]:
        """The payment rows by column, each with its heading."""
        headings = [cell.strip() for cell in self.heading.cells] if self.heading else []
        rows = self.payments
        width = max([len(headings), *(len(row.cells) for row in rows)])
        columns = []
        for index in range(min(width, MOST_COLUMNS)):
            values = [row.cells[index].strip() if index < len(row.cells) else "" for row in rows]
            values = _without_dashes(values)
            heading = headings[index] if index < len(headings) else ""
            columns.append(Column(index, heading, values, is_named_date=index == self.serial_at))
        # Over "EUR | 12.50", one heading may sit on the currency but belong to the amount next to
        # it.
        for column, following in pairwise(columns):
            if column.is_currencies and following.is_numbers and not following.heading:
                following.heading, column.heading = column.heading, ""
        return columns

    @property
    def first_line(self) -> int:
        """Where a table without headings starts; rows of the same shape above may be faulty
        payments.
        """
        first = self.money_rows[0]
        place = next(place for place, cell in enumerate(first.cells) if is_date(cell.strip()))
        for row in reversed(self.rows[: self.rows.index(first)]):
            filled = sum(bool(cell.strip()) for cell in row.cells)
            is_same = len(row.cells) == len(first.cells) and filled >= _FEWEST_CELLS
            is_dated = row.cells[place : place + 1] and is_date(row.cells[place].strip())
            if not (is_same or is_dated):
                break
            first = row
        return first.number

    @property
    def header_line(self) -> int:
        """The line of the headings above the payments; 0 if there is none."""
        return self.heading.number if self.heading and not self.is_late else 0

    @property
    def below_heading(self) -> list[Row]:
        first = self.header_line + 1 if self.header_line else self.first_line
        return [row for row in self.rows if row.number >= first]

    def mark_outside(self) -> str:
        """The decimal mark proved by figures in rows that aren't payments, such as a balance."""
        payments = {row.number for row in self.payments}
        outside = [row.cells[:MOST_COLUMNS] for row in self.rows if row.number not in payments]
        figures = [cell.strip() for cells in outside for cell in cells if is_number(cell.strip())]
        return decimal_mark_of([Column(0, "", figures)])

    def dates_elsewhere(self) -> list[str]:
        """Dates in rows that aren't payments, such as a statement period or an opening balance."""
        payments = {row.number for row in self.payments}
        found: list[str] = []
        for row in self.rows:
            if row.number not in payments and len(found) < _MOST_DATES:
                found += _DATE_IN_TEXT.findall(row.raw)
        return found


def _is_no_payment(row: Row) -> bool:
    return _says_void(row) or _only_tells_balance(row)


def _says_void(row: Row) -> bool:
    return any(_is_void(cell.strip()) for cell in row.cells[:MOST_COLUMNS])


def _only_tells_balance(row: Row) -> bool:
    if not BALANCE_HINT.search(row.raw.lower()):
        return False
    cells = [cell for cell in map(str.strip, row.cells[:MOST_COLUMNS]) if cell]
    labels = [cell for cell in cells if balance_label(cell) or is_total(cell)]
    if labels and all(map(is_also_payment, labels)):
        return len({cell for cell in cells if is_number(cell) and not is_date(cell)}) < 2
    return bool(labels)


@lru_cache(maxsize=20_000)
def _is_void(text: str) -> bool:
    is_word = len(text) < _LONGEST_STATE and not text[-1:].isdigit()
    return is_word and bool(VOID_WORDS.fullmatch(fold(text)))


def best_table(lines: list[str]) -> Table:
    tables = []
    for delimiter in DELIMITERS:
        if any(delimiter in line for line in lines):
            quote = _quote_of(lines[:_LINES_COMPARED], delimiter)
            width = _usual_width(lines[:_LINES_COMPARED], delimiter, quote)
            rows = list(split_rows(_ended(lines[:_LINES_COMPARED]), delimiter, quote, width=width))
            tables.append((Table.of(rows, delimiter, quote), width))
    if not tables:
        raise UnreadableFile(NoticeCode.NO_TABLE)
    best, width = max(tables, key=lambda item: item[0].rank)
    if len(lines) > _LINES_COMPARED:
        rows = list(split_rows(_ended(lines), best.delimiter, best.quote, width=width))
        best = Table.of(rows, best.delimiter, best.quote)
    return best


def _ended(lines: list[str]) -> list[str]:
    return [line + "\n" for line in lines]


def _quote_of(lines: list[str], delimiter: str) -> str:
    """The quote around cells: an apostrophe only if nearly every line has nothing else."""
    apart = f"'{delimiter}'"
    quoted = [line for line in lines if line.startswith("'") and apart in line and '"' not in line]
    return "'" if len(quoted) > ALMOST_ALL * len(lines) else '"'


def _usual_width(lines: list[str], delimiter: str, quote: str) -> int:
    """How many cells most rows have, so that rows with broken quotes can be repaired."""
    rows = split_rows(_ended(lines), delimiter, quote, width=0)
    widths = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    return widths.most_common(1)[0][0] if widths else 0


def _carries_money(row: Row) -> bool:
    cells = [cell.strip() for cell in row.cells[:MOST_COLUMNS]]
    return any(is_date(cell) for cell in cells) and any(is_number(cell) for cell in cells)


def _stands_among_payments(heading: Row, rows: list[Row]) -> bool:
    """Whether rows above the headings look like the payments below them."""
    below = [row for row in rows if row.number > heading.number and _carries_money(row)]
    usual = Counter(map(_shape, below)).most_common(1)
    above = [row for row in rows if row.number < heading.number and _carries_money(row)]
    return bool(usual) and any(_shape(row) == usual[0][0] for row in above)


def _may_be_day(text: str) -> bool:
    return is_serial(text) or (len(text) in _DIGITS_OF_A_DAY and bool(date_styles(text)))


def _shape(row: Row) -> tuple[int, tuple[int, ...], bool]:
    """How many cells a row has, which of them are dates, and whether at least a few are filled."""
    dates = tuple(place for place, cell in enumerate(row.cells) if is_date(cell.strip()))
    return len(row.cells), dates, sum(map(bool, row.cells)) >= _FEWEST_CELLS


def _may_carry_money(row: Row) -> bool:
    """Whether the row has a date, and a figure next to what may be a currency symbol."""
    cells = [cell.strip() for cell in row.cells[:MOST_COLUMNS]]
    return any(is_date(cell) for cell in cells) and any(has_figure(cell) for cell in cells)


def _same_shape(rows: list[Row]) -> list[Row]:
    """The rows whose first date is in the usual column, which leaves out notes above the table."""
    places = [
        next(place for place, cell in enumerate(row.cells) if is_date(cell.strip())) for row in rows
    ]
    if not places:
        return []
    usual = Counter(places).most_common(1)[0][0]
    fitting = [row for row in rows if len(row.cells) > usual and is_date(row.cells[usual].strip())]
    return fitting[1:] if _is_note_above(fitting) else fitting


def _aligned(rows: list[Row], width: int) -> list[Row]:
    """The rows without the few that have more cells than headings: a comma moved their cells."""
    fitting = [row for row in rows if filled_width(row.cells) <= width]
    return fitting if 2 * len(fitting) > len(rows) else rows


def _is_note_above(rows: list[Row]) -> bool:
    """Whether the first row is set apart and has dates in columns where no payment has one."""
    if len(rows) < _FEWEST_CELLS or rows[1].number - rows[0].number < 2:
        return False
    dates = [set(_shape(row)[1]) for row in rows]
    return not dates[0] <= set.union(*dates[1:])


def _named_heading(rows: list[Row]) -> Row | None:
    """The row that names a date and an amount, and the most roles overall."""
    best, most = None, 0
    for row in rows[:_HEADING_WITHIN]:
        cells = [cell.strip() for cell in row.cells[:MOST_COLUMNS]]
        if sum(map(bool, cells)) < 2 or any(is_date(cell) or is_number(cell) for cell in cells):
            continue
        roles = named_roles(cells)
        if roles & _MONEY_ROLES and roles & _DATE_ROLES and len(roles) > most:
            best, most = row, len(roles)
    return best


def _unnamed_heading(rows: list[Row], money_rows: list[Row]) -> Row | None:
    """The row of words right above the first payment, in a language we don't know.

    An opening or closing balance may stand between them.
    """
    if not money_rows:
        return None
    above = [row for row in rows if row.number < money_rows[0].number and any(row.cells)]
    while above and _is_balance_line(above[-1], len(money_rows[0].cells)):
        above.pop()
    if not above:
        return None
    cells = [cell.strip() for cell in above[-1].cells]
    filled = [cell for cell in cells if cell]
    is_words = not any(any(char.isdigit() for char in cell) or len(cell) > 60 for cell in filled)
    usual = len(money_rows[0].cells)
    if (
        is_words
        and len(set(filled)) == len(filled) >= max(2, usual // 2)
        and len(cells) <= usual + 2
    ):
        return above[-1]
    return None


def _is_balance_line(row: Row, width: int) -> bool:
    """Whether a row of the table states a balance; a heading may be called so, without a figure."""
    has_figure = any(is_number(cell.strip()) for cell in row.cells[:MOST_COLUMNS])
    return len(row.cells) == width and has_figure and _only_tells_balance(row)


def _without_dashes(values: list[str]) -> list[str]:
    """Blank the cells of nothing but dashes in a column of figures. Elsewhere they may be minus."""
    figures = [value for value in values if not is_no_money(value)]
    if len(figures) == len(values) or not any(map(is_number, figures)):
        return values
    return ["" if is_no_money(value) else value for value in values]
