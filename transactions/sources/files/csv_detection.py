"""How a table of unknown origin is to be read, and what about it no machine can know."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from transactions.sources.files.column_words import (
    KNOWN_STATUS,
    PENDING_WORDS,
    VOID_WORDS,
    currency_in_heading,
    heading_score,
    named_roles,
)
from transactions.sources.files.csv_columns import (
    Column,
    date_styles,
    day_of,
    decimal_mark_of,
    has_unclear_marks,
    is_date,
    is_number,
    mark_elsewhere,
    style_of,
)
from transactions.sources.files.csv_mapping import DELIMITERS, CsvMapping, Detection
from transactions.sources.files.csv_preamble import balance_label
from transactions.sources.files.csv_rows import Row, split_rows
from transactions.sources.files.csv_signs import Money, find_money
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.own_csv import own_mapping
from transactions.sources.files.text_encoding import find_encoding, first_lines
from transactions.sources.files.values import fold

_LINES_LOOKED_AT = 3000
_LINES_COMPARED = 300
_HEADING_WITHIN = 80
_MOST_COLUMNS = 200
_SAMPLE_ROWS = 20
_FEWEST_CELLS = 3
_MONEY_ROLES = {"amount", "debit", "credit"}
_DATE_ROLES = {"txn_date", "posted_date", "value_date"}
_SEVERAL_DATES = "Several columns hold dates, and no heading says which is the day of payment."
_DAY_OR_MONTH = "The dates can be read in more than one order of day, month and year."


def detect(data: bytes) -> Detection:
    """How to read a CSV file; ``UnreadableFile`` where it holds no table of payments."""
    encoding, rivals = find_encoding(data)
    lines = first_lines(data, encoding, _LINES_LOOKED_AT)
    table = _best_table(lines)
    detection = _describe(table, encoding)
    if rivals:
        detection.doubt(
            "encoding", "The letters with accents may come out wrong.", [encoding, *rivals]
        )
    return detection


def detect_table(rows: list[list[str]]) -> Detection:
    """How to read a table whose cells are text already, such as a spreadsheet's sheet."""
    numbered = [
        Row(number, cells, "\t".join(cells))
        for number, cells in enumerate(rows[:_LINES_LOOKED_AT], start=1)
    ]
    return _describe(_Table.of(numbered, ","), "utf-8")


@dataclass
class _Table:
    """The lines of a file under one delimiter, and which of them carry money."""

    rows: list[Row]
    delimiter: str
    money_rows: list[Row]
    heading: Row | None
    is_named: bool

    @classmethod
    def of(cls, rows: list[Row], delimiter: str) -> "_Table":
        named = _named_heading(rows)
        below = [row for row in rows if named is None or row.number > named.number]
        money_rows = _same_shape([row for row in below if _carries_money(row)])
        heading = named or _unnamed_heading(rows, money_rows)
        return cls(rows, delimiter, money_rows, heading, named is not None)

    @property
    def rank(self) -> tuple:
        width = max((len(row.cells) for row in self.money_rows[:20]), default=0)
        return (len(self.money_rows), self.is_named, width)


def _best_table(lines: list[str]) -> _Table:
    tables = []
    for delimiter in DELIMITERS:
        if any(delimiter in line for line in lines):
            width = _usual_width(lines[:_LINES_COMPARED], delimiter)
            rows = list(split_rows(_ended(lines[:_LINES_COMPARED]), delimiter, '"', width=width))
            tables.append((_Table.of(rows, delimiter), width))
    if not tables:
        raise UnreadableFile("The file is no table: no line is divided into columns.")
    best, width = max(tables, key=lambda item: item[0].rank)
    if len(lines) > _LINES_COMPARED:
        best = _Table.of(
            list(split_rows(_ended(lines), best.delimiter, '"', width=width)), best.delimiter
        )
    return best


def _ended(lines: list[str]) -> list[str]:
    return [line + "\n" for line in lines]


def _usual_width(lines: list[str], delimiter: str) -> int:
    """How many cells most lines have, so that one with broken quotes can be told and mended."""
    rows = split_rows(_ended(lines), delimiter, '"', width=0)
    widths = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    return widths.most_common(1)[0][0] if widths else 0


def _carries_money(row: Row) -> bool:
    cells = [cell.strip() for cell in row.cells[:_MOST_COLUMNS]]
    return any(is_date(cell) for cell in cells) and any(is_number(cell) for cell in cells)


def _same_shape(rows: list[Row]) -> list[Row]:
    """Lines whose first date is where most lines have theirs: not notes above the table."""
    places = [
        next(place for place, cell in enumerate(row.cells) if is_date(cell.strip())) for row in rows
    ]
    if not places:
        return []
    usual = Counter(places).most_common(1)[0][0]
    return [row for row in rows if len(row.cells) > usual and is_date(row.cells[usual].strip())]


