import zipfile
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from transactions.sources.files import xlsx_file
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.tests.statement_files import refused, refused_or_read, split_rows

pytestmark = pytest.mark.once

HEADING = ["Date", "Description", "Amount"]
LINES = [
    [date(2026, 1, 30), "Tea", -2.5],
    [date(2026, 1, 31), "Salary", 1234.56],
    [datetime.fromisoformat("2026-01-31T12:30"), "Dust", 19.989999999999998],
]


def workbook(*sheets: tuple[str, list[list]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one of its parts replaced or added."""
    stream = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return stream.getvalue()


STATEMENT = workbook(("Statement", [HEADING, *LINES]))
SHEET = "xl/worksheets/sheet1.xml"


def sheet_of(rows: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def test_sheet_is_read_like_a_table():
    file = xlsx_file.read(STATEMENT)
    transactions, unusable = split_rows(file)
    assert unusable == []
    assert file.format == "xlsx"
    assert [(row.txn_date, row.description, row.amount) for row in transactions] == [
        (date(2026, 1, 30), "Tea", Decimal("-2.5")),
        (date(2026, 1, 31), "Salary", Decimal("1234.56")),
        (date(2026, 1, 31), "Dust", Decimal("19.99")),
    ]


def test_detected_mapping_can_be_passed_back():
    detection = xlsx_file.detect(STATEMENT)
    transactions, _ = split_rows(xlsx_file.read(STATEMENT, detection.mapping))
    assert len(transactions) == 3


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (19.989999999999998, "19.99"),
        (10000.1 - 9900.05, "100.05"),
        (9900.05 - 10000.1, "-100.05"),
        (0.3 - 0.1 * 3, "0"),
        (1e300, "1" + "0" * 300),
        (1.23456789, "1.23456789"),
        (100.0, "100"),
        (1e15, "1000000000000000"),
        (1e-7, "0.0000001"),
        (-0.5, "-0.5"),
        (True, "TRUE"),
        (7, "7"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime.fromisoformat("2026-01-02"), "2026-01-02"),
        (datetime.fromisoformat("2026-01-02T03:04:05"), "2026-01-02 03:04:05"),
        ("text", "text"),
        ("", ""),
    ],
)
def test_cell_becomes_the_text_its_owner_would_type(cell, text):
    assert xlsx_file.cell_text(cell) == text


def test_sheet_with_the_most_lines_is_read_and_the_others_are_named():
    data = workbook(("Summary", [["Total", 3], ["x", 1]]), ("Lines", [HEADING, *LINES]))
    file = xlsx_file.read(data)
    transactions, _ = split_rows(file)
    assert len(transactions) == 3
    values = {"sheet": "Lines", "others": ["“Summary”"]}
    assert Notice(NoticeCode.ONE_SHEET, values) in file.warnings


def test_workbook_that_unpacks_to_too_much_is_rejected(monkeypatch):
    monkeypatch.setattr(xlsx_file, "MAX_UNPACKED", 1_000_000)
    bomb = with_member(STATEMENT, "docProps/core.xml", b" " * 2_000_000)
    assert len(bomb) < 20_000
    with refused("unpacks to more than"):
        xlsx_file.read(bomb)


def test_false_declared_size_does_not_bypass_the_limit(monkeypatch):
    monkeypatch.setattr(xlsx_file, "MAX_UNPACKED", 1_000_000)
    bomb = with_member(STATEMENT, "docProps/core.xml", b" " * 2_000_000)
    lie = bomb.replace((2_000_000).to_bytes(4, "little"), (20).to_bytes(4, "little"))
    with pytest.raises(UnreadableFile):
        xlsx_file.read(lie)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1048576"><c><v>1</v></c></row>',
        '<row r="1"><c r="A999999999999"><v>1</v></c></row>',
        "<row r='1'><c r='ZZZZZZ9'><v>1</v></c></row>",
        f'<row r="1"><c r{" " * 300_000}="XFD1048576"><v>1</v></c></row>',
        f'<row r="1"><c x="{"a>" * 150_000}" r="XFD1048576" y="{"b" * 300_000}"/></row>',
    ],
)
def test_one_distant_cell_does_not_inflate_the_sheet(rows):
    with refused("reaches row"):
        xlsx_file.read(with_member(STATEMENT, SHEET, sheet_of(rows)))


def test_long_shared_text_is_not_multiplied(monkeypatch):
    monkeypatch.setattr(xlsx_file, "MAX_TEXT", 1_000_000)
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    texts = f'<sst xmlns="{namespace}"><si><t>{"x" * 30_000}</t></si></sst>'.encode()
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 100))
    data = with_member(STATEMENT, "xl/sharedStrings.xml", texts)
    with refused("texts in this workbook are too long"):
        xlsx_file.read(with_member(data, SHEET, sheet_of(cells)))


def test_document_type_is_rejected_or_not_expanded():
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE d [<!ENTITY l0 "ha">{entities}]>'.encode() + sheet_of(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&l12;</t></is></c></row>'
    )
    refused_or_read(lambda: xlsx_file.read(with_member(STATEMENT, SHEET, bomb)))


def test_empty_workbook_is_rejected_with_a_message():
    with refused("is empty"):
        xlsx_file.read(workbook(("Empty", [])))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damaged_files_raise_only_unreadable_file(data):
    at = data.draw(st.integers(0, len(STATEMENT)))
    junk = data.draw(st.binary(max_size=20))
    length = data.draw(st.integers(0, 40))
    refused_or_read(lambda: xlsx_file.read(STATEMENT[:at] + junk + STATEMENT[at + length :]))


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="<>/rowcvtis =\"'A1", max_size=80))
def test_garbled_sheets_raise_only_unreadable_file(text):
    refused_or_read(lambda: xlsx_file.read(with_member(STATEMENT, SHEET, sheet_of(text))))


@pytest.mark.parametrize(
    ("written", "days"),
    [
        (["15.03.2026", "16.03.2026"], ["2026-03-15", "2026-03-16"]),
        (["03/15/2026", "03/16/2026"], ["2026-03-15", "2026-03-16"]),
        (["15 Mar 2026", "16 Mar 2026"], ["2026-03-15", "2026-03-16"]),
    ],
)
def test_date_cells_and_text_dates_are_read_in_one_column(written, days):
    rows = [[date(2026, 3, 14), "Tea", -2.5], *([day, "Bus", -1] for day in written)]
    data = workbook(("A", [["Date", "Text", "Amount"], *rows]))
    detection = xlsx_file.detect(data)
    assert detection.is_certain
    lines = list(xlsx_file.read(data, detection.mapping).rows)
    assert [str(line.txn_date) for line in lines] == ["2026-03-14", *days]


def test_sheet_that_turned_some_days_round_is_refused():
    days = [date(2026, 4, 3), "25/03/2026", date(2026, 5, 3), "26/03/2026"]
    data = workbook(("A", [["Date", "Text", "Amount"], *([day, "Tea", -2.5] for day in days)]))
    with refused("swapped day and month"):
        xlsx_file.detect(data)
