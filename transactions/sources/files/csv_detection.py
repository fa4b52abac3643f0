"""Work out how to read an unknown table, and which questions only a person can answer."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

from transactions.sources.files.cell_words import INFLOW_FLAGS, OUTFLOW_FLAGS, REVERSAL
from transactions.sources.files.column_words import (
    currency_in_heading,
    heading_score,
    plain_heading,
)
from transactions.sources.files.csv_accounts import account_field
from transactions.sources.files.csv_columns import (
    Column,
    day_of,
    decimal_mark_of,
    has_unclear_marks,
    is_date,
    mark_elsewhere,
)
from transactions.sources.files.csv_dates import Dates, choose_dates
from transactions.sources.files.csv_mapping import CsvMapping, Detection, Doubt
from transactions.sources.files.csv_marks import (
    likely_marks,
    mark_by_use,
    share_mark,
)
from transactions.sources.files.csv_money import Evidence, Money
from transactions.sources.files.csv_preamble import stated_balances
from transactions.sources.files.csv_question import ask, read_lines
from transactions.sources.files.csv_rows import Row, cut_amounts
from transactions.sources.files.csv_signs import find_money
from transactions.sources.files.csv_table import Table, best_table
from transactions.sources.files.csv_texts import text_fields
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.own_csv import own_mapping
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext
from transactions.sources.files.text_encoding import find_encoding, first_lines
from transactions.sources.files.values import fold, shown

_LINES_LOOKED_AT = 3000
_SAMPLE_ROWS = 20
_FEWEST_LINES = 3
_IN_CENTS = re.compile(
    r"(?<!\w)(?:cents?|minor(?: units?)?|pence|centimes?|centavos?|centimos?|centesimi|groszy|"
    r"grosze|ore|haleru|kopecks?|коп[еі][ийеє]\w*|sent(?:it|tia|tiä|ti|te|i)|oere|øre|"
    r"aurar?|filler|bani|kurus|halierov|centov|centu|centai|santimi|centims|stotinki|стотинки|"
    r"стотинок|lipa|stotin|λεπτα|qepik|qəpik|tiyin|тиын|fils|halalas?|piast(?:er|re)s?|paise|paisa|"
    r"satang|hundredths)(?!\w)"
)


def detect(data: bytes, context: ReadingContext = NOTHING_KNOWN) -> Detection:
    """How to read a CSV file. Raises ``UnreadableFile`` if it has no table of payments."""
    encoding, rivals = find_encoding(data, context)
    lines = first_lines(data, encoding, _LINES_LOOKED_AT)
    table = best_table(lines)
    detection = _describe(table, encoding, context)
    detection.encodings = [encoding, *rivals] if rivals else []
    return detection


def detect_table(rows: list[list[str]], context: ReadingContext = NOTHING_KNOWN) -> Detection:
    """How to read a table whose cells are already text, such as a spreadsheet."""
    numbered = [
        Row(number, cells, "\t".join(cells))
        for number, cells in enumerate(rows[:_LINES_LOOKED_AT], start=1)
    ]
    return _describe(Table.of(numbered, ","), "utf-8", context)


def _describe(table: Table, encoding: str, context: ReadingContext) -> Detection:
    """How to read the table.

    Lines whose state says that they were reversed moved money if the balance moves by them, or if
    other lines take each of them back.
    """
    found = _described(table, encoding, context)
    void = table.void_rows
    if not void or len(void) == len(table.money_rows):
        return found
    whole = _described(replace(table, is_all_booked=True), encoding, context)
    whole.mapping = replace(whole.mapping, status=None)
    is_moved = whole.is_proved and not found.is_proved and _move_balance(void, table, whole.mapping)
    return whole if is_moved or _are_taken_back(void, table, whole.mapping) else found


def _move_balance(void: list[Row], table: Table, mapping: CsvMapping) -> bool:
    """Whether the balance of each of these rows differs from those of the rows beside it."""
    place = mapping.balance
    if place is None:
        return False
    balances = {row.number: row.cells[place : place + 1] for row in table.money_rows}
    apart = {row.number for row in void}
    return not any(
        balances[one] == balances[other] and apart & {one, other}
        for one, other in pairwise(balances)
    )


def _are_taken_back(void: list[Row], table: Table, mapping: CsvMapping) -> bool:
    """Whether a line that names itself a reversal, or the same payee, undoes each of these."""
    if mapping.problem():
        return False
    lines = read_lines(mapping, table.money_rows)
    apart = {row.number for row in void}
    undone = [lines[number] for number in apart if number in lines]
    others = [line for number, line in lines.items() if number not in apart]
    return len(undone) == len(apart) and all(
        any(
            other[0][1] == -line[0][1]
            and (REVERSAL.search(fold(other[1].text)) or other[1].text == line[1].text)
            for other in others
        )
        for line in undone
    )


def _described(table: Table, encoding: str, context: ReadingContext) -> Detection:
    if not table.money_rows:
        raise _no_money(table)
    _refuse_cut_amounts(table)
    columns = table.columns()
    detection = Detection(
        mapping=CsvMapping(txn_date=None, date_format=""),
        columns=[column.heading or f"Column {column.index + 1}" for column in columns],
        sample=[row.cells for row in table.below_heading[:_SAMPLE_ROWS]],
    )
    shape: dict[str, Any] = {
        "encoding": encoding,
        "delimiter": table.delimiter,
        "quotechar": table.quote,
        "header_line": table.header_line,
    }
    own = own_mapping([column.heading for column in columns], columns[0].values)
    if own is not None:
        detection.mapping = replace(own, **shape)
        return detection
    if not table.header_line:
        shape["skip_lines"] = table.first_line - 1
    fields = _fields(table, columns, detection, context)
    _refuse_apart_by_direction(table, detection)
    detection.mapping = CsvMapping(**(shape | fields))
    ask(detection, table.payments)
    return detection


def _no_money(table: Table) -> UnreadableFile:
    """Why a file has no payments, quoting the cell that couldn't be read if there is one."""
    for row in table.below_heading if table.heading else []:
        cells = [cell.strip() for cell in row.cells]
        figures = [cell for cell in cells if any(char.isdigit() for char in cell)]
        if len(figures) > 1:
            unread = [cell for cell in figures if not is_date(cell)]
            if not unread:
                continue
            code, cell = NoticeCode.ONLY_HEADINGS_NO_DATE, unread[0]
            if len(unread) < len(figures):
                code, cell = NoticeCode.ONLY_HEADINGS_NO_AMOUNT, max(unread, key=_digit_share)
            return UnreadableFile(code, line=row.number, text=shown(cell))
    return UnreadableFile(NoticeCode.ONLY_HEADINGS if table.heading else NoticeCode.NO_MONEY_LINE)


