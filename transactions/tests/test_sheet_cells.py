"""Cells of workbooks by their type, and sheets as people keep them, with the right values."""

from datetime import date, datetime, time
from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from transactions.sources.files import xlsx_file
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.reading_context import ReadingContext
from transactions.tests.statement_files import split_rows
from transactions.tests.test_xlsx_file import SHEET, sheet_of, with_member, workbook

pytestmark = pytest.mark.once
HEADING = ["Date", "Description", "Amount"]
GERMAN = ReadingContext("EUR", "checking", "de-DE", "Europe/Berlin")
BRITISH = ReadingContext("GBP", "checking", "en-GB", "Europe/London")
DAY = date(2026, 3, 14)
READ = [("2026-03-14", "-12.5"), ("2026-03-15", "1234.56"), ("2026-03-16", "-3")]


def read(data, context=BRITISH):
    """(day, amount) of each line, where nothing is asked; else the fields in doubt."""
    found = xlsx_file.detect(data, context)
    if found.doubts:
        return sorted({name for name, _ in found.doubts})
    lines, unusable = split_rows(xlsx_file.read(data, found.mapping))
    assert unusable == []
    return [(str(line.txn_date), f"{line.amount.normalize():f}") for line in lines]


def table(days, amounts, heading=HEADING):
    texts = ("Tea", "Salary", "Bus", "Dust")
    rows = [list(row) for row in zip(days, texts, amounts, strict=False)]
    return workbook(("A", [heading, *rows]))


DAYS = [date(2026, 3, 14), date(2026, 3, 15), date(2026, 3, 16)]
AMOUNTS = [-12.5, 1234.56, -3]
LINES = list(zip(DAYS, ("Tea", "Salary", "Bus"), AMOUNTS, strict=True))


@pytest.mark.parametrize(
    "days",
    [
        DAYS,
        [datetime.fromisoformat(f"2026-03-{day}T09:30") for day in (14, 15, 16)],
        ["2026-03-14", "2026-03-15", "2026-03-16"],
        ["14.03.2026", "15.03.2026", "16.03.2026"],
        ["14/03/2026", "15/03/2026", "16/03/2026"],
        ["14 Mar 2026", "15 Mar 2026", "16 Mar 2026"],
        ["14-Mar-26", "15-Mar-26", "16-Mar-26"],
        ["14. März 2026", "15. März 2026", "16. März 2026"],
        ["20260314", "20260315", "20260316"],
        [20260314, 20260315, 20260316],
        [46095, 46096, 46097],
        [46095.4, 46096.5, 46097.25],
        ["46095", "46096", "46097"],
        [DAYS[0], DAYS[1], 46097],
        [DAYS[0], DAYS[1], "16/03/2026"],
        ["\u00a014/03/2026", "15/03/2026 ", "'16/03/2026"],
    ],
    ids=str,
)
def test_days_by_the_type_of_their_cells(days):
    got = read(table(days, AMOUNTS))
    assert got == READ


@pytest.mark.parametrize(
    "amounts",
    [
        AMOUNTS,
        ["-12.50", "1,234.56", "-3.00"],
        ["(12.50)", "1,234.56", "(3.00)"],
        ["12.50-", "1,234.56", "3.00-"],
        ["-£12.50", "£1,234.56", "-£3.00"],
        ["£-12.50", "£1,234.56", "£-3.00"],
        ["12.50 DR", "1,234.56 CR", "3.00 DR"],
        ["-12.50 GBP", "1234.56 GBP", "-3.00 GBP"],
        ["\u221212.50", "+1234.56", "\u22123.00"],
        [-12.5, "1,234.56", "-3.00"],
        ["'-12.50", "1234.56", "'-3.00"],
        [-12.499999999999998, 1234.5600000000001, -3.0000000000000004],
    ],
    ids=str,
)
def test_amounts_by_the_type_of_their_cells(amounts):
    got = read(table(DAYS, amounts))
    assert got == READ


@pytest.mark.parametrize(
    "amounts",
    [
        ["-12,50", "1.234,56", "-3,00"],
        ["-12,50 €", "1 234,56 €", "-3,00 €"],
        [-12.5, "1.234,56", "-3,00"],
        ["12,50 S", "1.234,56 H", "3,00 S"],
    ],
    ids=str,
)
def test_amounts_with_a_decimal_comma(amounts):
    heading = ["Datum", "Text", "Betrag"]
    got = read(table(DAYS, amounts, heading), GERMAN)
    assert got == READ


def book_of(change):
    book = Workbook()
    sheet = book.active
    change(book, sheet)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def fill(sheet, rows=None, start=1):
    for at, row in enumerate(rows or [HEADING, *map(list, LINES)], start):
        for column, value in enumerate(row, 1):
            sheet.cell(at, column, value)


def epoch_1904(book, sheet):
    book.epoch = CALENDAR_MAC_1904
    fill(sheet)


