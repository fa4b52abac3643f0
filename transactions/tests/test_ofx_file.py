from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transactions.models.notices import notice_text
from transactions.sources.files import ofx_file
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

# Three lines, all with invalid dates.
REFUSED = {"fail_nice__date_missing.ofx": 3}
HEADER = b"OFXHEADER:100\nDATA:OFXSGML\nENCODING:USASCII\nCHARSET:1252\n\n"


def ofx(*lines: bytes) -> bytes:
    return HEADER + b"<OFX><STMTRS><CURDEF>EUR<BANKTRANLIST>" + b"".join(lines) + b"</OFX>"


def line(amount: str, fitid: str = "", name: str = "Shop") -> bytes:
    text = f"<STMTTRN><DTPOSTED>20260101<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}</STMTTRN>"
    return text.encode()


@pytest.mark.corpus
@pytest.mark.parametrize("expected", real_files("ofx", REFUSED))
def test_real_file_gives_the_expected_count_and_sum(expected):
    name, count, amount = expected
    transactions, unusable = split_rows(ofx_file.read((REAL_FILES / name).read_bytes()))
    assert (len(transactions), total(transactions), unusable) == (count, amount, [])


@pytest.mark.corpus
def test_real_file_without_dates_yields_only_rejected_lines():
    data = (REAL_FILES / "ofx/ofxparse__fail_nice__date_missing.ofx").read_bytes()
    transactions, unusable = split_rows(ofx_file.read(data))
    assert transactions == []
    assert [row.attr for row in unusable] == ["txn_date"] * 3


def test_sgml_statement_lines_are_read():
    file = ofx_file.read(sample("ofx/checking_sgml.ofx"))
    transactions, unusable = split_rows(file)
    assert [(row.row_number, row.amount) for row in transactions] == [
        (1, Decimal("-12.50")),
        (2, Decimal("1500.25")),
        (3, Decimal("-40")),
        (4, Decimal("-3")),
        (8, Decimal("-2")),
    ]
    assert [(row.row_number, notice_text(row.error), row.attr) for row in unusable] == [
        (5, "“20260231” is not a date.", "txn_date"),
        (6, "“.” is not an amount written with a decimal point.", "amount"),
        (7, "The date is missing.", "txn_date"),
    ]
    assert file.currency == "EUR"
    assert file.account_hint == "0012345678"
    assert (file.opening_balance, file.closing_balance) == (None, Decimal("1442.75"))


def test_transaction_and_booking_dates_are_distinguished():
    first = transactions_of(ofx_file.read(sample("ofx/checking_sgml.ofx")))[0]
    assert (first.txn_date, first.posted_date) == (date(2026, 2, 1), date(2026, 2, 3))


def test_actual_bytes_override_the_declared_encoding():
    first = transactions_of(ofx_file.read(sample("ofx/checking_sgml.ofx")))[0]
    assert first.merchant == "Café Zürich"
    old = ofx(line("-1", name="Caf\u00e9")).decode().encode("cp1252")
    assert transactions_of(ofx_file.read(old))[0].merchant == "Café"


def test_entities_are_decoded_even_if_escaped_twice_and_bare_signs_stay():
    first, second = transactions_of(ofx_file.read(sample("ofx/checking_sgml.ofx")))[:2]
    assert first.description == "Café Zürich / Card 4711 & tip < 2"
    assert second.description == "AT&T <refund>"
    assert transactions_of(ofx_file.read(ofx(line("-1", name="A&LT B"))))[0].merchant == "A&LT B"


def test_line_without_text_is_named_by_its_type_and_check_number():
    third = transactions_of(ofx_file.read(sample("ofx/checking_sgml.ofx")))[2]
    assert (third.description, third.merchant) == ("Check / 88", "")


def test_numeric_name_is_not_a_merchant():
    last = transactions_of(ofx_file.read(sample("ofx/checking_sgml.ofx")))[-1]
    assert (last.description, last.merchant) == ("0012 / Rent", "")


def test_repeated_ids_are_dropped_and_unique_ones_kept():
    transactions = transactions_of(ofx_file.read(sample("ofx/checking_sgml.ofx")))
    assert [row.external_id for row in transactions] == ["A-1001", "A-1002", "", "", "A-1008"]


@pytest.mark.parametrize("fitid", ["0", "1", "2", "000000", "NONREF", "none", ""])
def test_line_number_or_placeholder_ids_are_dropped(fitid):
    rows = transactions_of(ofx_file.read(ofx(line("-1", fitid), line("-2", "REAL-77"))))
    assert [row.external_id for row in rows] == ["", "REAL-77"]


def test_short_running_number_is_an_id():
    rows = transactions_of(ofx_file.read(ofx(line("-1", "0000486"), line("-2", "0000007"))))
    assert [row.external_id for row in rows] == ["0000486", "0000007"]


