"""One account's lines in another format of the same bank add only what is new.

Each format words lines differently, as banks do. Uncertain matches become questions for the owner
and are never added automatically. Separate payments that look identical are never lost.
"""

import random
from itertools import product

import pytest

from tests.builders import make_account
from transactions.ledger_check import check_ledger
from transactions.models import Transaction
from transactions.tests.import_samples import counts_of, imported

# (day, amount, payee, purpose, bank's number): two equal coffees on the 3rd, one on the 27th.
MARCH = [
    ("2026-03-02", "2500.00", "ACME Corp", "Salary March", "1"),
    ("2026-03-03", "-3.20", "Corner Coffee", "Card 1234", "2"),
    ("2026-03-03", "-3.20", "Corner Coffee", "Card 1234", "3"),
    ("2026-03-17", "-800.00", "Landlord", "Rent March", "4"),
    ("2026-03-24", "-45.17", "Grocer", "Card 1234", "5"),
    ("2026-03-25", "-12.00", "Grocer", "Card 1234", "6"),
    ("2026-03-25", "-12.00", "Cinema", "Two tickets", "7"),
    ("2026-03-27", "-3.20", "Corner Coffee", "Card 1234", "8"),
]
WEEK = [line for line in MARCH if line[0] >= "2026-03-24"]
# The second coffee on the 27th wasn't booked yet when March was downloaded.
NEW = [
    ("2026-03-27", "-3.20", "Corner Coffee", "Card 1234", "9"),
    ("2026-03-30", "-3.20", "Corner Coffee", "Card 1234", "10"),
    ("2026-03-30", "-3.20", "Corner Coffee", "Card 1234", "11"),
    ("2026-03-31", "-9.99", "Streaming", "Subscription", "12"),
]


def csv_lines(lines):
    rows = [f"{day},{whom} - {what},{amount},EUR" for day, amount, whom, what, _ in lines]
    return "\n".join(["Date,Description,Amount,Currency", *rows, ""]).encode()


def ofx_lines(lines):
    rows = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day.replace('-', '')}<TRNAMT>{amount}"
        f"<FITID>F-{number}<NAME>{whom.upper()}<MEMO>{what}</STMTTRN>"
        for day, amount, whom, what, number in lines
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKTRANLIST>"
        f"{rows}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def qif_lines(lines):
    rows = [f"D{day}\nT{amount}\nP{whom}\n^" for day, amount, whom, _, _ in lines]
    return "\n".join(["!Type:Bank", *rows, ""]).encode()


def mt940_lines(lines):
    rows = []
    for day, amount, whom, what, number in lines:
        mark = "D" if amount.startswith("-") else "C"
        digits = amount.lstrip("-").replace(".", ",")
        rows.append(f":61:{day[2:].replace('-', '')}{mark}{digits}NTRFNONREF//M{number}")
        rows.append(f":86:{what} / {whom}")
    head = ":20:X\n:25:NL00BANK0123456789\n:28C:1\n:60F:C260301EUR0,00\n"
    return (head + "\n".join(rows) + "\n:62F:C260331EUR0,00\n-").encode()


def camt_lines(lines):
    rows = "".join(
        f'<Ntry><Amt Ccy="EUR">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{'DBIT' if amount.startswith('-') else 'CRDT'}</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>C{number}</AcctSvcrRef>"
        f"<AddtlNtryInf>{what}, {whom}</AddtlNtryInf></Ntry>"
        for day, amount, whom, what, number in lines
    )
    return (
        '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">'
        "<BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>NL00BANK0123456789</IBAN></Id></Acct>"
        f"{rows}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


WRITERS = {
    **{"csv": csv_lines, "ofx": ofx_lines, "qif": qif_lines},
    **{"mt940": mt940_lines, "camt": camt_lines},
}


@pytest.mark.slow
def test_overlapping_file_in_another_format_adds_only_new_lines(alice):
    rng = random.Random(5)
    names = list(WRITERS)
    # Each format after two others, and each before two.
    for place, shift in product(range(5), (1, 2)):
        first, second = names[place], names[(place + shift) % 5]
        account = make_account(user=alice, name=f"{first} {second}")
        assert counts_of(imported(account, WRITERS[first](MARCH))) == {"read": 8, "added": 8}
        later = rng.sample(WEEK + NEW, len(WEEK + NEW))
        batch = imported(account, WRITERS[second](later))
        assert batch.format == second
        assert (batch.read_count, batch.added_count) == (len(later), len(NEW)), (first, second)
        assert (batch.invalid_count, batch.duplicate_count + batch.skipped_count) == (0, len(WEEK))
        days = Transaction.objects.filter(account=account).order_by("txn_date", "pk")
        expected = sorted((day, amount) for day, amount, *_ in MARCH + NEW)
        found = days.values_list("txn_date", "signed_amount")
        assert sorted((str(day), f"{amount:.2f}") for day, amount in found) == expected
        # All of March in the second format, then in the first again: nothing new.
        for format_ in (second, first):
            again = imported(account, WRITERS[format_](rng.sample(MARCH, 8)) + b"\n")
            assert again.added_count == 0, (first, second, format_)
    assert check_ledger().is_clean


@pytest.mark.slow
def test_identical_payments_in_an_ing_file_stay_separate_on_every_import(alice, checking):
    head = (
        '"Datum";"Naam / Omschrijving";"Rekening";"Tegenrekening";"Code";"Af Bij";'
        '"Bedrag (EUR)";"Mutatiesoort";"Mededelingen"'
    )
    twin = '"20260303";"HTM AUTOMAAT";"NL00INGB0001234567";"";"BA";"Af";"3,40";"Betaalautomaat";'
    lines = [f'{twin}"Pasvolgnr: 001 03-03-2026 Transactie: A1"'] * 2
    lines += [
        '"20260304";"ACME BV";"NL00INGB0001234567";"NL00RABO1";"OV";"Bij";"1000,00";"Storting";"x"'
    ]
    content = "\n".join([head, *lines, ""]).encode()
    assert counts_of(imported(checking, content)) == {"read": 3, "added": 3}
    shuffled = "\n".join([head, *lines[::-1], ""]).encode()
    assert counts_of(imported(checking, shuffled)) == {"read": 3, "duplicate": 3}
    third = "\n".join([head, *lines, lines[0], ""]).encode()
    assert counts_of(imported(checking, third)) == {"read": 4, "added": 1, "duplicate": 3}
    assert Transaction.objects.filter(signed_amount="-3.40").count() == 3