def _fields(
    table: Table, columns: list[Column], detection: Detection, context: ReadingContext
) -> dict[str, Any]:
    """The mapping's fields. Open questions are added to ``detection``."""
    is_dollar = any(
        "$" in value for column in columns if column.is_numbers for value in column.filled[:50]
    )
    dates = choose_dates(columns, table.dates_elsewhere(), is_dollar, context)
    taken = {dates.txn.index, *([dates.posted.index] if dates.posted else [])}
    others = [column for column in columns if not (column.is_dates or column.index in taken)]
    days = [day_of(value, dates.style) for value in dates.txn.values]

    @cache
    def evidence_for(mark: str) -> Evidence:
        return _evidence(table, others, days, context, mark)

    numbers = [column for column in others if column.is_numbers]
    is_mark_proved = share_mark(numbers, evidence_for)
    evidence = evidence_for(decimal_mark_of(numbers) or ".")
    money = find_money(others, evidence)
    if money is None:
        raise _no_amount(others)
    _refuse_split_amounts(table, columns, money)
    _refuse_cents(money)
    opening_line = _opening_line(table, money)
    _tell(detection, dates, money)
    fields = {"txn_date": dates.txn.index, "date_format": dates.style}
    if dates.posted:
        fields["posted_date"] = dates.posted.index
    fields |= _money_fields(money)
    counted = [*money.columns, *([money.balance] if money.balance else [])]
    mark = counted[0].shared_mark if is_mark_proved else _proved_mark(money, counted, others, table)
    fields["decimal_mark"] = mark or _settled_mark(money, counted, others, detection, context)
    if opening_line:
        fields["skip_lines"] = opening_line
        without = 0 if table.header_line else table.first_line - 1
        question, because = Notice(NoticeCode.ASK_OPENING_LINE), Notice(NoticeCode.LAST_IS_BALANCE)
        detection.doubt(Doubt("skip_lines", question, [opening_line, without], because))
    used = {value for name, value in fields.items() if isinstance(value, int)}
    free = [column for column in others if column.index not in used]
    fields |= text_fields(free, money, table.void_at)
    return fields | account_field(columns, fields)