def _named_heading(rows: list[Row]) -> Row | None:
    """The line whose cells name a date and an amount, and most besides."""
    best, most = None, 0
    for row in rows[:_HEADING_WITHIN]:
        cells = [cell.strip() for cell in row.cells[:_MOST_COLUMNS]]
        if sum(map(bool, cells)) < 2 or any(is_date(cell) or is_number(cell) for cell in cells):
            continue
        roles = named_roles(cells)
        if roles & _MONEY_ROLES and roles & _DATE_ROLES and len(roles) > most:
            best, most = row, len(roles)
    return best


def _unnamed_heading(rows: list[Row], money_rows: list[Row]) -> Row | None:
    """The line of words right above the first money line, in a language nobody taught us."""
    if not money_rows:
        return None
    above = [row for row in rows if row.number < money_rows[0].number and any(row.cells)]
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


# --- From the table to a mapping ---------------------------------------------------------------


def _describe(table: _Table, encoding: str) -> Detection:
    if not table.money_rows:
        raise UnreadableFile(
            "The file has headings but no line with a date and an amount."
            if table.heading
            else "No line of the file has both a date and an amount."
        )
    table.money_rows = _without_balances(table.money_rows)
    columns = _columns_of(table)
    detection = Detection(
        mapping=CsvMapping(txn_date=None, date_format=""),
        columns=[column.heading or f"Column {column.index + 1}" for column in columns],
        sample=[row.cells for row in _below_heading(table)[:_SAMPLE_ROWS]],
    )
    own = own_mapping([column.heading for column in columns], columns[0].values)
    if own is not None:
        shape = {"delimiter": table.delimiter, "header_line": table.heading.number}
        detection.mapping = replace(own, encoding=encoding, **shape)
        return detection
    chosen = _choose_dates(columns, table.is_named, detection)
    days = [day_of(value, chosen["date_format"]) for value in columns[chosen["txn_date"]].values]
    others = [column for column in columns if not (column.is_dates or _is_chosen(column, chosen))]
    money = find_money(others, days, table.heading is not None)
    if money is None:
        raise UnreadableFile("No column of the file holds an amount for each line.")
    chosen |= _money_fields(money, columns, detection)
    chosen |= _other_fields([column for column in others if not _is_chosen(column, chosen)], money)
    detection.mapping = CsvMapping(
        **chosen,
        encoding=encoding,
        delimiter=table.delimiter,
        header_line=table.heading.number if table.heading else 0,
        skip_lines=0 if table.heading else _first_line(table) - 1,
    )
    return detection


def _without_balances(rows: list[Row]) -> list[Row]:
    """Opening and closing lines look like payments and have habits of their own."""
    return [row for row in rows if not any(map(balance_label, row.cells[:_MOST_COLUMNS]))] or rows


def _first_line(table: _Table) -> int:
    """Where a table without headings begins: lines of its shape may be payments with a fault."""
    first = table.money_rows[0]
    place = next(place for place, cell in enumerate(first.cells) if is_date(cell.strip()))
    for row in reversed(table.rows[: table.rows.index(first)]):
        filled = sum(bool(cell.strip()) for cell in row.cells)
        is_same = len(row.cells) == len(first.cells) and filled >= _FEWEST_CELLS
        is_dated = row.cells[place : place + 1] and is_date(row.cells[place].strip())
        if not (is_same or is_dated):
            break
        first = row
    return first.number


def _below_heading(table: _Table) -> list[Row]:
    first = table.heading.number + 1 if table.heading else _first_line(table)
    return [row for row in table.rows if row.number >= first]


def _columns_of(table: _Table) -> list[Column]:
    headings = [cell.strip() for cell in table.heading.cells] if table.heading else []
    width = max([len(headings), *(len(row.cells) for row in table.money_rows)])
    columns = []
    for index in range(min(width, _MOST_COLUMNS)):
        values = [
            row.cells[index].strip() if index < len(row.cells) else "" for row in table.money_rows
        ]
        columns.append(Column(index, headings[index] if index < len(headings) else "", values))
    # A heading over "EUR | 12.50" may stand over the currency and mean the amount beside it.
    for column, following in pairwise(columns):
        if column.is_currencies and following.is_numbers and not following.heading:
            following.heading, column.heading = column.heading, ""
    return columns


def _is_chosen(column: Column, chosen: dict[str, Any]) -> bool:
    return any(
        value == column.index and isinstance(value, int) and name != "decimal_mark"
        for name, value in chosen.items()
    )


