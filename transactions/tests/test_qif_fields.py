"""QIF records by their fields, as programs of many countries write them."""

from datetime import date
from decimal import Decimal

import pytest

from transactions.sources.files import qif_file
from transactions.sources.files.reading_context import ReadingContext
from transactions.tests.statement_files import split_rows

pytestmark = pytest.mark.once
BRITISH = ReadingContext("GBP", "checking", "en-GB", "Europe/London")
AMERICAN = ReadingContext("USD", "checking", "en-US", "America/New_York")
GERMAN = ReadingContext("EUR", "checking", "de-DE", "Europe/Berlin")


def read(text, context=BRITISH):
    found = qif_file.detect(text.encode(), context)
    if found.doubts:
        return sorted({name for name, _ in found.doubts})
    lines, unusable = split_rows(qif_file.read(text.encode(), found.mapping))
    assert unusable == []
    return lines


def record(*fields):
    return "\n".join(fields) + "\n^\n"


@pytest.mark.parametrize(
    ("days", "context", "wanted"),
    [
        (["13/02/2026", "01/03/2026"], BRITISH, ["2026-02-13", "2026-03-01"]),
        (["02/13/2026", "03/01/2026"], BRITISH, ["2026-02-13", "2026-03-01"]),
        (["01/02/2026", "03/04/2026"], BRITISH, ["2026-02-01", "2026-04-03"]),
        (["01/02/2026", "03/04/2026"], AMERICAN, ["2026-01-02", "2026-03-04"]),
        (["1/ 2'26", "3/ 4'26"], AMERICAN, ["2026-01-02", "2026-03-04"]),
        (["2/13'26", "12/31'99"], AMERICAN, ["2026-02-13", "1999-12-31"]),
        (["13/2'06", " 1/12' 6"], BRITISH, ["2006-02-13", "2006-12-01"]),
        (["13/02/26", "28/02/98"], BRITISH, ["2026-02-13", "1998-02-28"]),
        (["2026-02-13", "2026-03-01"], BRITISH, ["2026-02-13", "2026-03-01"]),
        (["2026/02/13", "2026/03/01"], AMERICAN, ["2026-02-13", "2026-03-01"]),
        (["13.02.2026", "01.03.2026"], GERMAN, ["2026-02-13", "2026-03-01"]),
        (["01.02.26", "03.04.26"], AMERICAN, ["2026-02-01", "2026-04-03"]),
        (["13-02-2026", "01-03-2026"], GERMAN, ["2026-02-13", "2026-03-01"]),
        (["20260213", "20260301"], AMERICAN, ["2026-02-13", "2026-03-01"]),
        (["13 Feb 2026", "01 Mar 2026"], AMERICAN, ["2026-02-13", "2026-03-01"]),
        (["13 Feb 26", "1 Mar 26"], AMERICAN, ["2026-02-13", "2026-03-01"]),
        (["Feb 13, 2026", "Mar 1, 2026"], AMERICAN, ["2026-02-13", "2026-03-01"]),
        (["13-Feb-2026", "01-Mar-2026"], BRITISH, ["2026-02-13", "2026-03-01"]),
        (["13/02/2026 10:15", "01/03/2026 09:00"], BRITISH, ["2026-02-13", "2026-03-01"]),
        (["02/13/2026 10:15:00", "03/01/2026 09:00:00"], AMERICAN, ["2026-02-13", "2026-03-01"]),
    ],
)
def test_days_in_every_order(days, context, wanted):
    text = "!Type:Bank\n" + "".join(record(f"D{day}", "T-5.00", "PShop") for day in days)
    got = read(text, context)
    assert [str(line.txn_date) for line in got] == wanted


def test_order_that_nothing_proves_is_asked():
    text = "!Type:Bank\n" + record("D01/02/2026", "T-5.00") + record("D03/04/2026", "T-5.00")
    assert read(text, ReadingContext()) == ["date_format"]


@pytest.mark.parametrize(
    ("written", "context", "wanted"),
    [
        ("-1,234.56", BRITISH, "-1234.56"),
        ("1,234.5", BRITISH, "1234.5"),
        ("-1.234,56", GERMAN, "-1234.56"),
        ("-1234,56", GERMAN, "-1234.56"),
        ("$-12.50", AMERICAN, "-12.5"),
        ("-$1,012.50", AMERICAN, "-1012.5"),
        ("+20.00", BRITISH, "20"),
        ("(12.50)", AMERICAN, "-12.5"),
        ("12.50-", AMERICAN, "-12.5"),
        ("-12", BRITISH, "-12"),
        ("-.50", BRITISH, "-0.5"),
    ],
)
def test_amounts_as_programs_write_them(written, context, wanted):
    day = "13/02/2026" if context is not AMERICAN else "02/13/2026"
    got = read("!Type:Bank\n" + record(f"D{day}", f"T{written}", "PShop"), context)
    assert [f"{line.amount.normalize():f}" for line in got] == [wanted]