def _opening_line(table: Table, money: Money) -> int:
    """The line number of a first row that only states the balance, as a last row does; 0 for none.

    A first payment into an empty account looks the same, so the user is asked.
    """
    if money.balance is None or len(money.sizes) < _FEWEST_LINES:
        return 0
    pairs = list(zip(money.sizes, money.balance.amounts, strict=True))
    first, before_last, last = pairs[0], pairs[-2], pairs[-1]
    is_closing = last[0] == last[1] == before_last[1]
    return table.payments[0].number if is_closing and first[0] == first[1] else 0


def _refuse_apart_by_direction(table: Table, detection: Detection) -> None:
    """Refuse a table for money in and one for money out of which only titles say which is which."""
    if "sign_convention" not in detection.alternatives:
        return
    alone = [cells[0] for row in table.rows if len(cells := [*filter(None, row.cells)]) == 1]
    into = [text for text in alone if _names_direction(text, INFLOW_FLAGS, "credit")]
    out = [text for text in alone if _names_direction(text, OUTFLOW_FLAGS, "debit")]
    if into and out:
        raise UnreadableFile(
            NoticeCode.APART_BY_DIRECTION, text=shown(into[0]), other=shown(out[0])
        )


def _names_direction(text: str, flags: frozenset[str], role: str) -> bool:
    """Whether a title is a word for one direction of money."""
    return fold(text.strip(" :.")) in flags or heading_score(text, role) > 0


def _refuse_cut_amounts(table: Table) -> None:
    """Refuse unquoted thousands commas where no heading tells how many cells a row has."""
    if table.heading or table.delimiter != ",":
        return
    width = min(len(row.cells) for row in table.money_rows)
    for row in table.money_rows:
        is_longer = len(row.cells) > width and table.quote not in row.raw
        places = cut_amounts(row.cells) if is_longer else []
        if places:
            text, other = row.cells[places[0]].strip(), row.cells[places[0] + 1].strip()
            raise UnreadableFile(NoticeCode.CUT_AMOUNT, text=text, other=other)


def _refuse_split_amounts(table: Table, columns: list[Column], money: Money) -> None:
    """Refuse unquoted decimal commas in a comma-separated file, which cut each amount in two."""
    place = money.columns[-1].index + 1
    beside = columns[place] if place < len(columns) else None
    if table.delimiter != "," or beside is None or beside.heading:
        return
    is_cents = len(beside.filled) > 1 and beside.fill_share == 1 and beside.share(_is_cents) == 1
    if is_cents and not any(column.has_decimals for column in money.columns):
        raise UnreadableFile(
            NoticeCode.COMMAS_APART,
            text=shown(money.columns[-1].filled[0]),
            other=beside.filled[0],
        )


def _refuse_cents(money: Money) -> None:
    """Refuse amounts that the heading says are counted in hundredths."""
    for column in money.columns:
        if not column.has_decimals and _IN_CENTS.search(plain_heading(column.heading)):
            raise UnreadableFile(NoticeCode.AMOUNTS_IN_CENTS, heading=shown(column.heading))


