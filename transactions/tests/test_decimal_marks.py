"""A lone mark before three digits: the file proves its meaning, or its owner is asked."""

from decimal import Decimal

import pytest

from transactions.services.import_reading import examine, open_lines
from transactions.services.importing import choose_mapping, start_import
from transactions.sources.files.csv_mapping import Detection
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import ReadingContext
from transactions.tests.import_samples import checked, imported
from transactions.tests.test_xlsx_file import workbook

GERMAN = ReadingContext(
    currency="EUR", account_type="checking", locale="de-DE", time_zone="Europe/Berlin"
)
AMERICAN = ReadingContext(currency="USD", locale="en-US", time_zone="America/New_York")


def csv_with(amounts: list[str], balances: list[str] | None = None) -> bytes:
    """A file with one line a day; semicolons, so that no mark separates columns."""
    head = "Date;Text;Amount" + (";Balance" if balances else "")
    rows = [f"2026-03-{day:02};Shop {day};{one}" for day, one in enumerate(amounts, 13)]
    if balances:
        rows = [f"{row};{balance}" for row, balance in zip(rows, balances, strict=True)]
    return "\n".join([head, *rows, ""]).encode()


def qif_with(amounts: list[str]) -> bytes:
    records = [f"D{day}/03/2026\nT{one}\nPShop\n^" for day, one in enumerate(amounts, 13)]
    return "\n".join(["!Type:Bank", *records, ""]).encode()


def xlsx_with(amounts: list) -> bytes:
    rows = [[f"2026-03-{day}", "Shop", one] for day, one in enumerate(amounts, 13)]
    return workbook(("A", [["Date", "Text", "Amount"], *rows]))


def found(data: bytes, context: ReadingContext = GERMAN) -> Detection:
    detection = examine(data, context).detection
    assert detection is not None
    return detection


def asked(data: bytes, context: ReadingContext = GERMAN) -> list[str]:
    return [name for name, _sentence in found(data, context).doubts]


@pytest.mark.once
@pytest.mark.parametrize("context", [GERMAN, AMERICAN, ReadingContext()])
@pytest.mark.parametrize("build", [csv_with, qif_with, xlsx_with])
@pytest.mark.parametrize(
    "amounts",
    [["-12.345"], ["-12,345"], ["1.234", "-5.678"], ["€1,234", "-€2,500"], ["(12.345)"],
     ["1.000-", "2.000"], ["12.345 EUR"]],
)  # fmt: skip
def test_three_digits_after_every_mark_are_asked(amounts, build, context):
    assert "decimal_mark" in asked(build(amounts), context)


@pytest.mark.once
@pytest.mark.parametrize("build", [csv_with, qif_with, xlsx_with])
@pytest.mark.parametrize(
    ("amounts", "mark"),
    [
        (["-12.345", "3.50"], "."),  # another cell has two decimals
        (["-12.345", "3,50"], ","),
        (["-12.345", "1.234.567"], ","),  # marks twice: groups
        (["-1.234,56", "-12.345"], ","),
        (["-12.345", "-500"], ","),  # a smaller figure does without the mark
        (["-12.345", "-15000"], "."),  # a larger one does too, so it is no group
        (["-1,234", "-2500"], ","),
        (["-0.345", "-12.345"], "."),  # no group begins with a zero
    ],
)
def test_other_figures_prove_the_mark(amounts, mark, build):
    detection = found(build(amounts))
    assert (asked(build(amounts)), detection.mapping.decimal_mark) == ([], mark)


@pytest.mark.once
@pytest.mark.parametrize("group", [" ", "'", "\u00a0", "\u202f", "\u2019", "\u066c"])
def test_spaces_and_apostrophes_only_group(group):
    data = csv_with([f"-12{group}345", f"1{group}234{group}567"])
    assert asked(data) == []
    rows = list(open_lines(data, "csv", found(data).mapping).rows)
    assert [row.amount for row in rows] == [Decimal(-12345), Decimal(1234567)]


