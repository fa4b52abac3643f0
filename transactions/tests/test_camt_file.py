from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transactions.models.notices import notice_text
from transactions.sources.files import camt_file
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.tests.statement_files import (
    REAL_FILES,
    real_files,
    refused,
    refused_or_read,
    sample,
    split_rows,
    total,
    transactions_of,
)

pytestmark = pytest.mark.once

# Its only entry has the amount "12..34".
REFUSED = {"camt053_garbled_amount.xml": 1}
ENTRY = (
    "<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    "<BookgDt><Dt>2026-01-05</Dt></BookgDt>{more}</Ntry>"
)


def camt(*entries: str) -> bytes:
    body = "".join(entries)
    return f"<Document><BkToCstmrStmt><Stmt>{body}</Stmt></BkToCstmrStmt></Document>".encode()


def entry(amount: str = "1.00", more: str = "") -> str:
    return ENTRY.format(amount=amount, more=more)


@pytest.mark.corpus
@pytest.mark.parametrize("expected", real_files("camt", REFUSED))
def test_real_file_gives_the_expected_count_and_sum(expected):
    name, count, amount = expected
    transactions, unusable = split_rows(camt_file.read((REAL_FILES / name).read_bytes()))
    assert (len(transactions), total(transactions), unusable) == (count, amount, [])


@pytest.mark.corpus
def test_real_entry_with_a_garbled_amount_is_rejected():
    data = (REAL_FILES / "camt/bsparser__camt053_garbled_amount.xml").read_bytes()
    transactions, unusable = split_rows(camt_file.read(data))
    assert transactions == []
    assert [(notice_text(row.error), row.attr) for row in unusable] == [
        ("“12..34” is not an amount.", "amount")
    ]


def test_statement_entries_are_read():
    file = camt_file.read(sample("camt/statement_v8.xml"))
    transactions, unusable = split_rows(file)
    assert [
        (row.row_number, row.txn_date, row.posted_date, row.amount) for row in transactions
    ] == [
        (1, date(2026, 1, 4), date(2026, 1, 5), Decimal("250")),
        (2, date(2026, 1, 7), date(2026, 1, 7), Decimal("-30.00")),
        (3, date(2026, 1, 8), date(2026, 1, 8), Decimal("5.00")),
        (4, date(2026, 1, 31), date(2026, 1, 31), Decimal("-5.00")),
        (5, date(2026, 2, 2), None, Decimal("-1.00")),
    ]
    assert [(row.row_number, notice_text(row.error), row.attr) for row in unusable] == [
        (7, "“12..34” is not an amount.", "amount"),
        (8, "“1.00001” has more than 4 decimals.", "amount"),
        (9, "The entry does not say whether it is a credit or a debit.", "amount"),
        (10, "“2026-02-30” is not a date.", "txn_date"),
    ]
    assert (file.currency, file.account_hint) == ("EUR", "DE89370400440532013000")
    assert (file.opening_balance, file.closing_balance) == (Decimal("-100.00"), Decimal("120.00"))
    assert file.skipped_count == 1
    assert file.warnings == [Notice(NoticeCode.INFORMATION_LINES, {"count": 1})]


def test_counterparty_becomes_merchant_and_bank_text_becomes_description():
    rows = transactions_of(camt_file.read(sample("camt/statement_v8.xml")))
    assert rows[0].merchant == "ACME GmbH"
    assert rows[0].description == "SEPA credit / Salary January"


def test_batch_booking_is_one_line_with_its_payments_in_the_notes():
    batch = transactions_of(camt_file.read(sample("camt/statement_v8.xml")))[1]
    assert (batch.amount, batch.merchant, batch.description) == (Decimal("-30.00"), "", "Wages")
    assert batch.notes == "Batch of 2 payments: Ann 10.00; Bob 20.00"


def test_reversal_uses_its_own_direction_and_the_original_roles():
    reversal = transactions_of(camt_file.read(sample("camt/statement_v8.xml")))[2]
    assert (reversal.amount, reversal.merchant) == (Decimal("5.00"), "Phone Ltd")


def test_only_the_banks_own_unique_reference_is_an_id():
    rows = transactions_of(camt_file.read(sample("camt/statement_v8.xml")))
    assert [row.external_id for row in rows] == ["BANKREF-0001", "BANKREF-0002", "", "", ""]


def test_pending_entry_is_pending():
    rows = transactions_of(camt_file.read(sample("camt/statement_v8.xml")))
    assert [row.is_pending for row in rows] == [False, False, False, False, True]


def test_consecutive_statements_use_first_opening_and_last_closing_balance():
    file = camt_file.read(sample("camt/two_statements_v2.xml"))
    assert [row.amount for row in transactions_of(file)] == [Decimal("2"), Decimal("-0.50")]
    assert (file.opening_balance, file.closing_balance) == (Decimal("1"), Decimal("2.5"))
    assert file.warnings == []


def test_report_without_namespace_or_dates_and_with_wrong_encoding_is_read():
    file = camt_file.read(sample("camt/report_no_namespace.xml"))
    row = transactions_of(file)[0]
    assert (row.description, row.txn_date, row.is_pending) == ("Köp", date(2026, 3, 1), True)
    assert (file.currency, file.account_hint) == ("SEK", "11112222")


def test_utf_16_is_read():
    text = (
        "<?xml version='1.0' encoding='UTF-16'?>"
        + camt(entry(more="<AddtlNtryInf>Ä</AddtlNtryInf>")).decode()
    )
    assert transactions_of(camt_file.read(text.encode("utf-16")))[0].description == "Ä"


@pytest.mark.parametrize("amount", ["", "NaN", "1e9", "1,5", "-1.00", "٣", "1234567890123", "."])
def test_nonstandard_amount_is_rejected(amount):
    transactions, unusable = split_rows(camt_file.read(camt(entry(amount), entry("2.00"))))
    assert [row.amount for row in transactions] == [Decimal("2.00")]
    assert [row.attr for row in unusable] == ["amount"]


def test_empty_statement_is_reported():
    file = camt_file.read(camt())
    assert list(file.rows) == []
    assert file.warnings == [Notice(NoticeCode.NO_TRANSACTIONS, {"format": "CAMT"})]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<Document></Document>",
        camt(entry())[:-20],
        b'<!DOCTYPE Document [<!ENTITY a "b">]>' + camt(entry(more="&a;")),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + camt(entry()),
        b"<a>" * 100_000,
    ],
)
def test_damaged_hostile_or_unrelated_files_are_rejected_with_a_message(data):
    with refused(r"\.$"):
        camt_file.read(data)


def test_entity_expansion_attacks_are_not_expanded():
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE d [<!ENTITY l0 "ha">{entities}]><Document>&l12;</Document>'
    with refused("document type"):
        camt_file.read(bomb.encode())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_raise_only_unreadable_file(data):
    names = ["camt/statement_v8.xml", "camt/report_no_namespace.xml"]
    original = sample(data.draw(st.sampled_from(names)))
    at = data.draw(st.integers(0, len(original)))
    junk = data.draw(st.binary(max_size=40))
    length = data.draw(st.integers(0, 60))
    refused_or_read(lambda: camt_file.read(original[:at] + junk + original[at + length :]))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="<>/NtryAmtCcy \"'&;=1.x", max_size=80))
def test_garbled_entries_raise_only_unreadable_file(text):
    refused_or_read(lambda: camt_file.read(camt(entry(), text)))