def test_xml_file_with_two_accounts_reads_all_lines_and_names_the_accounts():
    file = ofx_file.read(sample("ofx/two_accounts_xml.ofx"))
    transactions, unusable = split_rows(file)
    assert [(row.amount, row.currency, row.part) for row in transactions] == [
        (Decimal("-10.00"), "CAD", "…1234"),
        (Decimal("-11.00"), "USD", "…1234"),
        (Decimal("-5.00"), "USD", "…1234"),
        (Decimal("7.00"), "USD", "…5678"),
    ]
    assert [notice_text(row.error) for row in unusable] == [
        "The bank withdraws an earlier line here; delete that transaction yourself."
    ]
    assert file.closing_balance is None
    assert Notice(NoticeCode.POSITIVE_DEBITS, {"count": 1}) in file.warnings


def test_cdata_is_read_unchanged():
    first = transactions_of(ofx_file.read(sample("ofx/two_accounts_xml.ofx")))[0]
    assert first.description == "Tea <& more>"


def test_pending_transactions_of_ofx_2_2_are_pending():
    hold = transactions_of(ofx_file.read(sample("ofx/two_accounts_xml.ofx")))[2]
    assert (hold.is_pending, hold.posted_date, hold.txn_date) == (True, None, date(2026, 1, 31))


def test_investment_statement_reads_cash_lines_and_names_the_rest():
    file = ofx_file.read(sample("ofx/investment.ofx"))
    assert [row.amount for row in transactions_of(file)] == [Decimal("3.21")]
    assert file.skipped_count == 1
    assert file.warnings == [Notice(NoticeCode.SECURITIES_LINES, {"count": 1})]


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (["1,500", "2.25"], ["1500", "2.25"]),
        (["1.500", "2,25"], ["1500", "2.25"]),
        (["1,500.25", "-1,500"], ["1500.25", "-1500"]),
        (["-30.000"], ["-30"]),
        (["(12.50)", "12.50-", "\u221212.50"], ["-12.50", "-12.50", "-12.50"]),
        (["1,000,000"], ["1000000"]),
    ],
)
def test_ambiguous_amount_is_read_like_the_files_other_amounts(amounts, expected):
    rows = transactions_of(ofx_file.read(ofx(*map(line, amounts))))
    assert [row.amount for row in rows] == [Decimal(text) for text in expected]


@pytest.mark.parametrize("amount", ["1,500", "NaN", "1e9", "٣.٥", "1234567890123", "0.00001", ""])
def test_unclear_or_impossible_amount_is_rejected(amount):
    transactions, unusable = split_rows(ofx_file.read(ofx(line(amount))))
    assert transactions == []
    assert [row.attr for row in unusable] == ["amount"]


def test_truncated_last_line_is_not_posted():
    data = sample("ofx/checking_sgml.ofx")
    cut = data[: data.index(b"1 500,25") + 2]
    file = ofx_file.read(cut)
    transactions, unusable = split_rows(file)
    assert len(transactions) == 1
    assert notice_text(unusable[-1].error) == "The file ends in the middle of this line."
    assert Notice(NoticeCode.OFX_NOT_CLOSED) in file.warnings


def test_banks_error_message_is_passed_on():
    data = b"<OFX><STATUS><CODE>2000<SEVERITY>ERROR<MESSAGE>Try later</STATUS></OFX>"
    file = ofx_file.read(data)
    assert list(file.rows) == []
    assert file.warnings == [
        Notice(NoticeCode.NO_TRANSACTIONS, {"format": "OFX"}),
        Notice(NoticeCode.BANK_MESSAGE, {"message": "Try later"}),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no tags",
        b'<!DOCTYPE OFX [<!ENTITY a "aaaa">]><OFX><STMTTRN></OFX>',
    ],
)
def test_unrelated_files_and_document_types_are_rejected(data):
    with pytest.raises(UnreadableFile):
        ofx_file.read(data)


def test_utf_16_without_a_byte_order_mark_is_read():
    data = ofx(line("-1", name="Café")).decode().encode("utf-16-le")
    assert transactions_of(ofx_file.read(data))[0].merchant == "Café"


@pytest.mark.slow
def test_hostile_repetition_is_read_in_linear_time():
    for piece in (b"<![CDATA[", b"<!--", b"<STMTTRN>", b"<A ", b"&amp", b"<TRNAMT>1."):
        list(ofx_file.read(b"<OFX>" + piece * 50_000).rows)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_raise_only_unreadable_file(data):
    original = sample(data.draw(st.sampled_from(["ofx/checking_sgml.ofx", "ofx/investment.ofx"])))
    at = data.draw(st.integers(0, len(original)))
    junk = data.draw(st.binary(max_size=40))
    length = data.draw(st.integers(0, 60))
    refused_or_read(lambda: ofx_file.read(original[:at] + junk + original[at + length :]))


def test_investment_statement_without_lines_says_what_it_is():
    data = (
        b"OFXHEADER:100\n\n<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><CURDEF>USD<INVPOSLIST>"
    )
    data += b"</INVPOSLIST></INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1></OFX>"
    file = ofx_file.read(data)
    assert (list(file.rows), file.warnings) == (
        [],
        [
            Notice(NoticeCode.NO_TRANSACTIONS, {"format": "OFX"}),
            Notice(NoticeCode.INVESTMENTS_ONLY),
        ],
    )