def hidden_row(book, sheet):
    fill(sheet)
    sheet.row_dimensions[3].hidden = True


def hidden_column(book, sheet):
    fill(sheet)
    sheet.column_dimensions["B"].hidden = True


def merged_title(book, sheet):
    sheet["A1"] = "Account statement"
    sheet.merge_cells("A1:C1")
    sheet["A2"] = "IBAN GB33BUKB20201555555555"
    sheet.merge_cells("A2:C2")
    fill(sheet, start=4)


def merged_heading(book, sheet):
    fill(sheet, [["Date", "Description", "", "Amount"], *[[d, t, "", a] for d, t, a in LINES]])
    sheet.merge_cells("B1:C1")


def blank_edges(book, sheet):
    for at, row in enumerate([HEADING, *LINES], 3):
        for column, value in enumerate(row, 3):
            sheet.cell(at, column, value)


def several_sheets(book, sheet):
    sheet.append(["Total", 1219.06])
    fill(book.create_sheet("March"))


def hidden_sheet(book, sheet):
    fill(sheet)
    other = book.create_sheet("Old")
    fill(other, [HEADING, *[[date(2025, 1, day), "x", -1] for day in range(1, 20)]])
    other.sheet_state = "hidden"


def booleans(book, sheet):
    fill(sheet, [[*HEADING, "Reconciled"], *[[d, t, a, d != DAY] for d, t, a in LINES]])


def percentages(book, sheet):
    fill(sheet, [[*HEADING, "VAT rate"], *[[d, t, a, 0.2] for d, t, a in LINES]])
    for at in (2, 3, 4):
        sheet.cell(at, 4).number_format = "0%"


def formatted(book, sheet):
    fill(sheet)
    for at in (2, 3, 4):
        sheet.cell(at, 3).number_format = '#,##0.00 "DR";(#,##0.00)'
        sheet.cell(at, 1).number_format = "dd/mm/yyyy"


def times(book, sheet):
    fill(
        sheet,
        [["Date", "Time", "Description", "Amount"], *[[d, time(9, 30), t, a] for d, t, a in LINES]],
    )


def totals(book, sheet):
    fill(sheet)
    sheet.append(["Total", None, 1219.06])


def numeric_text(book, sheet):
    fill(
        sheet,
        [HEADING, *[[d, n, a] for d, n, a in zip(DAYS, (4711, 815, 12), AMOUNTS, strict=True)]],
    )


def errors(book, sheet):
    fill(sheet, [[*HEADING, "Note"], *[[d, t, a, "#N/A"] for d, t, a in LINES]])


def pair(book, sheet):
    fill(
        sheet,
        [
            ["Date", "Description", "Paid out", "Paid in"],
            [DAYS[0], "Tea", 12.5, None],
            [DAYS[1], "Salary", None, 1234.56],
            [DAYS[2], "Bus", 3, None],
        ],
    )


def pair_zeros(book, sheet):
    fill(
        sheet,
        [
            ["Date", "Description", "Debit", "Credit"],
            [DAYS[0], "Tea", 12.5, 0],
            [DAYS[1], "Salary", 0, 1234.56],
            [DAYS[2], "Bus", 3, 0],
        ],
    )


@pytest.mark.parametrize(
    "change",
    [
        epoch_1904,
        hidden_row,
        hidden_column,
        merged_title,
        merged_heading,
        blank_edges,
        several_sheets,
        hidden_sheet,
        booleans,
        percentages,
        formatted,
        times,
        totals,
        numeric_text,
        errors,
        pair,
        pair_zeros,
    ],
    ids=lambda f: f.__name__,
)
def test_layouts_of_sheets(change):
    got = read(book_of(change))
    assert got == READ


def test_result_of_a_formula_is_read():
    heading = "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{text}</t></is></c>'
        for letter, text in zip("ABC", HEADING, strict=True)
    )
    rows = f'<row r="1">{heading}</row>'
    for at, (day, amount) in enumerate([(46095, -12.5), (46096, 1234.56), (46097, -3)], 2):
        rows += (
            f'<row r="{at}"><c r="A{at}"><f>TODAY()</f><v>{day}</v></c>'
            f'<c r="B{at}" t="str"><f>A1</f><v>Tea</v></c>'
            f'<c r="C{at}"><f>1-1</f><v>{amount}</v></c></row>'
        )
    assert read(with_member(table(DAYS, AMOUNTS), SHEET, sheet_of(rows))) == READ


def test_ambiguous_days_as_text_are_asked():
    got = read(table(["03/04/2026", "05/06/2026", "07/08/2026"], AMOUNTS), ReadingContext())
    assert got == ["date_format"]


def test_formula_without_stored_result_is_no_silent_loss():
    rows = [HEADING, [DAYS[0], "Tea", "=1-2"], [DAYS[1], "Bus", "=2-3"]]
    with pytest.raises(UnreadableFile):
        xlsx_file.detect(workbook(("A", rows)))
