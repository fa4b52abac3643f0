from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transactions.models.notices import notice_text
from transactions.sources.files import mt940_file
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.tests.statement_files import (
    REAL_FILES,
    real_files,
    refused_or_read,
    sample,
    split_rows,
    total,
    transactions_of,
)

pytestmark = pytest.mark.once

# The first file's line has the value date 36-22-68 and the entry date 78-06, so there is no day to
# book it on. The other file is ten lines with one number each.
REFUSED = {"cmxl__mt940-headers.txt": 1, "invalid_statement.sta": 0}


@pytest.mark.corpus
@pytest.mark.parametrize("expected", real_files("mt940", REFUSED))
def test_real_file_gives_the_expected_count_and_sum(expected):
    name, count, amount = expected
    transactions, unusable = split_rows(mt940_file.read((REAL_FILES / name).read_bytes()))
    assert (len(transactions), total(transactions), unusable) == (count, amount, [])


@pytest.mark.corpus
def test_real_line_with_an_impossible_date_is_rejected():
    data = (REAL_FILES / "mt940/cmxl__mt940-headers.txt").read_bytes()
    transactions, unusable = split_rows(mt940_file.read(data))
    assert transactions == []
    assert [notice_text(row.error) for row in unusable] == ["“362268” is not a date."]


def test_statement_lines_are_read_with_reversals_inverted():
    file = mt940_file.read(sample("mt940/german_structured.sta"))
    transactions, unusable = split_rows(file)
    assert [(row.row_number, row.txn_date, row.amount) for row in transactions] == [
        (6, date(2026, 1, 2), Decimal("-20.50")),
        (9, date(2026, 1, 5), Decimal("-7.25")),
        (11, date(2026, 1, 5), Decimal("3.00")),
        (14, date(2026, 2, 28), Decimal("100.00")),
        (21, date(2026, 1, 7), Decimal("-5")),
        (23, date(2026, 1, 7), Decimal("-5")),
    ]
    assert [(row.row_number, notice_text(row.error), row.attr) for row in unusable] == [
        (16, "“261305” is not a date.", "txn_date"),
        (18, "“1.2.3,00” is not an amount written with a decimal comma.", "amount"),
        (20, "The line :61: isn't a valid transaction.", ""),
    ]
    assert (file.opening_balance, file.closing_balance) == (Decimal("1000.00"), Decimal("1054.25"))
    assert (file.currency, file.account_hint) == ("EUR", "10020030/1234567")
    assert file.warnings == []


def test_german_subfields_become_description_and_merchant():
    first = transactions_of(mt940_file.read(sample("mt940/german_structured.sta")))[0]
    assert first.merchant == "Stadtwerke Musterhausen GmbH & Co"
    assert first.description == ("SEPA-LASTSCHRIFT / EREF+4711 SVWZ+Strom Dezember Kundennr. 12345")


def test_time_at_the_start_of_a_line_is_text():
    third = transactions_of(mt940_file.read(sample("mt940/german_structured.sta")))[2]
    assert third.description == "freier Text ohne Felder :12:11 Uhr in derselben Zeile"


def test_unique_bank_reference_with_date_and_amount_is_an_id():
    rows = transactions_of(mt940_file.read(sample("mt940/german_structured.sta")))
    assert [row.external_id for row in rows] == [
        "251231D20,50//BK-2026-0001",
        "260105RC7,25//BK-2026-0002",
        "",
        "",
        "",
        "",
    ]


def test_two_accounts_in_one_file_are_distinguished():
    file = mt940_file.read(sample("mt940/two_accounts.sta"))
    rows = transactions_of(file)
    assert [(row.amount, row.currency, row.part, row.merchant) for row in rows] == [
        (Decimal("-2.50"), "EUR", "…6789", "JOHN DOE"),
        (Decimal("5.00"), "USD", "…4321", ""),
    ]
    assert (file.currency, file.opening_balance, file.closing_balance) == ("", None, None)
    assert file.warnings == [Notice(NoticeCode.SEVERAL_CURRENCIES, {"currencies": ["EUR", "USD"]})]


def test_expected_items_of_an_interim_report_are_pending():
    file = mt940_file.read(sample("mt940/interim_mt942.sta"))
    assert [(row.amount, row.is_pending) for row in transactions_of(file)] == [
        (Decimal("10.00"), False),
        (Decimal("20.00"), True),
        (Decimal("-5.00"), True),
    ]
    assert file.currency == "EUR"
    assert file.warnings == [Notice(NoticeCode.INTERIM_REPORT)]


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ("2601050105C000000000012,50NTRFNONREF", "12.50"),
        ("260105D5NTRF05-01-2026 10:05//X", "-5"),
        ("2601050105CR7,NTRFNONREF", "7"),
        ("2601050105DK68,64NTRFtext", "-68.64"),
        ("2601050105RDR1,00NTRFNONREF", "1.00"),
        ("260105C50,00 NTRFNONREF", "50.00"),
        ("260105D0,00NTRFNONREF", "0.00"),
        ("2601050105DD20000,00NTRF1004688128      //6128522200250001", "-20000.00"),
        ("2601050105CN220000,00//19239782213", "220000.00"),
    ],
)
def test_all_forms_of_a_transaction_line_are_read(line, amount):
    data = f":20:X\n:25:1\n:60F:C260101EUR0,\n:61:{line}\n:86:Text\n".encode()
    assert transactions_of(mt940_file.read(data))[0].amount == Decimal(amount)


def test_entry_date_uses_the_year_nearest_to_the_value_date():
    data = b":20:X\n:25:1\n:61:2601011231C1,00NTRFNONREF\n"
    assert transactions_of(mt940_file.read(data))[0].txn_date == date(2025, 12, 31)


def test_statements_with_a_gap_report_no_balance():
    data = (
        b":20:1\n:25:7\n:60F:C260101EUR1,00\n:62F:C260101EUR1,00\n-\n"
        b":20:2\n:25:7\n:60F:C260201EUR9,00\n:61:260201D1,00NTRFNONREF\n:62F:C260201EUR8,00\n-\n"
    )
    file = mt940_file.read(data)
    assert (file.opening_balance, file.closing_balance) == (None, None)
    assert file.warnings == [
        Notice(NoticeCode.NOT_CONNECTED, {"closing": "1.00", "opening": "9.00", "currency": "EUR"})
    ]


def test_file_without_transactions_is_reported():
    file = mt940_file.read(b":20:1\n:25:7\n:60F:C260101EUR1,00\n:62F:C260101EUR1,00\n")
    assert list(file.rows) == []
    assert file.warnings == [Notice(NoticeCode.NO_TRANSACTIONS, {"format": "MT940"})]


@pytest.mark.parametrize("data", [b"", b"1\n2\n3\n", b"a;b\n1;2\n"])
def test_unrelated_file_is_rejected(data):
    with pytest.raises(UnreadableFile):
        mt940_file.read(data)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_raise_only_unreadable_file(data):
    names = ["mt940/german_structured.sta", "mt940/interim_mt942.sta"]
    original = sample(data.draw(st.sampled_from(names)))
    at = data.draw(st.integers(0, len(original)))
    junk = data.draw(st.binary(max_size=40))
    length = data.draw(st.integers(0, 60))
    refused_or_read(lambda: mt940_file.read(original[:at] + junk + original[at + length :]))