DAY, OUT = "D13/02/2026", "T-30.00"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ((DAY, OUT, "PShop", "LGroceries"), ("Shop", "Groceries", "")),
        ((DAY, OUT, "PShop", "LFood:Groceries/Holiday"), ("Shop", "Food:Groceries", "")),
        ((DAY, OUT, "PShop", "L[Savings]"), ("Shop", "", "Transfer [Savings]")),
        ((DAY, OUT, "PShop", "L[Savings]/Class"), ("Shop", "", "Transfer [Savings]")),
        ((DAY, OUT, "CX", "PShop", "N1234", "MWeekly"), ("Shop", "", "")),
        ((DAY, OUT, "C*", "PShop", "LFood"), ("Shop", "Food", "")),
        ((DAY, OUT, "CR", "PShop", "A1 High St", "ALeeds", "LFood"), ("Shop", "Food", "")),
        ((DAY, "U-30.00", OUT, "PShop", "LFood"), ("Shop", "Food", "")),
        ((DAY, "U-30.00", "PShop", "LFood"), ("Shop", "Food", "")),
        (
            (DAY, OUT, "PShop", "LFood", "SFood", "$-10.00", "SHome", "EPaint", "$-20.00"),
            ("Shop", "", "Split: Food -10.00; Home -20.00"),
        ),
        ((DAY, OUT, "PShop", "SFood", "$-30.00"), ("Shop", "Food", "")),
        (
            (DAY, OUT, "PShop", "SFood", "%33.3", "$-10.00", "S[Savings]", "$-20.00"),
            ("Shop", "", "Split: Food -10.00; [Savings] -20.00"),
        ),
        ((OUT, DAY, "LFood", "PShop"), ("Shop", "Food", "")),
        ((DAY, OUT, "PShop", "LFood", "XI", "#12345", "F1"), ("Shop", "Food", "")),
    ],
)
def test_fields_of_one_record(fields, wanted):
    (line,) = read("!Type:Bank\n" + record(*fields))
    got = (line.merchant or line.description, line.category, line.notes)
    assert got == wanted
    assert line.amount == Decimal("-30.00")


@pytest.mark.parametrize("kind", ["Bank", "CCard", "Cash", "Oth A", "Oth L", "bank", "Bank "])
def test_types_of_accounts(kind):
    (line,) = read(f"!Type:{kind}\n" + record(DAY, OUT, "PShop"))
    assert line.amount == Decimal("-30.00")


@pytest.mark.parametrize(
    "kind", ["Invst", "Cat", "Class", "Memorized", "Prices", "Security", "Budget", "InvItem"]
)
def test_lists_and_investments_hold_no_payments(kind):
    text = f"!Type:{kind}\n" + record("NName", "DText") + "!Type:Bank\n" + record(DAY, OUT, "PShop")
    (line,) = read(text)
    assert (line.txn_date, line.amount) == (date(2026, 2, 13), Decimal("-30.00"))


def test_blocks_name_the_account_of_what_follows():
    text = (
        "!Option:AutoSwitch\n!Account\n"
        + record("NMain", "TBank")
        + record("NCard", "TCCard")
        + "!Clear:AutoSwitch\n!Account\n"
        + record("NMain", "TBank")
        + "!Type:Bank\n"
        + record(DAY, OUT)
        + "!Account\n"
        + record("NCard", "TCCard")
        + "!Type:CCard\n"
        + record(DAY, "T-1.00")
    )
    assert [(line.part, str(line.amount)) for line in read(text)] == [
        ("Main", "-30.00"),
        ("Card", "-1.00"),
    ]


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_line_ends_and_marks_of_byte_order(ending):
    text = ("\ufeff!Type:Bank\n" + record(DAY, OUT, "PBäckerei")).replace("\n", ending)
    (line,) = read(text)
    assert line.merchant == "Bäckerei"


def test_record_of_a_declined_or_void_check_is_no_money():
    got = read("!Type:Bank\n" + record(DAY, "T0.00", "P**VOID**Shop") + record(DAY, OUT, "PBus"))
    assert [str(line.amount) for line in got if line.amount] == ["-30.00"]