def _is_cents(text: str) -> bool:
    return len(text) == 2 and text.isdigit()


def _digit_share(text: str) -> float:
    return sum(char.isdigit() for char in text) / max(len(text), 1)


def _no_amount(columns: list[Column]) -> UnreadableFile:
    """The refusal, quoting a cell that looks like an amount but can't be read as one."""
    for column in columns:
        for value in column.filled:
            digits = sum(char.isdigit() for char in value)
            if digits and 2 * digits >= len(value.replace(" ", "")):
                heading, text = shown(column.heading), shown(value)
                if not heading:
                    return UnreadableFile(NoticeCode.UNREAD_AMOUNT, text=text)
                return UnreadableFile(NoticeCode.UNREAD_AMOUNT_IN, text=text, heading=heading)
    return UnreadableFile(NoticeCode.NO_AMOUNT_COLUMN)


def _evidence(
    table: Table,
    columns: list[Column],
    days: list,
    context: ReadingContext,
    decimal_mark: str,
) -> Evidence:
    payments = {row.number for row in table.payments}
    outside = [row.cells for row in table.rows if row.number not in payments]
    opening, closing = stated_balances(outside, decimal_mark)
    return Evidence(
        days=days,
        has_heading=table.heading is not None,
        context=context,
        opening=opening,
        closing=closing,
        texts=_texts_of(columns),
    )


def _texts_of(columns: list[Column]) -> Callable[[], list[str]]:
    @cache
    def texts() -> list[str]:
        worded = [column.values for column in columns if column.words]
        count = len(columns[0].values) if columns else 0
        lines = zip(*worded, strict=True) if worded else [("",)] * count
        return [fold(" ".join(cells)[:300]) for cells in lines]

    return texts


def _tell(detection: Detection, dates: Dates, money: Money) -> None:
    detection.is_proved = money.is_proved
    if dates.is_untested:
        detection.untested.add("date_format")
    detection.reasons = {**dates.reasons, "amount": money.reason}
    for doubt in (*dates.doubts, *money.doubts):
        detection.doubt(doubt)


def _money_fields(money: Money) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: getattr(money, name).index
        for name in ("amount", "debit", "credit", "flag", "balance", "fee")
        if getattr(money, name)
    }
    for name in ("sign_convention", "outflow_flag", "inflow_flag", "opening_balance"):
        fields[name] = getattr(money, name)
    fields["money_sign"] = next(
        (column.money_sign for column in money.columns if column.money_sign), ""
    )
    return fields


def _proved_mark(money: Money, counted: list[Column], columns: list[Column], table: Table) -> str:
    """The decimal mark that figures of the file prove; "" if none does."""
    mark = decimal_mark_of(money.columns) or decimal_mark_of(counted)
    return mark or mark_elsewhere(columns) or table.mark_outside()


def _settled_mark(
    money: Money,
    counted: list[Column],
    columns: list[Column],
    detection: Detection,
    context: ReadingContext,
) -> str:
    """The decimal mark where no figure proves one, with a question if it stays open."""
    if not has_unclear_marks(money.columns):
        detection.untested.add("decimal_mark")
        return "."
    currency = _currency_of(money, columns) or context.currency
    if mark := mark_by_use(counted, currency, context):
        return mark
    choices, because = likely_marks(counted, currency, context)
    question = Notice(NoticeCode.ASK_DECIMAL_MARK)
    detection.doubt(Doubt("decimal_mark", question, choices, because))
    return choices[0]


def _currency_of(money: Money, columns: list[Column]) -> str:
    """The currency the file names for its amounts; "" if it names none or several."""
    held = money.columns[0]
    if named := currency_in_heading(held.heading):
        return named
    codes = {value for column in columns if column.is_currencies for value in column.filled} | {
        cell.currency for cell in held.cells if cell and cell.currency
    }
    return codes.pop() if len(codes) == 1 else ""
