"""The columns of the CSV file we export (transactions/exports.py), and how to read it back.

Every cell survives the round trip, including line breaks, spaces and text that looks like a
formula. If a spreadsheet has saved the file in another form, it is read as any other table.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from transactions.sources.files.account_parts import PartNames
from transactions.sources.files.amounts import parse_amount
from transactions.sources.files.csv_mapping import CsvMapping
from transactions.sources.files.csv_rows import LONGEST_RAW
from transactions.sources.files.dates import parse_date
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingRow,
    IncomingTransaction,
    OwnDetails,
    UnreadableFile,
    UnusableRow,
)
from transactions.sources.files.notices import NoticeCode, RowError
from transactions.sources.files.values import shown

FORMAT = "own csv"
# Column -> its role in a table import; "" if only people and the reader below use it.
_FIRST_COLUMNS = {
    "Date": "txn_date",
    "Amount": "amount",
    "Currency": "currency",
    "Description": "description",
    "Merchant": "merchant",
    "Category": "category",
    "Tags": "",
    "Notes": "notes",
    "Account": "account",
    "Status": "status",
    "Booked on": "posted_date",
    "Bank's id": "external_id",
}
_LATER_COLUMNS = dict.fromkeys(
    ("Counted", "Split", "Transaction id", "Transfer with", "Account ends in"), ""
)
COLUMNS = _FIRST_COLUMNS | _LATER_COLUMNS
HEADINGS = tuple(COLUMNS)
# Files exported before splits and ids existed can still be read.
_KNOWN_HEADINGS = (HEADINGS, tuple(_FIRST_COLUMNS))
_DAY = "%Y-%m-%d"
_ROWS_LOOKED_AT = 100
_STATUSES = ("posted", "pending", "planned")
_FORMULA = re.compile("'* *[=+\\-@\t\r\n\x00＝＋－＠]")
_NEEDS_QUOTES = re.compile('[",\r\n]|^ | $|^$')


# --- Cells ---------------------------------------------------------------------------------------


def neutralized(text: str) -> str:
    """The text, with an apostrophe in front of anything a spreadsheet would run as a formula.

    Text that already looks escaped gets another one, so that `restored` is an exact inverse.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """The original text of a cell written by `neutralized`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def packed(values: Iterable[str]) -> str:
    """Several values in one cell, the way a person would list them: `home, "red, blue"`."""
    return ", ".join(map(_quoted, values))


def _quoted(value: str) -> str:
    if not _NEEDS_QUOTES.search(value):
        return value
    return '"' + value.replace('"', '""') + '"'


def unpacked(cell: str) -> list[list[str]]:
    """The values in each line of a cell written by `packed`."""
    lines = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    return [line for line in lines if line]


# --- Files ---------------------------------------------------------------------------------------


def is_own(data: bytes) -> bool:
    """Whether the bytes are our own export: known headings and ISO dates."""
    line = data[:1000].removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    if line not in [",".join(headings).encode() for headings in _KNOWN_HEADINGS]:
        return False
    try:
        rows = list(islice(_records(data), _ROWS_LOOKED_AT))
    except (UnicodeError, csv.Error):
        return False
    return all(_is_iso(cells[0]) for _number, cells, _raw in rows if cells)


def read(data: bytes) -> IncomingFile:
    """Open our own export. Raises UnreadableFile while its rows are iterated."""
    return IncomingFile(format=FORMAT, rows=_rows(data), skipped_count=1)


def has_several_accounts(data: bytes) -> bool:
    """Whether the rows belong to more than one account."""
    try:
        accounts = {_account(cells) for _number, cells, _raw in _records(data)}
    except (UnicodeError, csv.Error):
        return False
    return len(accounts) > 1


def _account(cells: Sequence[str]) -> str:
    """The account's name, with its last four digits if the file has them."""
    cell = dict(zip(HEADINGS, cells, strict=False))
    name, last_four = restored(cell.get("Account", "")), cell.get("Account ends in", "").strip()
    return f"{name} …{last_four}" if last_four else name


