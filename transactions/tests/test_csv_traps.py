"""Tables that tempt the reader: labels that are shops, cut amounts, directions and odd days."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.depth import up_to
from transactions.sources.files import csv_file
from transactions.sources.files.csv_mapping import Reading
from transactions.sources.files.incoming import IncomingTransaction, UnreadableFile, UnusableRow
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.reading_context import ReadingContext

pytestmark = pytest.mark.once

TODAY = date(2026, 11, 29)
US = ReadingContext("USD", "checking", "en-US", "America/New_York", TODAY)
CARD = replace(US, account_type="credit_card")
DE = ReadingContext("EUR", "checking", "de-DE", "Europe/Berlin", TODAY)
CANADA = ReadingContext("CAD", "checking", "en-CA", "America/Toronto", TODAY)
THAILAND = ReadingContext("THB", "checking", "th-TH", "Asia/Bangkok", TODAY)
HEAD = "Date,Description,Amount\n"


def rows_of(text: str, context: ReadingContext = US) -> list:
    detection = csv_file.detect(text.encode(), context)
    assert not detection.doubts
    return list(csv_file.read(text.encode(), detection.mapping).rows)


def amounts(text: str, context: ReadingContext = US) -> list[str]:
    return [str(row.amount) for row in rows_of(text, context)]


def readings(text: str, context: ReadingContext) -> list[list[str]]:
    """The amounts that each answer gives, the likeliest first."""
    data = text.encode()
    detection = csv_file.detect(data, context)
    mappings = [replace(detection.mapping, **reading.changes) for reading in detection.readings]
    return [[str(row.amount) for row in csv_file.read(data, mapping).rows] for mapping in mappings]


def why_refused(text: str, context: ReadingContext = US) -> NoticeCode:
    with pytest.raises(UnreadableFile) as refused:
        csv_file.detect(text.encode(), context)
    return refused.value.notices[0].code


# --- Labels of balances that are payments, and the reverse ---------------------------------------


def test_first_and_last_transfer_called_like_a_balance_is_a_payment():
    text = f"{HEAD}2024-03-05,Siirto,-50.00\n2024-03-06,Cafe,-4.20\n2024-03-07,Prenos,-9.00\n"
    assert amounts(text) == ["-50.00", "-4.20", "-9.00"]
    carried = f"{HEAD}2024-03-05,Transporte,1500.00\n2024-03-06,Cafe,-4.20\n"
    assert [type(row) for row in rows_of(carried)] == [UnusableRow, IncomingTransaction]


@pytest.mark.parametrize("name", ["NEW BALANCE 0411", "Siirto", "Transporte", "PRIMO", "Report"])
def test_payee_called_like_a_balance_is_a_payment(name):
    text = f"{HEAD}2024-03-05,Cafe,-4.20\n2024-03-06,{name},-89.99\n2024-03-07,Pay,900.00\n"
    assert amounts(text) == ["-4.20", "-89.99", "900.00"]


def test_balance_that_moves_proves_that_a_labeled_line_is_a_payment():
    text = (
        "Date,Description,Amount,Balance\n2024-03-05,Cafe,-4.20,995.80\n"
        "2024-03-06,Closing balance,-89.99,905.81\n2024-03-07,Pay,900.00,1805.81\n"
    )
    assert amounts(text) == ["-4.20", "-89.99", "900.00"]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Ausgangssaldo", "Endstand"),
        ("Solde au départ", "Solde à ce jour"),
        ("Balance from last month", "Balance to next month"),
        ("Saldo al inicio", "Saldo a fecha"),
        ("Zůstatek minule", "Zůstatek nyní"),
    ],
)
def test_first_and_last_line_that_may_be_balances_are_not_booked(first, last):
    text = (
        f"{HEAD}2024-03-01,{first},1000.00\n2024-03-05,Cafe,-4.20\n2024-03-06,Pay,900.00\n"
        f"2024-03-07,{last},1895.80\n"
    )
    rows = rows_of(text)
    assert [str(row.amount) for row in rows if isinstance(row, IncomingTransaction)] == [
        *("-4.20", "900.00")
    ]
    codes = {row.error.code for row in rows if isinstance(row, UnusableRow)}
    assert codes <= {NoticeCode.MAY_BE_BALANCE, NoticeCode.MAY_BE_TOTAL}


@pytest.mark.parametrize(
    "label", ["Tagessaldo", "Daily balance", "End of day balance", "Saldo del dia", "Solde du jour"]
)
def test_balances_between_the_lines_are_not_booked(label):
    text = (
        f"{HEAD}2024-03-05,Cafe,-4.20\n2024-03-05,{label},995.80\n2024-03-06,Pay,900.00\n"
        f"2024-03-06,{label},1895.80\n2024-03-07,Balance Fitness,-20.00\n2024-03-08,Bar,-8.00\n"
    )
    assert amounts(text) == ["-4.20", "900.00", "-20.00", "-8.00"]


def test_line_without_amount_whose_balance_moved_is_refused():
    text = (
        "Date,Text,Out,In,Interest,Balance\n2024-03-05,Cafe,4.20,,,995.80\n"
        "2024-03-06,Pay,,900.00,,1895.80\n2024-03-07,Bank,,,5.00,1900.80\n"
        "2024-03-08,Bar,8.00,,,1892.80\n2024-03-09,Note,,,,1892.80\n"
    )
    detection = csv_file.detect(text.encode(), US)
    rows = list(csv_file.read(text.encode(), detection.mapping).rows)
    refused = [(row.row_number, row.error.code) for row in rows if isinstance(row, UnusableRow)]
    assert refused == [(4, NoticeCode.AMOUNT_MISSING)]


# --- Amounts cut by a comma ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "line", "amount"),
    [
        ("Date,Description,Amount", "2024-03-05,Rent,-1,234.56", "-1234.56"),
        ("Date,Description,Amount", "2024-03-05,Flat,-1,234,567.00", "-1234567.00"),
        ("Date,Description,Amount,Notes", "2024-03-05,Rent,-1,234.56,", "-1234.56"),
        ("Date,Description,Amount", "2024-03-05,Rent,(1,234.56),", "-1234.56"),
        ("Date,Description,Out,In,Balance", "2024-03-05,Rent,1,234.56,,5,000.00", "-1234.56"),
    ],
)
def test_amount_cut_at_its_thousands_comma_is_joined(heading, line, amount):
    others = {
        3: "2024-03-06,Cafe,-4.20\n2024-03-07,Bar,-8.00\n",
        4: "2024-03-06,Cafe,-4.20,\n2024-03-07,Bar,-8.00,x\n",
        5: "2024-03-06,Cafe,4.20,,4,995.80\n2024-03-07,Pay,,80.00,5,075.80\n",
    }
    text = f"{heading}\n{line}\n{others[len(heading.split(','))]}"
    assert Decimal(amounts(text)[0]) == Decimal(amount)


def test_cut_amount_that_nothing_joins_is_refused():
    text = f"{HEAD}2024-03-05,Cafe,-4.20\n2024-03-06,Rent,-1,234.56,7,100.00\n"
    assert [row.error.code for row in rows_of(text) if isinstance(row, UnusableRow)] == [
        NoticeCode.CUT_AMOUNT
    ]
    bare = "2024-03-05,Cafe,-4.20\n2024-03-06,Rent,-1,234.56\n2024-03-07,Bar,-8.00\n"
    assert why_refused(bare) == NoticeCode.CUT_AMOUNT


def test_comma_in_a_text_without_quotes_never_moves_an_amount():
    text = (
        "Date,Description,Amount,Balance\n2024-03-05,Cafe,-4.20,995.80\n"
        "2024-03-06,Bar, 50,-8.00,987.80\n2024-03-07,Smith, Inc,-7.00,980.80\n"
        "2024-03-08,Pay,900.00,1880.80\n2024-03-09,Fuel,-30.00,1850.80\n"
    )
    rows = rows_of(text)
    read = [str(row.amount) for row in rows if isinstance(row, IncomingTransaction)]
    assert read == ["-4.20", "900.00", "-30.00"]
    assert len(rows) == 5
    behind = "Date,Amount,Description\n2024-03-05,-4.20,Cafe\n2024-03-06,-8.00,Bar, 50\n"
    assert amounts(behind) == ["-4.20", "-8.00"]


# --- Directions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "into"),
    [
        *(("Otto", "Pano"), ("Úttekt", "Innborgun"), ("Списание", "Пополнение"), ("T", "J")),
        *(("I", "U"), ("B", "D"), ("S", "E"), ("V", "P"), ("D", "A"), ("Р", "П")),
        *(("", "CR"), ("-", ""), ("DR", "")),
    ],
)
def test_words_and_letters_of_direction_are_read(out, into):
    lines = [("Lidl", out, "12.50"), ("Pay", into, "900.00")] + [("Cafe", out, "4.20")] * 9
    body = "".join(f"2024-03-05,{text},{word},{size}\n" for text, word, size in lines)
    found = amounts(f"Date,Description,Kind of it,Amount\n{body}", DE)
    assert found[:3] == ["-12.50", "900.00", "-4.20"]


@pytest.mark.parametrize(("out", "into"), [("B", "A"), ("Foo", "Bar"), ("Ven", "Nev")])
def test_two_unknown_words_are_offered_as_directions(out, into):
    lines = [("Lidl", out, "12.50"), ("Pay", into, "900.00"), ("Bar", out, "7.00")]
    body = "".join(f"2024-03-05,{text},{word},{size}\n" for text, word, size in [*lines, *lines])
    found = readings(f"Date,Description,Type,Amount\n{body}", DE)
    assert found[0][:3] == ["-12.50", "900.00", "-7.00"]
    assert ["12.50", "-900.00", "7.00"] in [amounts[:3] for amounts in found]
    shown = csv_file.detect(f"Date,Description,Type,Amount\n{body}".encode(), DE)
    examples = [tuple(one.amount for one in reading.examples) for reading in shown.readings]
    assert len(set(examples)) == len(found) == len({tuple(amounts) for amounts in found}) == 4


def test_negative_money_in_under_its_own_heading_is_money_in_on_a_card():
    text = (
        "Status,Date,Description,Debit,Credit\nCleared,03/05/2024,Cafe,4.20,\n"
        "Cleared,03/16/2024,Online payment,,-100.00\nCleared,03/17/2024,Shop,12.50,\n"
    )
    assert amounts(text, CARD) == ["-4.20", "100.00", "-12.50"]
    assert readings(text, US)[0] == ["-4.20", "100.00", "-12.50"]
    assert ["4.20", "-100.00", "12.50"] in readings(text, US)


def test_lone_negative_debit_is_money_out_though_no_step_of_the_balance_proves_it():
    text = (
        "Datum;Text;Gutschrift;Lastschrift;Saldo\n16.03.2024;Lohn;900,00;;1887,50\n"
        "15.03.2024;Laden;;-12,50;987,50\n"
    )
    assert amounts(text, DE) == ["900.00", "-12.50"]


def test_fees_beside_gross_and_net_are_no_balance():
    sizes = ["-18.12", "-38.52", "-34.82", "1521.94", "-68.63", "-35.94"]
    body = "".join(f"05/{18 + at}/2024,Shop,{size},0.00,{size}\n" for at, size in enumerate(sizes))
    text = f"Date,Name,Gross,Fee,Net\n{body}05/30/2024,Shop,-153.15,-0.50,-153.65\n"
    assert amounts(text) == [*sizes, "-153.65"]


def test_fee_that_explains_every_step_of_the_balance_is_taken_off():
    sizes = [5, -26, -120, -8, 1262, -134, 956, 396, -36, -51, -109]
    lines, balance = [], 1000
    for at, size in enumerate(sizes):
        fee = 2 if at in (0, 5) else 0
        balance += size - fee
        lines.append(f"2024-09-{at + 1:02},Shop,{size}.00,{fee}.00,{balance}.00\n")
    found = amounts(f"Date,Description,Amount,Fee,Balance\n{''.join(lines)}")
    assert (found[0], found[5]) == ("3.00", "-136.00")


def test_failed_payment_that_moves_no_balance_stays_out():
    sizes, lines, owed = [279, 97, 33, 251, 299, 237, 129, 206, 226, 236, 191, 92], [], 9000
    for at, size in enumerate(sizes):
        owed -= size
        lines.append(f"2024-03-{at + 1:02},Shop,{size}.00,{owed}.00,Done\n")
    lines.insert(6, f"2024-03-06,Payment thank you,-989.00,{lines[5].split(',')[3]},Failed\n")
    text = f"Date,Text,Amount,Balance,Status\n{''.join(lines[::-1])}"
    detection = csv_file.detect(text.encode(), CARD)
    rows = list(csv_file.read(text.encode(), detection.mapping).rows)
    assert len([row for row in rows if isinstance(row, IncomingTransaction)]) == len(sizes)


# --- Days ----------------------------------------------------------------------------------------


def test_days_in_canada_are_asked_about_where_both_orders_fit():
    text = f"{HEAD}03/05/2024,Cafe,-4.20\n04/06/2024,Bar,-8.00\n05/02/2024,Pay,90.00\n"
    assert [name for name, _ in csv_file.detect(text.encode(), CANADA).doubts] == ["date_format"]


def test_years_of_another_calendar_are_refused():
    text = f"{HEAD}14/06/67,Cafe,-4.20\n25/06/67,Bar,-8.00\n"
    assert why_refused(text, THAILAND) == NoticeCode.FUTURE_DAYS
    nepal = f"{HEAD}2081-03-14,Cafe,-4.20\n2081-03-25,Bar,-8.00\n"
    assert why_refused(nepal) == NoticeCode.FUTURE_DAYS


def test_times_are_no_days_and_six_digits_may_be():
    text = (
        "Closing date;Closing time;Text;Amount\n2024-03-05;10:11:12;Cafe;-4.20\n"
        "2024-03-06;09:10:11;Bar;-8.00\n"
    )
    assert [row.txn_date.day for row in rows_of(text, DE)] == [5, 6]
    digits = f"{HEAD}240325,Cafe,-4.20\n240426,Bar,-8.00\n"
    found = csv_file.detect(digits.encode(), US)
    assert found.alternatives["date_format"][0] == "%y%m%d"
    assert readings(digits, US)[0] == ["-4.20", "-8.00"]


def test_weekdays_beside_days_are_passed_over():
    for written in ("Sun, 18.02.2024", "18/02/2024 (Sun)", "2024年2月18日(日)", "So 18.02.2024"):
        text = f"Date;Description;Amount\n{written};Cafe;-4.20\n{written};Bar;-8.00\n"
        assert {row.txn_date for row in rows_of(text, DE)} == {date(2024, 2, 18)}


# --- The shape of the file -----------------------------------------------------------------------


def test_cells_in_apostrophes_are_split_by_them():
    text = "'Date','Description','Amount'\n'2024-03-05','Flat, north','-1,234.56'\n"
    assert amounts(text + "'2024-03-06','Cafe','-4.20'\n") == ["-1234.56", "-4.20"]


def test_another_column_that_often_agrees_with_the_amount_is_asked_about():
    text = (
        "Date,Shop,Purchase amount,Part,Part to pay\n2024-03-05,Sofa,300.00,1/3,100.00\n"
        "2024-03-16,Cafe,4.20,1/1,4.20\n2024-03-17,Bar,8.00,1/1,8.00\n"
    )
    found = readings(text, CARD)
    assert ["-300.00", "-4.20", "-8.00"] in found
    assert ["-100.00", "-4.20", "-8.00"] in found


def test_tables_apart_by_direction_are_refused():
    text = (
        f"Withdrawals\n{HEAD}2024-03-05,Cafe,4.20\n2024-03-06,Bar,8.00\n\n"
        f"Deposits\n{HEAD}2024-03-07,Pay,900.00\n"
    )
    assert why_refused(text) == NoticeCode.APART_BY_DIRECTION


@pytest.mark.parametrize(
    "text",
    [
        # No cell has a word, since "L" is a currency's sign.
        "Date,Description,Amount,Balance\n2024-03-01,L0,3.00,997.00\n2024-03-02,L1,4.00,993.00\n"
        "2024-03-03,L2,50.00,1043.00\n",
        "Betrag|Datum|Type|Credit|Account\n2024-10-10|USD|Declined|EUR|09/04/2024\n",
    ],
)
def test_lines_without_words_or_figures_are_no_error(text):
    with suppress(UnreadableFile):
        assert csv_file.detect(text.encode(), US).doubts


_CELLS = (
    *("05/03/2024", "2024-03-06", "-4.20", "1,234.50", "997.00", "0.00", "", "USD", "EUR", "L1"),
    *("Cafe, 5", "Pay", 'a"b', "Total", "Balance", "10:11:12", "D", "C", "Pending", "Declined"),
    *("1", "-", "x", "Date", "Amount", "Debit", "Credit", "Saldo"),
)


@pytest.mark.search
@settings(max_examples=up_to(300, quick=60), deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(_CELLS), min_size=2, max_size=6), min_size=1, max_size=8),
    st.sampled_from(",;|"),
)
def test_any_table_is_read_asked_about_or_refused(rows, delimiter):
    data = "\n".join(delimiter.join(cells) for cells in rows).encode()
    with suppress(UnreadableFile):
        detection = csv_file.detect(data, US)
        for reading in detection.readings or [Reading({}, ())]:
            mapping = replace(detection.mapping, **reading.changes)
            assert all(row.row_number for row in csv_file.read(data, mapping).rows)
