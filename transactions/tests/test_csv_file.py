"""CSV statements: what is detected, what is read, and what is rejected with a message."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from transactions.models.notices import notice_text
from transactions.sources.files.csv_file import CsvMapping, detect, detect_table, read, read_table
from transactions.sources.files.incoming import IncomingTransaction, UnusableRow
from transactions.tests.statement_files import REAL_FILES, manifest_rows, refused

pytestmark = pytest.mark.once

SAMPLES = Path(__file__).parent / "samples" / "csv"
A_MAPPING = CsvMapping(
    txn_date=0, date_format="%Y-%m-%d", amount=2, description=(1,), header_line=1
)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def read_all(data: bytes, mapping: CsvMapping | None = None):
    incoming = read(data, mapping or detect(data).mapping)
    rows = list(incoming.rows)
    good = [row for row in rows if isinstance(row, IncomingTransaction)]
    return incoming, good, [row for row in rows if isinstance(row, UnusableRow)]


def total(rows: list[IncomingTransaction]) -> Decimal:
    return sum((row.amount for row in rows), Decimal(0))


# --- The samples: one for each habit of a bank -------------------------------------------------

# file: transactions, sum, refused lines, skipped lines, doubtful fields
EXPECTED = {
    "ambiguous_days.csv": (2, "95.50", 0, 1, ["date_format"]),
    "amount_styles.csv": (10, "2309.50", 0, 1, []),
    "bad_rows.csv": (2, "1.50", 12, 2, []),
    "balance_moves_against_headings.csv": (4, "5.00", 0, 1, ["debit"]),
    "broken_quotes.csv": (3, "-24.50", 0, 1, []),
    "card_purchases_positive.csv": (3, "0.00", 0, 1, ["sign_convention"]),
    "chinese_gb18030.csv": (2, "2950.00", 0, 1, []),
    "cr_cr_lf_lost_quote.csv": (2, "32.51", 0, 1, []),
    "cr_only.csv": (2, "1987.50", 0, 1, []),
    "czech_cp1250.csv": (2, "-1250.51", 0, 1, []),
    "dinar_right_to_left.csv": (2, "849.250", 0, 1, []),
    "excel_quotes.csv": (2, "1195.50", 0, 2, []),
    "flag_words.csv": (3, "1175.00", 0, 1, []),
    "heading_again.csv": (2, "1187.50", 0, 3, []),
    "inner_quotes.csv": (2, "1587.80", 0, 4, []),
    "japanese_euc.csv": (3, "25000", 0, 1, []),
    "japanese_shift_jis.csv": (2, "29500", 0, 1, []),
    "korean_euc.csv": (2, "295000", 0, 1, []),
    "lithuanian_cp1257.csv": (3, "487.54", 0, 1, []),
    "long_disclaimer.csv": (2, "288.00", 0, 5, []),
    "months_in_words.csv": (2, "1195.50", 0, 1, []),
    "opening_balance_row.csv": (2, "894.50", 0, 3, []),
    "pair_nobody_knows.csv": (3, "300.00", 0, 0, ["debit"]),
    "pair_without_heading.csv": (3, "300.00", 0, 0, []),
    "pending_and_reverted.csv": (3, "-34.50", 0, 2, []),
    "pipes.dat": (2, "1193.51", 0, 1, []),
    "preamble_cp1252_crlf.csv": (2, "4093.32", 0, 5, []),
    "quote_never_closed.csv": (3, "1.00", 0, 1, []),
    "russian_cp1251.csv": (2, "81399.91", 0, 1, []),
    "three_decimals_or_thousands.csv": (2, "18.750", 0, 1, ["decimal_mark"]),
    "two_lines_a_payment.csv": (2, "1187.50", 0, 3, []),
    "unknown_language.csv": (2, "1195.50", 0, 1, []),
    "unnamed_amount.csv": (2, "150.50", 0, 1, []),
    "utf16_with_mark.csv": (2, "1195.50", 0, 1, []),
    "utf16_without_mark.csv": (2, "1195.50", 0, 1, []),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_sample_is_read_as_detected(name):
    count, amount, unread, skipped, doubts = EXPECTED[name]
    incoming, good, bad = read_all(sample(name))
    assert (len(good), total(good), len(bad)) == (count, Decimal(amount), unread)
    assert incoming.skipped_count == skipped
    assert [field for field, _ in detect(sample(name)).doubts] == doubts


def test_every_sample_has_expectations():
    assert {path.name for path in SAMPLES.iterdir()} == {*EXPECTED, "heading_only.csv"}


def test_encoding_of_each_country_is_detected():
    found = {name: detect(sample(name)).mapping.encoding for name in EXPECTED}
    assert found["preamble_cp1252_crlf.csv"] == "cp1252"
    assert found["czech_cp1250.csv"] == "cp1250"
    assert found["lithuanian_cp1257.csv"] == "cp1257"
    assert found["russian_cp1251.csv"] == "cp1251"
    assert found["japanese_euc.csv"] == "euc-jp"
    assert found["japanese_shift_jis.csv"] == "cp932"
    assert found["korean_euc.csv"] == "euc-kr"
    assert found["chinese_gb18030.csv"] == "gb18030"
    assert found["utf16_without_mark.csv"] == "utf-16-le"


def test_account_details_in_the_file_are_read():
    incoming, good, _ = read_all(sample("preamble_cp1252_crlf.csv"))
    assert incoming.account_hint == "DE02120300000000202051"
    assert incoming.closing_balance == Decimal("4093.32")
    assert incoming.currency == "EUR"
    assert good[0] == IncomingTransaction(
        row_number=6,
        txn_date=date(2024, 3, 28),
        amount=Decimal("4200.00"),
        description="Lohn Gehalt März",
        raw='"28.03.2024";"28.03.2024";"Lohn";"Bäckerei Grün GmbH";"Gehalt März";"4.200,00";',
        currency="EUR",
        merchant="Bäckerei Grün GmbH",
    )


def test_balance_lines_are_not_transactions():
    incoming, good, _ = read_all(sample("opening_balance_row.csv"))
    assert (incoming.opening_balance, incoming.closing_balance) == (
        Decimal("100.00"),
        Decimal("994.50"),
    )
    assert [row.description for row in good] == ["Padaria", "Salário"]


def test_two_identical_lines_are_two_transactions():
    _, good, _ = read_all(sample("flag_words.csv"))
    assert [(row.amount, row.description) for row in good[:2]] == [
        (Decimal("-12.50"), "Koffie")
    ] * 2


def test_pending_lines_are_marked_and_reverted_ones_skipped():
    _, good, _ = read_all(sample("pending_and_reverted.csv"))
    assert [(row.description, row.is_pending) for row in good] == [
        ("Cafe", False),
        ("Hotel", True),
        ("Top-up", False),
    ]
    assert good[0].posted_date == date(2024, 5, 14)
    assert good[1].posted_date is None


def test_formulas_stay_text_and_excel_quoting_is_removed():
    _, good, _ = read_all(sample("excel_quotes.csv"))
    assert good[0].description == "0234"
    assert good[0].txn_date == date(2024, 5, 13)
    mapping = replace(detect(sample("excel_quotes.csv")).mapping, description=(3,))
    _, good, _ = read_all(sample("excel_quotes.csv"), mapping)
    assert good[0].description == '=HYPERLINK("http://example.com")'


@pytest.mark.parametrize("heading", ["", "Date,Description,Amount\n"])
def test_unclosed_quote_does_not_swallow_other_lines(heading):
    lines = '2024-05-13,"one,-1.00\n2024-05-14,"two",-2.00\n2024-05-15,"three,3.00\n'
    _, good, _ = read_all((heading + lines + '2024-05-16,"four\nfive",-8.00\n').encode())
    assert [row.amount for row in good] == [-1, -2, 3, -8]
    assert good[3].description == "four five"


def test_each_invalid_line_has_its_own_message():
    _, good, bad = read_all(sample("bad_rows.csv"))
    assert [(row.row_number, row.attr) for row in bad] == [
        *((line, "txn_date") for line in (3, 4)),
        *((line, "amount") for line in (5, 6, 7, 8, 9)),
        *((10, ""), (11, ""), (12, "txn_date"), (13, "amount"), (14, "")),
    ]
    assert [notice_text(row.error) for row in bad] == [
        "“31.02.2024” is not a day in the calendar.",
        "“01.05.0025” is in the year 0025, which can't be right.",
        "“12..34” is not an amount written with a decimal point.",
        "“NaN” is not an amount.",
        "“1e3000000” is not an amount.",
        "“1.23456” has more than 4 decimals.",
        "“1234567890123” is larger than the largest amount we can store.",
        "The line contains a NUL byte, so it is damaged.",
        "The line contains bytes that aren't valid in the file's encoding.",
        "The date is missing.",
        "The amount is missing.",
        "“Points” is not a currency.",
    ]
    assert all("\x00" not in row.raw and row.raw.encode() for row in bad)
    assert [row.row_number for row in good] == [2, 15]


# --- Refusals of a whole file ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"%PDF-1.7\n1 0 obj", "PDF"),
        (b"PK\x03\x04" + bytes(40), "ZIP"),
        (bytes(range(256)) * 20, "isn.t text"),
        (b"just some words\nand some more", "isn.t a table"),
        (b"name,colour\nada,red\nbob,blue\n", "date and an amount"),
        (b"Date,Description,Amount\n", "headings"),
    ],
)
def test_file_without_payments_gives_a_message(data, words):
    with refused(words):
        detect(data)


# --- Doubts ------------------------------------------------------------------------------------


def test_doubtful_field_lists_its_alternatives_best_guess_first():
    detection = detect(sample("ambiguous_days.csv"))
    assert not detection.is_certain
    assert detection.alternatives == {"date_format": ["%d-%m-%Y", "%m-%d-%Y"]}
    _, good, _ = read_all(
        sample("ambiguous_days.csv"), replace(detection.mapping, date_format="%m-%d-%Y")
    )
    assert good[0].txn_date == date(2024, 3, 4)


def test_running_balance_decides_which_column_is_money_out():
    detection = detect(sample("pair_without_heading.csv"))
    assert detection.is_certain
    assert (detection.mapping.debit, detection.mapping.credit) == (3, 4)


def test_only_positive_amounts_leave_the_sign_unclear():
    detection = detect(b"Date,Description,Amount\n2024-05-13,A,1.00\n2024-05-14,B,2.00\n")
    assert [field for field, _ in detection.doubts] == ["sign_convention"]
    assert detection.alternatives["sign_convention"] == ["signed", "inverted"]


def test_repeated_identifier_is_not_used_as_an_id():
    rows = "2024-05-13,A,-1.00,X1\n2024-05-14,B,-2.00,X1\n"
    detection = detect(f"Date,Description,Amount,Transaction ID\n{rows}".encode())
    assert detection.mapping.external_id is None


# --- Mappings ----------------------------------------------------------------------------------


def test_mapping_round_trips_through_json():
    for name in EXPECTED:
        mapping = detect(sample(name)).mapping
        assert CsvMapping.from_json(json.loads(json.dumps(mapping.as_json()))) == mapping


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"txn_date": None}, "txn_date"),
        ({"txn_date": -1}, "txn_date"),
        ({"txn_date": True}, "txn_date"),
        ({"amount": "two"}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": 10**30}, "amount"),
        ({"description": "1"}, "description"),
        ({"description": [1.5]}, "description"),
        ({"encoding": "rot13"}, "encoding"),
        ({"delimiter": ""}, "delimiter"),
        ({"date_format": "%d/%m"}, "date_format"),
        ({"decimal_mark": "x"}, "decimal_mark"),
        ({"sign_convention": "flag", "flag": 1}, "outflow_flag"),
        ({"sign_convention": "debit_credit"}, "debit"),
        ({"sign_convention": "debit_credit", "debit": 1, "credit": 1}, "credit"),
        ({"sign_convention": ["signed"]}, "sign_convention"),
        ({"header_line": 10**9}, "header_line"),
        ({"outflow_flag": "x" * 1000}, "outflow_flag"),
        ({"colour": 1}, "colour"),
    ],
)
def test_invalid_mapping_names_its_field(change, field):
    with pytest.raises(ValueError, match=f"^{field}: .*\\.$"):
        CsvMapping.from_json(A_MAPPING.as_json() | change)


def test_form_columns_may_be_numeric_strings():
    values = A_MAPPING.as_json() | {"amount": "2", "merchant": "", "header_line": "1"}
    assert CsvMapping.from_json(values) == A_MAPPING


def test_mapping_that_does_not_fit_reads_nothing_and_does_not_crash():
    mapping = replace(A_MAPPING, amount=7, encoding="utf-16", delimiter="|")
    with refused("utf-16"):
        read_all(sample("ambiguous_days.csv"), mapping)
    incoming, good, bad = read_all(sample("ambiguous_days.csv"), replace(mapping, encoding="utf-8"))
    assert (good, bad, incoming.skipped_count) == ([], [], 3)


def test_unknown_direction_flag_rejects_the_line():
    mapping = replace(A_MAPPING, sign_convention="flag", flag=3, outflow_flag="OUT|FEE")
    data = b"Date,Text,Amount,Way\n" + b"".join(
        b"2024-05-13,x,%d,%s\n" % (number, flag)
        for number, flag in enumerate([b"out", b"Fee", b"IN", b""], start=1)
    )
    _, good, bad = read_all(data, replace(mapping, inflow_flag="in"))
    assert [row.amount for row in good] == [-1, -2, 3]
    assert [row.attr for row in bad] == ["amount"]


# --- Tables that are no text file --------------------------------------------------------------


def test_spreadsheet_follows_the_same_rules():
    rows = [
        ["Kontoauszug", ""],
        ["Datum", "Text", "Betrag"],
        ["2024-05-13", "Brot", "-4.50"],
        ["2024-05-14", "Lohn", "1200.00"],
        ["31.02.2024", "Falsch", "1.00"],
        ["", "", ""],
    ]
    detection = detect_table(rows)
    incoming = read_table(rows, detection.mapping)
    found = list(incoming.rows)
    assert [row.row_number for row in found] == [3, 4, 5]
    assert [getattr(row, "amount", row) for row in found[:2]] == [Decimal("-4.50"), Decimal(1200)]
    assert isinstance(found[2], UnusableRow)
    assert incoming.skipped_count == 3


# --- Real files --------------------------------------------------------------------------------

# What a person would answer in the wizard, because no program can know it.
CHOICES = {"bank2ynab__statement_1.csv": {"sign_convention": "inverted"}}
# File: (transactions, sum, refused lines) for lines that a strict reader must refuse.
REFUSED = {
    "bank2ynab__test_row_format_CD_flag.csv": (70, "-4441.16", 3),
    "bsparser__csv_garbled_amount.csv": (1, "100.00", 1),
}


@pytest.mark.corpus
@pytest.mark.parametrize("entry", manifest_rows("csv"), ids=lambda entry: Path(entry["file"]).name)
def test_real_file_gives_the_expected_sum(entry):
    name = Path(entry["file"]).name
    data = (REAL_FILES / entry["file"]).read_bytes()
    if entry["expected_transactions"] == "0":
        with refused("headings"):
            detect(data)
        return
    expected = int(entry["expected_transactions"]), entry["expected_sum"], 0
    count, amount, unread = REFUSED.get(name, expected)
    detection = detect(data)
    doubtful = {field for field, _ in detection.doubts}
    assert doubtful >= CHOICES.get(name, {}).keys()
    _, good, bad = read_all(data, replace(detection.mapping, **CHOICES.get(name, {})))
    assert (len(good), total(good), len(bad)) == (count, Decimal(amount), unread)