@pytest.mark.once
def test_running_balance_proves_the_mark_by_its_size():
    alone = csv_with(["-1.000", "-12.345", "-12.200"], ["100000", "87655", "75455"])
    assert (asked(alone), found(alone).mapping.decimal_mark) == ([], ",")
    thousandths = csv_with(["-1.000", "-12.345", "-12.655"], ["100", "87.655", "75"])
    assert (asked(thousandths), found(thousandths).mapping.decimal_mark) == ([], ".")
    both = csv_with(["-1.000", "-12.345", "-12.200"], ["100.000", "87.655", "75.455"])
    assert asked(both) == ["decimal_mark"]


@pytest.mark.once
def test_stated_balance_above_the_table_proves_the_mark():
    above = b"Saldo;1.234,56\n\n"
    assert asked(csv_with(["-12.345", "-1.500"])) == ["decimal_mark"]
    assert asked(above + csv_with(["-12.345", "-1.500"])) == []


@pytest.mark.once
@pytest.mark.parametrize(
    ("currency", "locale", "amounts", "wanted"),
    [
        ("JPY", "ja-JP", ["-12,345"], ([], ".")),
        ("KRW", "en-US", ["-12.345"], ([], ",")),
        ("KWD", "en-US", ["-12.345"], ([], ".")),
        ("TND", "fr-TN", ["-12,345"], ([], ",")),
        ("KWD", "en-US", ["-12,345"], (["decimal_mark"], ",")),
    ],
)
def test_decimals_of_the_currency_are_evidence(currency, locale, amounts, wanted):
    detection = found(csv_with(amounts), ReadingContext(currency=currency, locale=locale))
    names = [name for name, _sentence in detection.doubts if name == "decimal_mark"]
    assert (names, detection.mapping.decimal_mark) == wanted


@pytest.mark.once
def test_number_cells_of_a_sheet_prove_nothing_about_its_text_cells():
    assert asked(xlsx_with([-12.5, "-1.234", -3.75])) == ["decimal_mark"]
    assert asked(xlsx_with([-12.5, "-1,234", -3.75])) == ["decimal_mark"]
    detection = found(xlsx_with([-12.5, "-1.234,00", -3.75]))
    assert (detection.doubts, detection.mapping.decimal_mark) == ([], ",")
    assert found(xlsx_with([-12.345, -1.234])).is_certain


@pytest.mark.once
def test_readings_show_both_sizes_and_why_one_is_likelier():
    detection = found(csv_with(["-12.345"]))
    sizes = [reading.examples[0].amount for reading in detection.readings]
    assert sizes == [Decimal(-12345), Decimal("-12.345")]
    assert detection.why_likely == [Notice(NoticeCode.TWO_DECIMALS, {"currency": "EUR"})]


@pytest.mark.slow
def test_what_a_file_proved_answers_for_the_next_and_what_it_left_open_does_not(checking, alice):
    imported(checking, csv_with(["-12", "7"]))
    batch = start_import(
        actor=alice, account=checking, file_name="a.csv", content=csv_with(["-12.345"])
    )
    assert batch.needs_mapping
    imported(checking, csv_with(["-12,50", "7,00"]))
    batch = checked(checking, csv_with(["-2.345"]))
    assert [row.signed_amount for row in batch.rows.all()] == [Decimal(-2345)]


def test_chosen_mark_is_used_for_a_qif_file(checking, alice):
    batch = start_import(
        actor=alice, account=checking, file_name="a.qif", content=qif_with(["-12.345", "-1.000"])
    )
    assert batch.needs_mapping
    choose_mapping(actor=alice, batch=batch, given={"decimal_mark": ","})
    batch = checked(checking, qif_with(["-12.345", "-1.000", "7"]), mapping={"decimal_mark": ","})
    assert [row.signed_amount for row in batch.rows.order_by("id")] == [
        Decimal(-12345),
        Decimal(-1000),
        Decimal(7),
    ]
