"""A part of a file that goes to a new account opens the account the file describes."""

import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Account
from tests.builders import make_account
from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch
from transactions.sources.files.account_kinds import kind_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def statement(tag: str, source: str, number: str, lines: str, closing: str, **more: str) -> str:
    kind = f"<ACCTTYPE>{more['kind']}" if "kind" in more else ""
    return (
        f"<{tag}><CURDEF>{more.get('currency', 'EUR')}<{source}><ACCTID>{number}{kind}</{source}>"
        f"<BANKTRANLIST>{lines}</BANKTRANLIST><LEDGERBAL><BALAMT>{closing}<DTASOF>20260331"
        f"</LEDGERBAL></{tag}>"
    )


def record(on: str, amount: str, name: str) -> str:
    return (
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{on}<TRNAMT>{amount}<FITID>{on}{amount}<NAME>{name}"
        "</STMTTRN>"
    )


def ofx(*statements: str) -> bytes:
    return f"OFXHEADER:100\n\n<OFX>{''.join(statements)}</OFX>".encode()


BANK = statement(
    "STMTRS", "BANKACCTFROM", "77001111", record("20260302", "-10.00", "BAKER"), "90.00",
    kind="CHECKING",
)  # fmt: skip


def qif(*accounts: tuple[str, str, str]) -> bytes:
    pieces = [
        f"!Account\nN{name}\nT{kind}\n^\n!Type:{section}\nD03/13/2026\nT-12.00\nPShop\n^\n"
        for name, kind, section in accounts
    ]
    return ("!Option:MDY\n" + "".join(pieces)).encode()


def camt(*accounts: tuple[str, str]) -> bytes:
    pieces = "".join(
        f"<Stmt><Id>S</Id><Acct><Id><Othr><Id>{number}</Id></Othr></Id>{kind}<Ccy>CHF</Ccy></Acct>"
        '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CHF">62.00</Amt>'
        "<CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-03-31</Dt></Dt></Bal>"
        '<Ntry><Amt Ccy="CHF">12.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>'
        "<BookgDt><Dt>2026-03-13</Dt></BookgDt><AddtlNtryInf>SBB</AddtlNtryInf></Ntry></Stmt>"
        for number, kind in accounts
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"{pieces}</BkToCstmrStmt></Document>"
    ).encode()


def own_card(tag="CCSTMTRS", source="CCACCTFROM", number="4111222233334444", **more) -> bytes:
    lines = record("20260305", "-40.00", "BOOKS") + record("20260309", "15.00", "REFUND")
    currency = more.pop("currency", "USD")
    part = statement(tag, source, number, lines, "-125.00", currency=currency, **more)
    return ofx(BANK, part)


CARD, OPENING = ("credit_card", "USD", "4444"), Decimal("-100.00")


