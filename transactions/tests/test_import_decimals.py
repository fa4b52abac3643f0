"""An amount with more decimals than its currency has is never rounded: its line says so."""

from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import Workbook

from tests.builders import make_account
from transactions.services.import_staging import posted_amount
from transactions.sources.files.notices import RowError
from transactions.tests.import_samples import counts_of, csv_of, imported

H = "Date,Description,Amount"
pytestmark = pytest.mark.once


def csv_file(amount: str, currency: str) -> bytes:
    return csv_of([f'2026-03-10,Shop,"{amount}"', "2026-03-12,Pay,900.00"], H)


def xlsx_file(amount: str, currency: str) -> bytes:
    book, out = Workbook(), BytesIO()
    for row in (H.split(","), ["2026-03-10", "Shop", float(amount)], ["2026-03-12", "Pay", 900]):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def ofx_file(amount: str, currency: str) -> bytes:
    records = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day}<TRNAMT>{sum_}<FITID>{day}<NAME>Shop</STMTTRN>"
        for day, sum_ in (("20260310", amount), ("20260312", "900"))
    )
    return (
        "OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        f"<CURDEF>{currency}<BANKACCTFROM><BANKID>1<ACCTID>4400001111<ACCTTYPE>CHECKING"
        f"</BANKACCTFROM><BANKTRANLIST>{records}</BANKTRANLIST></STMTRS></STMTTRNRS>"
        "</BANKMSGSRSV1></OFX>"
    ).encode()


def qif_file(amount: str, currency: str) -> bytes:
    lines = f"D03/10/2026\nT{amount}\nPShop\n^\nD03/22/2026\nT900.00\nPPay\n^\n"
    return f"!Type:Bank\n{lines}".encode()


def mt940_file(amount: str, currency: str) -> bytes:
    return (
        f":20:ONE\n:25:10020030/4400001111\n:28C:1/1\n:60F:C260301{currency}100,\n"
        f":61:260310D{amount.lstrip('-').replace('.', ',')}NMSCNONREF\n:86:Shop\n"
        f":61:260312C900,NMSCNONREF\n:86:Pay\n:62F:C260312{currency}900,\n-\n"
    ).encode()


def camt_file(amount: str, currency: str) -> bytes:
    entries = "".join(
        f'<Ntry><Amt Ccy="{currency}">{sum_}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts>BOOK</Sts>'
        f"<BookgDt><Dt>{on}</Dt></BookgDt><AddtlNtryInf>Shop</AddtlNtryInf></Ntry>"
        for on, sum_, mark in (
            ("2026-03-10", amount.lstrip("-"), "DBIT"), ("2026-03-12", "900", "CRDT")
        )
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>'
        f"<Id>S</Id><Acct><Id><IBAN>DE89370400444400001111</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


FORMATS = {
    "csv": csv_file,
    "xlsx": xlsx_file,
    "ofx": ofx_file,
    "qif": qif_file,
    "mt940": mt940_file,
    "camt": camt_file,
}


def test_thousands_are_no_decimals_and_a_zero_in_front_is_no_thousand(alice):
    lines = ['2026-03-10,Shop,"-1,234.500"', "2026-03-11,Tea,-0.250", '2026-03-12,Pay,"12,000"']
    batch, sum_ = brought(alice, csv_of(lines, H), "JPY")
    assert [row.note for row in batch.rows.filter(verdict="invalid").order_by("pk")] == [
        "JPY has no decimals, but this amount is -1234.5.",
        "JPY has no decimals, but this amount is -0.25.",
    ]
    assert sum_ == 12_000


def brought(alice, content: bytes, currency: str):
    account = make_account(user=alice, currency=currency, opening_balance="5000")
    batch = imported(account, content)
    account.refresh_from_db()
    return batch, account.balance - 5000


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("currency", "amount", "said"),
    [
        ("JPY", "-0.250", "JPY has no decimals, but this amount is -0.25."),
        ("JPY", "-1234.5", "JPY has no decimals, but this amount is -1234.5."),
        ("EUR", "-12.345", "EUR has 2 decimals, but this amount is -12.345."),
        ("EUR", "-0.004", "EUR has 2 decimals, but this amount is -0.004."),
        ("KWD", "-1.2345", "KWD has 3 decimals, but this amount is -1.2345."),
    ],
)
def test_extra_decimals_stop_the_line_and_name_the_amount(alice, name, currency, amount, said):
    batch, sum_ = brought(alice, FORMATS[name](amount, currency), currency)
    row = batch.rows.get(verdict="invalid")
    assert (row.note, row.attr) == (said, "amount")
    assert counts_of(batch) == {"read": 2, "added": 1, "invalid": 1}
    assert sum_ == 900


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("currency", "amount"),
    [("JPY", "-1234.00"), ("EUR", "-12.3400"), ("KWD", "-1.2340"), ("KWD", "-1.234")],
)
def test_zeros_at_the_end_are_no_decimals(alice, name, currency, amount):
    batch, sum_ = brought(alice, FORMATS[name](amount, currency), currency)
    assert counts_of(batch) == {"read": 2, "added": 2}
    assert sum_ == 900 + Decimal(amount)


def test_noise_of_calculations_is_no_amount_of_money():
    assert posted_amount(Decimal("-12.300000000000001"), "EUR") == Decimal("-12.30")
    with pytest.raises(RowError):
        posted_amount(Decimal("-12.3001"), "EUR")