def _rows(data: bytes) -> Iterator[IncomingRow]:
    names = PartNames()
    try:
        for number, cells, raw in _records(data):
            part = names.of(_account(cells))
            try:
                yield _line(number, cells, raw, part)
            except RowError as refused:
                yield UnusableRow(number, raw, refused.notice, refused.attr, part)
    except UnicodeError:
        raise UnreadableFile(NoticeCode.WRONG_ENCODING, encoding="UTF-8") from None
    except csv.Error:
        raise UnreadableFile(NoticeCode.OWN_CELL_LONG) from None


def _records(data: bytes) -> Iterator[tuple[int, list[str], str]]:
    """Each record below the headings: (first line, cells, original text)."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(lines())
    next(reader)
    number = reader.line_num + 1
    taken.clear()
    for cells in reader:
        raw = "".join(taken)[:LONGEST_RAW].rstrip("\r\n")
        if any(cells):
            yield number, cells, raw
        number = reader.line_num + 1
        taken.clear()


def _line(number: int, cells: Sequence[str], raw: str, part: str) -> IncomingTransaction:
    if len(cells) < len(_FIRST_COLUMNS):
        raise RowError(NoticeCode.LINE_INCOMPLETE)
    # Older files have fewer columns.
    cell = dict.fromkeys(HEADINGS, "") | dict(zip(HEADINGS, cells, strict=False))
    try:
        txn_date = parse_date(cell["Date"], _DAY)
        posted_date = parse_date(cell["Booked on"], _DAY) if cell["Booked on"] else None
    except RowError as error:
        raise error.at("txn_date") from None
    amount = _amount(cell["Amount"])
    status = _status(cell["Status"])
    return IncomingTransaction(
        row_number=number,
        txn_date=txn_date,
        posted_date=posted_date,
        amount=amount,
        currency=cell["Currency"].strip().upper(),
        description=restored(cell["Description"]),
        merchant=restored(cell["Merchant"]),
        category=restored(cell["Category"]),
        notes=restored(cell["Notes"]),
        external_id=restored(cell["Bank's id"]),
        # A planned transaction is in no balance until its date.
        is_pending=status != "posted",
        raw=raw,
        part=part,
        own=OwnDetails(
            transaction_id=_number(cell["Transaction id"]),
            transfer_with=_number(cell["Transfer with"]),
            is_planned=status == "planned",
            tags=tuple(tag for line in unpacked(restored(cell["Tags"])) for tag in line if tag),
            parts=_parts(restored(cell["Split"]), amount),
        ),
    )


def _amount(text: str) -> Decimal:
    try:
        return parse_amount(text, ".")
    except RowError as error:
        raise error.at("amount") from None


def _status(text: str) -> str:
    status = text.strip().casefold() or "posted"
    if status not in _STATUSES:
        raise RowError(NoticeCode.NOT_STATUS, "status", text=shown(text))
    return status


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _parts(cell: str, amount: Decimal) -> tuple[tuple[str, Decimal, str], ...]:
    parts = []
    for category, figure, *notes in (line for line in unpacked(cell) if len(line) > 1):
        parts.append((category, _amount(figure), notes[0] if notes else ""))
    is_split = bool(cell.strip())
    fits = len(parts) > 1 and all(part[1] for part in parts)
    if is_split and not (fits and sum(part[1] for part in parts) == amount):
        raise RowError(NoticeCode.PARTS_DIFFER, "parts")
    return tuple(parts)


# --- Saved again by another program --------------------------------------------------------------


def own_mapping(headings: Sequence[str], days: Sequence[str]) -> CsvMapping | None:
    """The certain mapping for our own export saved as a table; None for any other table.

    A program that saved it again may have changed the date format; then it is any other table.
    """
    if tuple(headings) not in _KNOWN_HEADINGS or not all(_is_iso(day) for day in days):
        return None
    places: dict[str, Any] = {role: place for place, role in enumerate(COLUMNS.values()) if role}
    description = (places.pop("description"),)
    return CsvMapping(
        **places,
        description=description,
        date_format=_DAY,
        sign_convention="signed",
        decimal_mark=".",
    )


def _is_iso(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False