def _choose_dates(columns: list[Column], is_named: bool, detection: Detection) -> dict[str, Any]:
    """The day the customer acted, the day it was booked, and how both are written."""
    dated = [column for column in columns if column.is_dates]
    dated = [
        *dated,
        *(
            column
            for column in columns
            if column not in dated
            and _date_role(column) in _DATE_ROLES
            and column.share(date_styles) >= 0.8
            and not column.is_numbers
        ),
    ]
    full = [column for column in dated if column.fill_share >= 0.9] or dated
    ranked = [
        max(
            (column for column in full if _date_role(column) == role),
            key=lambda column: (heading_score(column.heading, role), -column.index),
            default=None,
        )
        for role in ("txn_date", "posted_date", "value_date")
    ]
    txn = next((column for column in ranked if column), full[0])
    posted = next((column for column in dated if _date_role(column) == "posted_date"), None)
    chosen: dict[str, Any] = {"txn_date": txn.index}
    if posted is not None and posted is not txn:
        chosen["posted_date"] = posted.index
    if not any(ranked) and any(column.values != txn.values for column in full):
        detection.doubt("txn_date", _SEVERAL_DATES, [column.index for column in full])
    style, rivals = style_of(txn, [column for column in dated if column is not txn])
    chosen["date_format"] = style
    if rivals:
        detection.doubt("date_format", _DAY_OR_MONTH, [style, *rivals])
    return chosen


def _date_role(column: Column) -> str:
    scores = {role: heading_score(column.heading, role) for role in sorted(_DATE_ROLES)}
    best = max(scores, key=scores.get)
    return best if scores[best] > 0 else ""


def _money_fields(money: Money, columns: list[Column], detection: Detection) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: getattr(money, name).index
        for name in ("amount", "debit", "credit", "flag", "balance")
        if getattr(money, name)
    }
    for name in ("sign_convention", "outflow_flag", "inflow_flag"):
        fields[name] = getattr(money, name)
    counted = [*money.columns, *([money.balance] if money.balance else [])]
    mark = decimal_mark_of(money.columns) or decimal_mark_of(counted)
    if not mark:
        mark = mark_elsewhere([column for column in columns if not column.is_dates])
        if not mark and has_unclear_marks(money.columns):
            mark = "," if any("," in value for value in money.columns[0].filled) else "."
            detection.doubt(
                "decimal_mark",
                "The mark before three digits may group thousands or begin the decimals.",
                [mark, "." if mark == "," else ","],
            )
    fields["decimal_mark"] = mark or "."
    for name, sentence, alternatives in money.doubts or []:
        detection.doubt(name, sentence, alternatives)
    return fields


def _other_fields(columns: list[Column], money: Money) -> dict[str, Any]:
    """The columns of words and codes; each column is given one role."""
    fields: dict[str, Any] = {}
    currency = _currency_column(columns, money)
    status = _best(columns, "status", lambda column: column.share(_is_status) >= 0.6)
    for name, column in (("currency", currency), ("status", status)):
        if column:
            fields[name] = column.index
    free = [column for column in columns if column not in (currency, status) and column.filled]
    for role, test in (
        ("external_id", lambda column: _is_identifier(column)),
        ("category", lambda column: column.words),
        ("merchant", lambda column: column.words),
        ("notes", lambda column: column.words),
    ):
        column = _best(free, role, test)
        if column and heading_score(column.heading, "description") <= heading_score(
            column.heading, role
        ):
            fields[role] = column.index
            free.remove(column)
    fields["description"] = _description_columns(free)
    return fields


def _best(columns: list[Column], role: str, test) -> Column | None:
    fitting = [
        column for column in columns if heading_score(column.heading, role) > 0 and test(column)
    ]
    return max(
        fitting,
        key=lambda column: (heading_score(column.heading, role), -column.index),
        default=None,
    )


def _is_identifier(column: Column) -> bool:
    """A column is an identifier only if it never repeats: a repeat would lose a transaction."""
    return column.fill_share == 1 and len(set(column.values)) == len(column.values)


def _is_status(text: str) -> bool:
    word = fold(text)
    return bool(
        PENDING_WORDS.search(word) or VOID_WORDS.fullmatch(word) or KNOWN_STATUS.fullmatch(word)
    )


def _currency_column(columns: list[Column], money: Money) -> Column | None:
    """The currency of the amount; not needed where the amount's own heading says it."""
    held = money.amount or money.credit
    if currency_in_heading(held.heading):
        return None
    codes = [column for column in columns if column.is_currencies]
    beside = [column for column in codes if abs(column.index - held.index) == 1]
    return _best(codes, "currency", lambda column: True) or (
        min(beside, key=lambda column: held.index - column.index) if beside else None
    )


def _description_columns(columns: list[Column]) -> tuple[int, ...]:
    """The columns named as descriptions, else those with the most to read; four at most."""
    named = [column for column in columns if heading_score(column.heading, "description") >= 30]
    if named:
        return tuple(column.index for column in named[:4])
    worded = [
        column
        for column in columns
        if len(column.words) >= 0.5 * len(column.filled)
        and sum(map(len, column.filled)) >= 3 * len(column.filled)
    ]
    longest = sorted(worded, key=lambda column: sum(map(len, column.filled)), reverse=True)
    return tuple(sorted(column.index for column in longest[:2]))