@pytest.mark.parametrize(
    ("content", "kind", "currency", "last_four", "opening"),
    [
        (own_card(), *CARD, OPENING),
        (own_card(number="XXXX-XXXX-XXXX-4444"), *CARD, OPENING),
        (own_card(currency="JPY", number="5500000000009876"), "credit_card", "JPY", "9876",
         OPENING),
        (own_card("STMTRS", "BANKACCTFROM", "900004444", kind="SAVINGS"), "savings", "USD", "4444",
         OPENING),
        (own_card("STMTRS", "BANKACCTFROM", "900004444", kind="MONEYMRKT"), "savings", "USD",
         "4444", OPENING),
        (own_card("STMTRS", "BANKACCTFROM", "900004444", kind="CREDITLINE"), "loan", "USD", "4444",
         OPENING),
        (own_card("STMTRS", "BANKACCTFROM", "900004444"), "checking", "USD", "4444", OPENING),
        (own_card("LOANSTMTRS", "LOANACCTFROM", "300004444"), "loan", "USD", "4444", OPENING),
        (qif(("Giro 1111", "Bank", "Bank"), ("Gold 4444", "CCard", "CCard")),
         "credit_card", "EUR", "4444", 0),
        (qif(("Giro 1111", "Bank", "Bank"), ("Gold 4444", "CCard", "Bank")),
         "credit_card", "EUR", "4444", 0),
        (qif(("Giro 1111", "Bank", "Bank"), ("Purse", "Cash", "Cash")), "cash", "EUR", "", 0),
        (qif(("Giro 1111", "Bank", "Bank"), ("House 4444", "Oth L", "Oth L")),
         "loan", "EUR", "4444", 0),
        (camt(("12001111", ""), ("5555 6666 7777 4444", "<Tp><Cd>CARD</Cd></Tp>")),
         "credit_card", "CHF", "4444", Decimal(-50)),
        (camt(("12001111", ""), ("98704444", "<Tp><Cd>SVGS</Cd></Tp>")),
         "savings", "CHF", "4444", Decimal(-50)),
        (camt(("12001111", ""), ("98704444", "<Tp><Prtry>Kreditkarte</Prtry></Tp>")),
         "credit_card", "CHF", "4444", Decimal(-50)),
        (b"Date,Account,Description,Amount\n2026-03-02,Giro 1111,A,-1.00\n"
         b"2026-03-03,Visa Gold 4444,B,-2.00\n", "credit_card", "EUR", "4444", 0),
        (b"Date,Account,Description,Amount\n2026-03-02,Giro 1111,A,-1.00\n"
         b"2026-03-03,Visa Debit 4444,B,-2.00\n", "checking", "EUR", "4444", 0),
    ],
)  # fmt: skip
def test_new_account_is_as_the_file_says(
    api_for, alice, content, kind, currency, last_four, opening
):
    giro = make_account(user=alice, name="Giro", currency="EUR", last_four="0000")
    api = api_for(alice)

    def post(**more):
        data = {"file": SimpleUploadedFile("all.dat", content), "account": giro.pk, **more}
        return api.post("/api/transactions/import", data, format="multipart")

    first, second = post().json()["parts"]
    assert (second["account_type"], second["account"]) == (kind, None)
    answers = {first["part"]: "skip", second["part"]: "new"}
    assert post(accounts=json.dumps(answers)).status_code == 201
    account = Account.objects.exclude(pk=giro.pk).get()
    assert (account.account_type, account.currency, account.last_four) == (
        kind, currency, last_four,
    )  # fmt: skip
    assert account.opening_balance == opening
    assert check_ledger(account.pk).is_clean


def test_page_says_what_the_new_account_will_be(client_for, alice):
    giro = make_account(user=alice, name="Giro", currency="EUR")
    client = client_for(alice)
    client.post(
        reverse("transactions:import_start"),
        {"account": giro.pk, "file": SimpleUploadedFile("all.ofx", own_card())},
    )
    batch = ImportBatch.objects.get()
    page = client.get(reverse("transactions:import_accounts", args=[batch.pk])).content.decode()
    assert "Add a new account (Credit card, USD)" in page
    assert "Add a new account (Checking, EUR)" in page


def test_card_in_credit_is_pointed_out(api_for, alice):
    """Some banks write what is owed without a minus; the standard says it is the holder's."""
    giro = make_account(user=alice, name="Giro", currency="EUR")
    card = statement(
        "CCSTMTRS", "CCACCTFROM", "44445555", record("20260305", "-40.00", "BOOKS"), "60.00"
    )
    data = {"file": SimpleUploadedFile("a.ofx", ofx(BANK, card)), "account": giro.pk}
    data["accounts"] = json.dumps({"…1111": "skip", "…5555": "new"})
    answer = api_for(alice).post("/api/transactions/import", data, format="multipart").json()
    assert any("€60.00 in credit" in warning for warning in answer["warnings"])
    assert Account.objects.exclude(pk=giro.pk).get().opening_balance == Decimal("100.00")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Mastercard …1234", "credit_card"),
        ("Kreditkarte …1234", "credit_card"),
        ("Carte de crédit", "credit_card"),
        ("TARJETA DE CRÉDITO", "credit_card"),
        ("Amex Platinum", "credit_card"),
        ("Visa Debit", ""),
        ("Tagesgeldkonto", "savings"),
        ("Livret A", "savings"),
        ("Home mortgage", "loan"),
        ("Ratenkredit 12", "loan"),
        ("Bargeld", "cash"),
        ("Brokerage", "investment"),
        ("Everyday", ""),
        ("Cashback Current", ""),
        ("Plan B", ""),
        ("Provisions", ""),
    ],
)
def test_kind_in_a_name(name, kind):
    assert kind_in(name) == kind
