"""How a table is interpreted: what proves a reading, what is asked, and what is never guessed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from babel.dates import get_month_names

from transactions.sources.files.csv_file import CsvMapping, detect, read
from transactions.sources.files.csv_mapping import Detection
from transactions.sources.files.incoming import (
    IncomingTransaction,
    SkippedRow,
    UnusableRow,
)
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext
from transactions.tests.statement_files import refused

pytestmark = pytest.mark.once

AMERICAN = ReadingContext(currency="USD", locale="en-US", time_zone="America/New_York")
BRITISH = ReadingContext(currency="GBP", locale="en-GB", time_zone="Europe/London")
CARD = ReadingContext(currency="EUR", account_type="credit_card")
CHECKING = ReadingContext(currency="EUR", account_type="checking")


def found(text: str, context: ReadingContext = NOTHING_KNOWN) -> Detection:
    return detect(text.encode(), context)


def lines(text: str, mapping: CsvMapping) -> list:
    return list(read(text.encode(), mapping).rows)


def amounts(text: str, context: ReadingContext = NOTHING_KNOWN, **changes) -> list[str]:
    """The amounts as proposed; no line may be refused."""
    detection = found(text, context)
    rows = lines(text, replace(detection.mapping, **changes))
    assert not [row for row in rows if isinstance(row, UnusableRow)]
    return [str(row.amount) for row in rows if isinstance(row, IncomingTransaction)]


def doubts(text: str, context: ReadingContext = NOTHING_KNOWN) -> list[str]:
    return [name for name, _sentence in found(text, context).doubts]


def read_surely(text: str, context: ReadingContext = NOTHING_KNOWN) -> list[str]:
    assert doubts(text, context) == []
    return amounts(text, context)


# --- Lines and quotes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'Date,Description,Amount,\n2024-03-15,"Cafe, 50",-10.00\n2024-03-16,Pay,20.00\n',
        'Date,Description,Amount,\n2024-03-16,Pay,20.00,\n2024-03-15,"Cafe, 50",-10.00\n',
        'Datum;Text;Betrag;\n15.03.2024;"Cafe; 50";-10,00\n16.03.2024;Lohn;20,00\n',
    ],
)
def test_complete_line_is_never_split_differently(text):
    assert sorted(map(Decimal, read_surely(text))) == [Decimal(-10), Decimal(20)]


@pytest.mark.parametrize("heading", ["Date,Description,Amount\n", ""])
def test_amounts_split_by_the_files_commas_are_rejected(heading):
    rows = "2024-03-01,Shop,-10,50\n2024-03-02,Pay,20,00\n2024-03-04,Bus,-2,75\n"
    with refused("decimal comma"):
        found(heading + rows)


# --- Which column is the amount ----------------------------------------------------------------


@pytest.mark.parametrize(
    "heading",
    [
        "Datum,Name,Währung,Brutto,Gebühr,Netto,Umsatzsteuer,Auswirkung auf Guthaben",
        "Date,Name,Currency,Gross,Fee,Net,Sales Tax,Balance Impact",
    ],
)
def test_tax_next_to_a_net_amount_is_not_the_amount(heading):
    text = (
        f"{heading}\n"
        '"14.03.2024","Bäcker","EUR","-11,90","0,00","-11,90","1,90","Soll"\n'
        '"15.03.2024","Kunde","EUR","119,00","-2,00","117,00","19,00","Haben"\n'
        '"18.03.2024","Laden","EUR","-23,80","0,00","-23,80","3,80","Soll"\n'
    )
    assert read_surely(text) == ["-11.90", "117.00", "-23.80"]


def test_two_indistinguishable_amount_columns_raise_a_question():
    assert doubts('"03/25/2024","Your payment","EUR","1525.00","-1000.00","Firm"\n') == ["amount"]
    text = "2024-03-25;Rent;725,10;-800,00\n2024-03-27;Shop;-12,50;-33,10\n"
    assert "amount" in doubts(text)


def test_sparse_amount_column_next_to_a_full_one_raises_a_question():
    rows = "".join(
        f"2024-03-{day:02},Shop,{'' if day % 3 else '-5.00'},{day}.50\n" for day in range(1, 13)
    )
    assert "amount" in doubts(f"Date,Description,Amount,Total paid\n{rows}")


@pytest.mark.parametrize(
    "marks",
    [("12,50 D", "6,00DB", "30 $DR", "40,00 CR"), ("D 12,50", "DB 6,00", "DR 30", "CR 40,00")],
)
def test_direction_markers_are_read_next_to_a_balance(marks):
    rows = zip(marks, ("987,50", "981,50", "951,50", "991,50"), strict=True)
    text = "Date;Text;Amount;Balance\n" + "".join(
        f"2024-03-{day:02};Shop;{mark};{balance}\n" for day, (mark, balance) in enumerate(rows, 1)
    )
    assert read_surely(text) == ["-12.50", "-6.00", "-30", "40.00"]


@pytest.mark.parametrize(
    "headings", ["Date,Text,Amount,Balance", "A,B,C,D", "Tag,Worte,Zahl,Stand"]
)
def test_column_derived_from_another_by_addition_is_never_the_amount(headings):
    text = (
        f"{headings}\n2024-03-01,A,-12.50,987.50\n2024-03-02,B,-6.00,981.50\n"
        "2024-03-04,C,40.00,1021.50\n"
    )
    assert read_surely(text) == ["-12.50", "-6.00", "40.00"]


def test_fee_deducted_from_the_balance_is_added_to_its_amount():
    text = (
        "Date,Description,Amount,Fee,Balance\n"
        "2024-03-01,Top-up,100.00,1.00,99.00\n"
        "2024-03-02,Shop,-20.00,0.00,79.00\n"
        "2024-03-03,Abroad,-30.00,0.50,48.50\n"
        "2024-03-04,Shop,-8.00,0.00,40.50\n"
    )
    assert read_surely(text) == ["99.00", "-20.00", "-30.50", "-8.00"]
    noted = [row.notes for row in lines(text, found(text).mapping)]
    assert noted[2] == "Includes a fee of 0.50."


def test_unproven_fee_raises_a_question():
    text = (
        "Date,Description,Amount,Fee\n2024-03-01,Shop,-20.00,0.00\n2024-03-02,Abroad,-30.00,0.50\n"
    )
    assert doubts(text) == ["fee"]


# --- Signs -------------------------------------------------------------------------------------


def test_unmarked_amounts_are_money_out_if_plus_marks_money_in():
    text = (
        "12-Dec-2023,Grocer,£23.00\n11-Dec-2023,Fuel,£40.00\n"
        '02-Dec-2023,Payment received thank you,"+ £100.00"\n'
    )
    assert amounts(text) == ["-23.00", "-40.00", "100.00"]
    assert amounts(text.replace("+ £100.00", "100.00 CR")) == ["-23.00", "-40.00", "100.00"]


def test_mixed_signs_in_one_of_two_columns_raise_a_question():
    text = "date;text;increase;decrease\n14/03/2024;a;10;\n15/03/2024;b;;-10\n16/03/2024;c;;10\n"
    assert doubts(text) == ["sign_convention"]
    text = "Date,Text,Debit,Credit\n2024-03-14,a,10.00,\n2024-03-15,b,-4.00,\n2024-03-16,c,,90.00\n"
    assert doubts(text) == ["sign_convention"]


def test_card_purchases_are_money_out():
    text = (
        "Date,Description,Amount\n2024-03-14,AUTOMATIC PAYMENT - THANK YOU,-80.69\n"
        "2024-03-15,BOOKSHOP,40.00\n2024-03-16,GROCER,12.00\n"
    )
    assert read_surely(text, CARD) == ["80.69", "-40.00", "-12.00"]
    assert doubts(text, CHECKING) == ["sign_convention"]


def test_ambiguous_card_file_proposes_the_likelier_direction_first():
    text = "Date,Description,Amount\n2024-03-14,BOOKSHOP,40.00\n2024-03-16,GROCER,12.00\n"
    assert found(text, CARD).alternatives["sign_convention"] == ["inverted", "signed"]
    assert found(text, CHECKING).alternatives["sign_convention"] == ["signed", "inverted"]


def test_card_debt_balance_does_not_turn_purchases_into_income():
    text = "Date,Description,Amount,Balance\n" + "".join(
        f"2024-03-{day:02},SHOP {day},{day}.00,{100 + day * (day + 1) // 2}.00\n"
        for day in range(1, 8)
    )
    detection = found(text, CARD)
    assert detection.mapping.sign_convention == "inverted"


@pytest.mark.parametrize("sizes", ["5.00,6.00,1.00,100.00,40.00"])
def test_balance_proves_the_signs_of_unsigned_amounts(sizes):
    balances = ("995.00", "1001.00", "1000.00", "1100.00", "1060.00")
    text = "Date,Description,Amount,Balance\n" + "".join(
        f"2024-03-0{day},Line {day},{size},{balance}\n"
        for day, (size, balance) in enumerate(zip(sizes.split(","), balances, strict=True), 1)
    )
    proved = ["-5.00", "6.00", "-1.00", "100.00", "-40.00"]
    assert read_surely(text, replace(CHECKING, balance=Decimal(1000))) == proved
    detection = found(text)
    assert [name for name, _ in detection.doubts] == ["opening_balance"]
    assert {reading.examples[0].amount for reading in detection.readings} == {
        Decimal(5),
        Decimal(-5),
    }
    head, *rows = text.splitlines()
    newest = "\n".join([head, *rows[::-1]])
    assert read_surely(newest, replace(CHECKING, balance=Decimal(1000))) == proved[::-1]


@pytest.mark.parametrize("words", [("Af", "Bij"), ("zurna", "kolma"), ("1", "2")])
def test_direction_words_are_learned_from_the_balance(words):
    out, into = words
    text = (
        "Date,Description,Kind,Amount,Balance\n"
        f"2024-03-01,Shop,{out},5.00,95.00\n2024-03-02,Pay,{into},50.00,145.00\n"
        f"2024-03-03,Shop,{out},6.00,139.00\n2024-03-05,Gift,{into},1.00,140.00\n"
    )
    assert read_surely(text) == ["-5.00", "50.00", "-6.00", "1.00"]


def test_kinds_of_payment_are_no_direction_words_by_chance():
    text = (
        "Date,Description,Kind,Amount,Balance\n"
        "2024-03-01,Shell,Card,124.28,5607.92\n2024-03-02,Gym,Transfer,163.23,5444.69\n"
        "2024-03-03,Gym,Online,212.30,5232.39\n2024-03-05,Gift,Card,3506.83,8739.22\n"
    )
    detection = found(text)
    assert [name for name, _ in detection.doubts] == ["opening_balance"]


KINDS_BY_CHANCE = """Date,Description,Kind,Amount,Balance
2024-11-29,Rent,Card,187.52,7551.18
2024-11-30,Gym,Transfer,209.02,7342.16
2024-12-01,Power,Online,205.85,7136.31
2024-12-02,ACME,Card,1103.57,8239.88
2024-12-05,Metro,Transfer,151.60,8088.28
2024-12-10,Gym,Online,249.81,7838.47
2024-12-15,Pool,Card,3323.46,11161.93
2024-12-15,Drugs,Transfer,130.67,11031.26
2024-12-20,Gym,Online,118.35,10912.91
2024-12-21,Zara,Card,2273.85,13186.76
"""


def test_kinds_that_go_with_directions_by_chance_do_not_sign_the_oldest_line():
    assert doubts(KINDS_BY_CHANCE) == ["opening_balance"]
    stated = f"Opening balance,7738.70\n\n{KINDS_BY_CHANCE}"
    signed = read_surely(stated)
    assert signed[:2] == ["-187.52", "-209.02"]
    assert sum(map(Decimal, signed)) == Decimal("5448.06")


def test_a_stated_opening_balance_contradicts_a_flag():
    text = (
        "Opening balance,100.00\n\n"
        "Date,Description,Kind,Amount,Balance\n"
        "2024-11-29,Rent,A,10.50,89.50\n"
        "2024-11-30,Pay,A,20.25,109.75\n"
        "2024-12-01,Gym,B,5.15,104.60\n"
        "2024-12-02,Pay,A,7.35,111.95\n"
    )
    assert read_surely(text) == ["-10.50", "20.25", "-5.15", "7.35"]


def test_unnamed_column_pair_proposes_the_fuller_one_as_money_out():
    text = (
        "18.09.2017;HOFER;;33,87\n18.09.2017;LIDL;;23,55\n19.09.2017;Lohn;924,00;\n"
        "20.09.2017;BAHN;;12,00\n"
    )
    assert doubts(text) == ["debit"]
    assert amounts(text) == ["-33.87", "-23.55", "924.00", "-12.00"]


@pytest.mark.parametrize(
    "cells",
    [("(63.12)", "20.00"), ("€(63.12)", "€20.00"), ("63.12-", "20.00"), ("\u221263.12", "20.00"),
     ("63.12 DR", "20.00 CR"), ("-EUR 63.12", "EUR 20.00"), ("(63.12 EUR)", "20.00 EUR")],
)  # fmt: skip
def test_brackets_or_markers_leave_no_question(cells):
    text = f"Date,Description,Amount\n2024-03-14,Shop,{cells[0]}\n2024-03-15,Pay,{cells[1]}\n"
    assert read_surely(text) == ["-63.12", "20.00"]


# --- Dates -------------------------------------------------------------------------------------


def test_two_unnamed_close_dates_are_payment_and_booking_date():
    text = "14.03.2024;Laden;15.03.2024;-4,20;EUR\n18.03.2024;Bahn;20.03.2024;-9,00;EUR\n"
    detection = found(text)
    assert detection.is_certain
    assert (detection.mapping.txn_date, detection.mapping.posted_date) == (0, 2)
    far = text.replace("20.03.2024", "20.06.2024")
    assert doubts(far) == ["txn_date"]


def test_day_month_order_follows_the_evidence():
    rows = "01/02/2024,Cafe,-$4.20\n01/05/2024,Shop,-$1.00\n01/11/2024,Bus,-$2.00\n"
    text = f"Date,Description,Amount\n{rows}"
    assert found(text, AMERICAN).mapping.date_format == "%m-%d-%Y"
    assert found(text).mapping.date_format == "%m-%d-%Y"
    assert found(text.replace("$", "£"), BRITISH).mapping.date_format == "%d-%m-%Y"
    assert found(text).doubts


def test_conflicting_date_evidence_raises_a_question():
    text = "Date,Description,Amount\n03/04/2026,Coffee,-3.20\n05/06/2026,Tea,-2.10\n"
    assert doubts(text, replace(BRITISH, currency="USD")) == ["date_format"]
    assert doubts(text, replace(AMERICAN, time_zone="Europe/Paris")) == ["date_format"]
    assert doubts(text) == ["date_format"]


def test_few_days_in_order_do_not_outvote_the_account():
    """One file of twelve with four days in any order is sorted by chance in a wrong reading."""
    days = ["07/12/12", "04/08/12", "03/09/12", "02/11/12", "12/05/11", "10/06/11", "06/02/11"]

    def first(count):
        return "Date,Amount\n" + "".join(f"{day},-1.50\n" for day in days[:count])

    assert doubts(first(4), BRITISH) == ["date_format"]
    assert found(first(4), BRITISH).mapping.date_format == "%d-%m-%y"
    for text, context in ((first(4), AMERICAN), (first(7), BRITISH)):
        assert doubts(text, context) == []
        assert found(text, context).mapping.date_format == "%m-%d-%y"


def test_period_above_the_table_proves_the_date_order():
    text = (
        "Account 123,Period 01/31/2024 - 02/28/2024\nDate,Description,Amount\n"
        "02/03/2024,Shop,-1.00\n02/05/2024,Bus,-2.00\n"
    )
    assert doubts(text) == []
    assert found(text).mapping.date_format == "%m-%d-%Y"


def test_two_close_dates_on_a_line_prove_the_order():
    text = (
        "Date,Posted date,Description,Amount\n02/03/2024,02/04/2024,Shop,-1.00\n"
        "05/06/2024,05/07/2024,Bus,-2.00\n"
    )
    assert doubts(text) == []
    assert found(text).mapping.date_format == "%m-%d-%Y"


def test_lines_are_never_far_in_the_future():
    text = "Date,Description,Amount\n01/11/2026,Shop,-1.00\n02/11/2026,Bus,-2.00\n"
    assert found(text, ReadingContext(today=date(2026, 3, 1))).mapping.date_format == "%m-%d-%Y"
    assert doubts(text, ReadingContext(today=date(2026, 3, 1))) == []


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("14 ม.ค. 2567", date(2024, 1, 14)), ("14/01/2567", date(2024, 1, 14)),
        ("١٤/٠١/٢٠٢٤", date(2024, 1, 14)), ("14 Ιαν 2024", date(2024, 1, 14)),
        ("14 января 2024", date(2024, 1, 14)), ("14 січня 2024", date(2024, 1, 14)),
        ("14 Ocak 2024", date(2024, 1, 14)), ("14 ינואר 2024", date(2024, 1, 14)),
        ("14 يناير 2024", date(2024, 1, 14)), ("14 Januari 2024", date(2024, 1, 14)),
        ("14 de enero de 2024", date(2024, 1, 14)), ("14. tammikuuta 2024", date(2024, 1, 14)),
        ("14 thg 1 2024", date(2024, 1, 14)), ("14 जनवरी 2024", date(2024, 1, 14)),
        ("2024年1月14日", date(2024, 1, 14)), ("2024년 1월 14일", date(2024, 1, 14)),
        ("令和6年1月14日", date(2024, 1, 14)), ("R6.01.14", date(2024, 1, 14)),
        ("113/01/14", date(2024, 1, 14)), ("2024. január 14.", date(2024, 1, 14)),
        ("14 sausio 2024", date(2024, 1, 14)), ("14-led-2024", date(2024, 1, 14)),
    ],
)  # fmt: skip
def test_dates_in_many_languages_and_calendars_are_read(cell, day):
    text = f"Date;Description;Amount\n{cell};Shop;-1.00\n{cell};Bus;2.00\n"
    rows = lines(text, found(text).mapping)
    assert [row.txn_date for row in rows] == [day, day]


@pytest.mark.parametrize("form", ["{} {} 2024", "{}. {} 2024", "{}-{}-2024", "{} {}, 2024"])
@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "pt", "nl", "cs", "el", "tr", "uk"])
def test_every_month_is_recognized_by_its_full_name(language, form):
    names = get_month_names("wide", "format", language)
    for number, name in names.items():
        text = f"Date;Description;Amount\n{form.format(14, name)};Shop;-1.00\n"
        assert [row.txn_date for row in lines(text, found(text).mapping)] == [
            date(2024, number, 14)
        ]


def test_month_names_that_differ_between_languages_are_not_guessed():
    text = "Date;Description;Amount\n3. listopada 2024;Shop;-1.00\n4. studenoga 2024;Bus;2.00\n"
    with refused("Croatian"):
        found(text)


def test_serial_numbers_under_a_date_heading_are_dates():
    text = "Date;Description;Amount\n45292;Shop;-1,50\n45293;Bus;2,25\n"
    assert [row.txn_date for row in lines(text, found(text).mapping)] == [
        date(2024, 1, 1),
        date(2024, 1, 2),
    ]


# --- Amounts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("$.23", "0.23"), ("($.42)", "-0.42"), ("€.42", "0.42"), ("-€.42", "-0.42"),
        ("Rs.500", "500"),
        ("Rp 12.500", "12500"), ("KD 4.750", "4.750"), ("٤٫٧٥", "4.75"), ("1٬234٫50", "1234.50"),
        ("500/-", "500"), ("1,00,000.00", "100000.00"), ("CHF 1'234.50", "1234.50"),
        ("12.50-", "-12.50"),
        ("£ 5.00 CR", "5.00"), ("5.00 GBP DR", "-5.00"), ("<7.00>", "-7.00"), ("USD -3", "-3"),
    ],
)  # fmt: skip
def test_amount_is_read_in_common_bank_notations(cell, amount):
    mark = "," if cell.startswith(("Rp", "٤")) or "٫" in cell else "."
    text = f'Date;Description;Amount\n2024-03-14;Shop;"{cell}"\n'
    mapping = CsvMapping(
        txn_date=0,
        date_format="%Y-%m-%d",
        amount=2,
        delimiter=";",
        header_line=1,
        decimal_mark=mark,
    )
    assert [str(row.amount) for row in lines(text, mapping)] == [amount]


@pytest.mark.parametrize("sign", ["د.ا.\u200f", "Zł¤ ", "Bitz "])
def test_symbol_shared_by_a_column_is_a_currency_symbol(sign):
    text = (
        f"Date,Payee,Outflow,Inflow\n2024-03-14,Shop,{sign}4.750,\n"
        f"2024-03-15,Pay,,{sign}100.500\n2024-03-18,Bus,{sign}1.250,\n"
    )
    detection = found(text, ReadingContext(currency="JOD"))
    assert detection.is_certain
    assert [str(row.amount) for row in lines(text, detection.mapping)] == [
        "-4.750",
        "100.500",
        "-1.250",
    ]


def test_message_quotes_the_unreadable_cell():
    with refused("12:x:50"):
        found("Date,Description,Amount\n2024-03-14,Shop,12:x:50\n2024-03-15,Bus,13:x:50\n")


# --- Lines that are no payments ----------------------------------------------------------------


def test_balance_lines_are_recognized_by_any_cell():
    text = (
        '"Sąskaitos Nr.","","Data","Gavėjas","Paaiškinimai","Suma","Valiuta","D/K"\n'
        '"LT1","10","2024-03-01","","Likutis pradžiai","100.00","EUR","K"\n'
        '"LT1","20","2024-03-02","MAXIMA","Pirkinys 1","12.50","EUR","D"\n'
        '"LT1","20","2024-03-03","UAB Darbas","Alga","900.00","EUR","K"\n'
        '"LT1","82","2024-03-31","","Apyvarta","12.50","EUR","D"\n'
        '"LT1","82","2024-03-31","","Apyvarta","900.00","EUR","K"\n'
        '"LT1","86","2024-03-31","","Likutis pabaigai","987.50","EUR","K"\n'
    )
    assert read_surely(text) == ["-12.50", "900.00"]
    assert [row.description for row in lines(text, found(text).mapping)] == ["Pirkinys 1", "Alga"]


def test_repeated_headings_hide_no_payment_above_them():
    text = (
        "2024-03-01;Shop;-10,00;EUR\n2024-03-02;Bus;-5,00;EUR\nDatum;Text;Betrag;Währung\n"
        "2024-03-03;Pay;15,00;EUR\n2024-03-04;Shop;-1,00;EUR\n"
    )
    assert read_surely(text) == ["-10.00", "-5.00", "15.00", "-1.00"]


def test_closing_line_in_an_unknown_language_is_recognized_by_arithmetic():
    text = (
        "Date,Text,Amount,Balance\n2024-03-01,Shop,-10.00,90.00\n2024-03-02,Bus,-5.00,85.00\n"
        "2024-03-03,Pay,15.00,100.00\n2024-03-31,Zlorp fanu,100.00,100.00\n"
    )
    assert read_surely(text) == ["-10.00", "-5.00", "15.00"]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("Anfangssaldo", "Endsaldo"),
        ("Saldo początkowe", "Saldo końcowe"),
        ("Υπόλοιπο εκ μεταφοράς", "Νέο υπόλοιπο"),
        ("前月繰越", "次月繰越"),
        ("Входящий остаток", "Исходящий остаток"),
        ("Açılış bakiyesi", "Kapanış bakiyesi"),
        ("Report à nouveau", "Nouveau solde"),
        ("Số dư đầu kỳ", "Số dư cuối kỳ"),
    ],
)
@pytest.mark.parametrize("has_balance", [True, False])
def test_opening_and_closing_lines_are_not_payments(opening, closing, has_balance):
    rows = [
        *(("01", opening, "1000.00", "1000.00"), ("02", "Shop", "-10.00", "990.00")),
        *(("13", "Pay", "5.00", "995.00"), ("31", closing, "995.00", "995.00")),
    ]
    text = "Date;Text;Amount;Balance\n" if has_balance else "Date;Text;Amount\n"
    for day, words, amount, balance in rows:
        text += f"2024-03-{day};{words};{amount}{f';{balance}' if has_balance else ''}\n"
    assert read_surely(text) == ["-10.00", "5.00"]


def test_opening_line_in_an_unknown_language_raises_a_question():
    text = (
        "Date;Text;Amount;Balance\n2024-03-01;Zlorp;1000.00;1000.00\n"
        "2024-03-02;Shop;-10.00;990.00\n2024-03-31;Zlirp;990.00;990.00\n"
    )
    assert doubts(text) == ["skip_lines"]
    assert amounts(text) == ["-10.00"]


def test_payments_that_never_happened_are_skipped_with_a_reason():
    text = (
        "Date,Description,Amount,Status\n2024-03-01,Notice,0.00,Completed\n"
        "2024-03-02,Hotel,-90.00,Declined\n2024-03-03,Shop,-5.00,Completed\n"
        "2024-03-04,Rent,-7.00,Pending\n"
    )
    rows = lines(text, found(text).mapping)
    skipped = [(row.description, row.reason.code) for row in rows if isinstance(row, SkippedRow)]
    assert skipped == [("Notice", "no_money_moved"), ("Hotel", "never_booked")]
    assert [row.is_pending for row in rows if isinstance(row, IncomingTransaction)] == [False, True]


@pytest.mark.parametrize(
    "word",
    ["Ausstehend", "En attente", "Pendiente", "In sospeso", "Oczekująca", "保留中", "待处理",
     "대기", "Bekliyor", "В обработке", "Εκκρεμεί", "รอดำเนินการ", "Đang chờ", "ממתין", "معلق",
     "Väntande"],
)  # fmt: skip
def test_pending_status_is_recognized_in_many_languages(word):
    text = (
        "Date,Description,Amount,Status\n2024-03-01,Shop,-5.00,Completed\n"
        f"2024-03-02,Bus,-2.00,{word}\n"
    )
    rows = lines(text, found(text).mapping)
    assert [row.is_pending for row in rows] == [False, True]


# --- Who was paid ------------------------------------------------------------------------------


def test_own_account_and_ibans_are_not_merchants():
    text = (
        "Account Name,Date,Empfänger,Empfänger IBAN,Verwendungszweck,Amount\n"
        "Everyday,2024-03-01,Bäcker Grün,DE02120300000000202051,Brot,-5.00\n"
        "Everyday,2024-03-02,Stadtwerke,DE02500105170137075030,Strom,-50.00\n"
    )
    rows = lines(text, found(text).mapping)
    assert [(row.merchant, row.description) for row in rows] == [
        ("Bäcker Grün", "Brot"),
        ("Stadtwerke", "Strom"),
    ]


def test_blank_description_falls_back_to_another_column():
    rows = "".join(
        f"2024-03-{day:02},{'Note' if day == 3 else ''},Shop {day},-{day}.00\n"
        for day in range(1, 9)
    )
    text = f"Date,Description,Counterparty,Amount\n{rows}"
    read_lines = lines(text, found(text).mapping)
    assert all(row.description and row.merchant.startswith("Shop") for row in read_lines)


def test_account_name_on_every_line_is_not_a_description():
    text = "Date,Account Name,Details,Amount\n" + "".join(
        f"2024-03-0{day},My Everyday Account,Shop {day},-{day}.00\n" for day in range(1, 7)
    )
    rows = lines(text, found(text).mapping)
    assert [row.description for row in rows] == [f"Shop {day}" for day in range(1, 7)]
    assert {row.merchant for row in rows} == {""}


# --- Letters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("euc-jp", ("コンビニ", "家賃", "給与振込")),
        ("gb18030", ("超市购物", "房租", "工资收入")),
        ("cp1250", ("Železnice", "Nájemné březen", "Výplata")),
    ],
)
def test_encoding_with_little_evidence_gives_at_most_a_warning(encoding, words):
    rows = "".join(f"2024-03-0{day},{word},-{day}.00\n" for day, word in enumerate(words, 1))
    data = f"Date,Description,Amount\n{rows}".encode(encoding)
    detection = detect(data)
    assert detection.is_certain
    assert encoding in [detection.mapping.encoding, *detection.encodings]
    codes = [notice.code for notice in read(data, detection.mapping).warnings]
    assert (NoticeCode.ENCODING_GUESSED in codes) == bool(detection.encodings)


@pytest.mark.parametrize("currency", ["KWD", "BHD", "TND"])
def test_three_digits_beside_whole_numbers_are_asked_in_a_currency_with_three_decimals(currency):
    context, text = ReadingContext(currency=currency), "Date,Description,Amount\n"
    text += "2024-03-15,Cafe,-10.000\n2024-03-16,Pay,10\n"
    assert doubts(text, context) == ["decimal_mark"]
    assert amounts(text, context) == ["-10.000", "10"]
    assert read_surely(text.replace(",10\n", ",9.500\n"), context) == ["-10.000", "9.500"]


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
def test_three_digits_beside_whole_numbers_group_thousands_elsewhere(currency):
    text = "Date,Description,Amount\n2024-03-15,Cafe,-10.000\n2024-03-16,Pay,10\n"
    assert read_surely(text, ReadingContext(currency=currency)) == ["-10000", "10"]


# --- The question ------------------------------------------------------------------------------

_QUESTIONS = {
    "two amounts": "03/25/2024,Pay,USD,1525.00,-1000.00\n03/27/2024,Bill,USD,15.00,-10.00\n",
    "unnamed pair": "18.09.2017;HOFER;;33,87\n18.09.2017;LIDL;;23,55\n19.09.2017;Lohn;924,00;\n",
    "fee": "Date,Description,Amount,Fee\n2024-03-01,Shop,-20.00,0.00\n2024-03-02,Bus,-30.00,0.50\n",
    "one letter": "2024-03-01,Shop,20.00,d\n2024-03-02,Bus,30.00,d\n2024-03-05,Rent,9.00,d\n",
    "other letter": "2024-03-01,Shop,20.00,c\n2024-03-02,Bus,30.00,c\n2024-03-05,Rent,9.00,c\n",
    "no sign": "Date,Description,Amount\n2024-03-14,Corner,4.20\n2024-03-15,Grocer,12.00\n",
    "first balance": "Date,Description,Amount,Balance\n2024-03-01,Start,100.00,100.00\n"
    "2024-03-02,Tea,-6.00,94.00\n2024-03-03,Bus,-1.00,93.00\n2024-03-04,End,93.00,93.00\n",
    "two dates": "14.03.2024;Laden;15.06.2024;-4,20\n18.03.2024;Bahn;20.03.2024;-9,00\n",
}


@pytest.mark.parametrize("text", _QUESTIONS.values(), ids=_QUESTIONS)
def test_every_question_shows_different_readings_and_why_the_first_is_likelier(text):
    detection = found(text, CHECKING)
    shown = [reading.examples for reading in detection.readings]
    assert len(shown) == len(set(shown)) == 2
    assert detection.why_likely


def test_line_that_a_reading_leaves_out_is_shown_without_date_and_amount():
    first, second = found(_QUESTIONS["first balance"]).readings
    assert (first.examples[0].text, first.examples[0].on) == ("Start", None)
    assert second.examples[0].amount == Decimal(100)


def test_cell_that_is_no_date_does_not_decide_the_order():
    text = "Date,Description,Amount\n2024-03-14,A,-4.20\n2024-03-15,B,1.00\nsoon,C,-2.00\n"
    assert found(text).mapping.date_format == "%Y-%m-%d"


def test_day_of_the_payment_is_told_from_the_value_date_in_hebrew():
    text = (
        "זכות/חובה,יום ערך,יתרה,תיאור התנועה,יום\n-65.91,25/02/2025,2375.36,a,25/02/2025\n"
        "1919.20,27/02/2025,4294.56,b,26/02/2025\n-203.84,03/03/2025,4090.72,c,01/03/2025\n"
    )
    rows = lines(text, found(text).mapping)
    assert [row.txn_date.day for row in rows] == [25, 26, 1]


def test_a_shop_called_like_a_direction_turns_no_sign_unasked():
    """In Norwegian "Inn" is money in."""
    line = "Date,Description,Amount,Status\n2026-03-13,Inn,-10.00,pending\n"
    assert amounts(line, CHECKING) == ["-10.00"]
    assert doubts(line, CHECKING) == ["sign_convention"]
    unsigned = line.replace("-10.00", "10.00")
    assert doubts(unsigned, CHECKING) == ["sign_convention"]
    assert read_surely(unsigned.replace("Inn", "EINGANG"), CHECKING) == ["10.00"]
    told_apart = "Date,Type,Description,Amount\n2026-03-13,Inn,Salary,-10.00\n"
    assert amounts(told_apart, CHECKING) == ["10.00"]
