from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transactions.models.notices import notice_text
from transactions.sources.files import qif_file
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


def qif(*records: str, section: str = "Bank") -> bytes:
    return (f"!Type:{section}\n" + "".join(f"{record}\n^\n" for record in records)).encode()


@pytest.mark.corpus
@pytest.mark.parametrize("expected", real_files("qif", {}))
def test_real_file_gives_the_expected_count_and_sum(expected):
    name, count, amount = expected
    transactions, unusable = split_rows(qif_file.read((REAL_FILES / name).read_bytes()))
    assert (len(transactions), total(transactions), unusable) == (count, amount, [])


def test_only_bank_records_of_a_quicken_file_are_read():
    file = qif_file.read(sample("qif/quicken_us.qif"))
    transactions, unusable = split_rows(file)
    assert [(row.row_number, row.txn_date, row.amount) for row in transactions] == [
        (10, date(2026, 1, 2), Decimal("1000.00")),
        (15, date(2026, 2, 14), Decimal("-75.50")),
        (27, date(2026, 2, 15), Decimal("-20.00")),
    ]
    assert [(row.row_number, notice_text(row.error), row.attr) for row in unusable] == [
        (32, "“2-30-26” is not a day in the calendar.", "txn_date"),
        (36, "“12..0” is not an amount.", "amount"),
        (40, "The amount is missing.", "amount"),
    ]
    assert file.account_hint == "Household"
    assert file.skipped_count == 3


def test_skipped_and_possibly_duplicate_records_are_reported():
    file = qif_file.read(sample("qif/quicken_us.qif"))
    assert file.warnings == [
        Notice(NoticeCode.INVESTMENT_LINES, {"count": 1}),
        Notice(NoticeCode.OPENING_LINES, {"count": 1}),
    ]


def test_split_total_counts_once_and_its_parts_go_to_the_notes():
    grocer = transactions_of(qif_file.read(sample("qif/quicken_us.qif")))[1]
    assert grocer.amount == Decimal("-75.50")
    assert grocer.category == ""
    assert grocer.notes == "Split: Food -50.00; Household -25.50"
    assert (grocer.description, grocer.merchant) == ("Grocer / Weekly shop", "Grocer")


def test_transfer_is_noted_and_is_not_a_category():
    transfer = transactions_of(qif_file.read(sample("qif/quicken_us.qif")))[2]
    assert (transfer.category, transfer.notes) == ("", "Transfer [Savings]")


def test_class_is_not_part_of_the_category():
    row = transactions_of(qif_file.read(qif("D1/31/2026\nT-1\nLFood:Out/Holiday")))[0]
    assert row.category == "Food:Out"


def test_old_encoding_comma_decimals_and_missing_end_marker_are_read():
    file = qif_file.read(sample("qif/german_open_end.qif"))
    transactions, unusable = split_rows(file)
    assert unusable == []
    assert [(row.txn_date, row.amount, row.merchant) for row in transactions] == [
        (date(2025, 12, 31), Decimal("-1234.56"), "Müller"),
        (date(2026, 2, 1), Decimal("-12.00"), "Bäcker"),
    ]
    assert file.warnings == [Notice(NoticeCode.LAST_RECORD_OPEN)]


def test_ambiguous_dates_are_read_month_first_with_a_warning():
    file = qif_file.read(sample("qif/ambiguous_dates.qif"))
    assert [row.txn_date for row in transactions_of(file)] == [date(2026, 3, 4), date(2026, 5, 4)]
    assert file.warnings == [Notice(NoticeCode.ASK_DATE_ORDER)]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["03/04/2026", "25/04/2026"], date(2026, 4, 3)),
        (["03/04/2026", "04/25/2026"], date(2026, 3, 4)),
        (["03.04.26", "04.04.26"], date(2026, 4, 3)),
        (["2026-04-03"], date(2026, 4, 3)),
        (["8/25/93"], date(1993, 8, 25)),
        (["1/ 3' 1"], date(2001, 1, 3)),
        (["20260403"], date(2026, 4, 3)),
        (["3 Apr 2026"], date(2026, 4, 3)),
        (["93/08/25"], date(1993, 8, 25)),
    ],
)
def test_all_dates_of_the_file_decide_their_order(dates, expected):
    file = qif_file.read(qif(*(f"D{text}\nT-1" for text in dates)))
    assert transactions_of(file)[0].txn_date == expected


def test_conflicting_date_is_rejected_and_never_swapped():
    file = qif_file.read(qif("D25/12/2026\nT-1", "D12/31/2026\nT-2"))
    transactions, unusable = split_rows(file)
    assert [row.amount for row in transactions] == [Decimal("-2")]
    assert [row.attr for row in unusable] == ["txn_date"]


def test_records_of_several_accounts_are_read_with_account_names():
    data = (
        b"!Option:AutoSwitch\n!Account\nNOne\nTBank\n^\nNTwo\nTBank\n^\n!Clear:AutoSwitch\n"
        b"!Account\nNOne\n^\n!Type:Bank\nD1/31/2026\nT-1\n^\n"
        b"!Account\nNTwo\n^\n!Type:CCard\nD1/31/2026\nT-2\n^\n"
    )
    file = qif_file.read(data)
    assert [(row.part, row.notes) for row in transactions_of(file)] == [("One", ""), ("Two", "")]


def test_empty_record_is_ignored():
    assert list(qif_file.read(b"!Type:Bank\n^\n^\n").rows) == []


@pytest.mark.parametrize("data", [b"", b"hello\nworld\n", b"\x00\x01\x02" * 50])
def test_unrelated_file_is_rejected(data):
    with pytest.raises(UnreadableFile):
        qif_file.read(data)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_raise_only_unreadable_file(data):
    names = ["qif/quicken_us.qif", "qif/german_open_end.qif"]
    original = sample(data.draw(st.sampled_from(names)))
    at = data.draw(st.integers(0, len(original)))
    junk = data.draw(st.binary(max_size=40))
    length = data.draw(st.integers(0, 60))
    refused_or_read(lambda: qif_file.read(original[:at] + junk + original[at + length :]))
