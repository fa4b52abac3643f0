"""Statement proof in every format that states balances: order, overlap, overdrafts, cards."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.builders import NOON, make_account, make_transaction
from transactions.services.import_confirming import revert_import
from transactions.statement_proof import Proof, prove_page, statements_of
from transactions.tests.import_samples import imported

pytestmark = [pytest.mark.django_db, pytest.mark.once]
Lines = list[tuple[str, str, str]]
FIRST = [
    ("2026-03-02", "KERN BAKERY", "-10.00"),
    ("2026-03-12", "CITY TRAM", "-20.50"),
    ("2026-03-20", "PAY", "100.00"),
]
SECOND = [
    ("2026-03-21", "RENT", "-300.00"),
    ("2026-04-03", "TEA", "-2.00"),
    ("2026-04-09", "BOOK", "-12.00"),
]
AFTER_FIRST, AFTER_SECOND = Decimal("69.50"), Decimal("-244.50")
# As many card issuers write it: purchases and what is owed are positive.
CARD = [
    ("2026-03-02", "BOOKSHOP", "40.00"),
    ("2026-03-05", "GROCER", "12.00"),
    ("2026-03-09", "CINEMA", "30.00"),
    ("2026-03-12", "PAYMENT - THANK YOU", "-52.00"),
    ("2026-03-20", "FUEL", "25.00"),
    ("2026-03-22", "CAFE", "5.00"),
]


def csv(opening: Decimal, lines: Lines, *, newest_first: bool = False) -> bytes:
    rows, balance = [], opening
    for day, text, amount in lines:
        balance += Decimal(amount)
        rows.append(f"{day},{text},{amount},{balance}")
    rows = rows[::-1] if newest_first else rows
    return "\n".join(["Date,Description,Amount,Balance", *rows, ""]).encode()


def csv_newest_first(opening: Decimal, lines: Lines) -> bytes:
    return csv(opening, lines, newest_first=True)


def closing_of(opening: Decimal, lines: Lines) -> Decimal:
    return opening + sum(Decimal(amount) for _, _, amount in lines)


def ofx(opening: Decimal, lines: Lines, closing: Decimal | None = None) -> bytes:
    closing = closing_of(opening, lines) if closing is None else closing
    records = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day.replace('-', '')}<TRNAMT>{amount}"
        f"<FITID>{day}{amount}{text}<NAME>{text}</STMTTRN>"
        for day, text, amount in lines
    )
    return (
        "OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM>"
        f"<ACCTID>1</BANKACCTFROM><BANKTRANLIST>{records}</BANKTRANLIST><LEDGERBAL><BALAMT>"
        f"{closing}<DTASOF>{lines[-1][0].replace('-', '')}</LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def swift(amount: Decimal, between: str = "") -> str:
    return f"{'D' if amount < 0 else 'C'}{between}{abs(amount)}".replace(".", ",")


def mt940(opening: Decimal, lines: Lines) -> bytes:
    entries = "".join(
        f":61:{day[2:].replace('-', '')}{swift(Decimal(amount))}NMSCNONREF\n:86:{text}\n"
        for day, text, amount in lines
    )
    first, last = (day[2:].replace("-", "") for day in (lines[0][0], lines[-1][0]))
    return (
        f":20:ONE\n:25:10020030/1\n:28C:1/1\n:60F:{swift(opening, f'{first}EUR')}\n{entries}"
        f":62F:{swift(closing_of(opening, lines), f'{last}EUR')}\n-\n"
    ).encode()


def camt_amount(amount: Decimal) -> str:
    side = "DBIT" if amount < 0 else "CRDT"
    return f'<Amt Ccy="EUR">{abs(amount)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def camt(opening: Decimal, lines: Lines) -> bytes:
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{camt_amount(amount)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount, day in (
            ("OPBD", opening, lines[0][0]),
            ("CLBD", closing_of(opening, lines), lines[-1][0]),
        )
    )
    entries = "".join(
        f"<Ntry>{camt_amount(Decimal(amount))}<Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
        for day, text, amount in lines
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>'
        "<Id>S</Id><Acct><Id><IBAN>DE89370400440000000001</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{balances}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


FORMATS = {
    "csv": csv, "csv newest first": csv_newest_first, "ofx": ofx, "mt940": mt940, "camt": camt,
}  # fmt: skip
every_format = pytest.mark.parametrize("name", FORMATS)


def proofs(account) -> list[Proof]:
    account.refresh_from_db()
    return prove_page(account, list(statements_of(account)))


@every_format
@pytest.mark.parametrize("opening", [Decimal("1000.00"), Decimal("-250.00")])
def test_statements_are_proved_in_any_order(alice, name, opening):
    account = make_account(user=alice, currency="EUR", opening_balance=opening)
    files = [FORMATS[name](opening, FIRST), FORMATS[name](opening + AFTER_FIRST, SECOND)]
    for content in files if opening > 0 else reversed(files):
        imported(account, content)
    latest, first = proofs(account)
    assert (first.first, first.last) == (date(2026, 3, 2), date(2026, 3, 20))
    assert (latest.first, latest.last) == (date(2026, 3, 21), date(2026, 4, 9))
    assert (first.closing, first.difference) == (opening + AFTER_FIRST, 0)
    assert (latest.closing, latest.difference) == (opening + AFTER_SECOND, 0)
    assert latest.gap is None
    # OFX says only what the account held at the end.
    told = (None, None) if name == "ofx" else (opening, True)
    assert (first.opening, latest.follows_on) == told


@every_format
def test_what_differs_is_the_same_on_the_page_and_by_api(checking, name, api_for, client_for):
    extra = make_transaction(
        account=checking, amount="-33.00", txn_date=date(2026, 3, 5), description="Sofa"
    )
    content = SimpleUploadedFile("a.dat", FORMATS[name](Decimal("1000.00"), FIRST))
    api = api_for(checking.user)
    data = {"file": content, "account": checking.pk}
    receipt = api.post("/api/transactions/import", data, format="multipart").json()
    (found,) = api.get(f"/api/accounts/{checking.pk}/statements").json()["results"]
    for told in (receipt, receipt["batches"][0], api.get(f"/api/imports/{receipt['id']}").json()):
        assert told["statement"] == found
    assert (found["difference"], found["closing_balance"]) == ("33.00", "1069.50")
    assert [line["transaction"] for line in found["explanations"]] == [extra.pk]
    page = client_for(checking.user).get(reverse("accounts:account_statements", args=[checking.pk]))
    assert all(text in page.content.decode() for text in ("33.00", "1,069.50", "Sofa"))


@pytest.mark.slow
@every_format
def test_overlapping_statements_leave_no_gap_and_can_be_reverted(checking, name):
    imported(checking, FORMATS[name](Decimal("1000.00"), FIRST))
    batch = imported(checking, FORMATS[name](Decimal("990.00"), [*FIRST[1:], *SECOND]))
    assert (batch.added_count, batch.duplicate_count) == (3, 2)
    latest, first = proofs(checking)
    assert (first.difference, latest.difference, latest.gap) == (0, 0, None)
    revert_import(actor=checking.user, batch=batch, at=NOON)
    assert [proof.difference for proof in proofs(checking)] == [0]


@pytest.mark.parametrize(("early", "late"), [("csv", "ofx"), ("mt940", "camt"), ("ofx", "csv")])
def test_gap_between_statements_of_two_formats(checking, early, late):
    lines = [("2026-05-02", "GYM", "-1.00"), ("2026-05-09", "ZOO", "-2.00")]
    imported(checking, FORMATS[late](Decimal("1069.50"), lines))
    imported(checking, FORMATS[early](Decimal("1000.00"), FIRST))
    latest, first = proofs(checking)
    assert (first.difference, latest.difference) == (0, 0)
    assert latest.gap == (date(2026, 3, 21), date(2026, 5, 1))


def owed_by_ofx(opening: Decimal, lines: Lines) -> bytes:
    turned = [(day, text, str(-Decimal(amount))) for day, text, amount in lines]
    return ofx(opening, turned, closing_of(opening, lines))


@pytest.mark.parametrize("write", [csv, csv_newest_first, owed_by_ofx])
def test_what_is_owed_on_a_card_is_negative(alice, write):
    card = make_account(
        user=alice,
        account_type="credit_card",
        currency="EUR",
        opening_balance="-20",
        overdraft_limit="500",
    )
    imported(card, write(Decimal("20.00"), CARD))
    (proof,) = proofs(card)
    assert card.balance == Decimal(-80)
    assert (proof.closing, proof.difference) == (Decimal(-80), 0)
    if write is not owed_by_ofx:
        assert proof.opening == Decimal(-20)
    make_transaction(account=card, amount="-7.00", txn_date=date(2026, 3, 9))
    assert [proof.difference for proof in proofs(card)] == [Decimal(7)]


def test_card_that_is_overpaid_stays_positive(alice):
    card = make_account(user=alice, account_type="credit_card", currency="EUR", opening_balance="5")
    imported(card, ofx(Decimal("5.00"), FIRST))
    (proof,) = proofs(card)
    assert (proof.closing, proof.difference) == (Decimal("74.50"), 0)
