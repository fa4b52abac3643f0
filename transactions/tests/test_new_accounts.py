"""A part of a file that goes to a new account opens the account the file describes."""

import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Account
from accounts.services import edit_account
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


def uploaded(client, account):
    """A statement of this account and a card, uploaded on the page."""
    file = SimpleUploadedFile("all.ofx", own_card())
    client.post(reverse("transactions:import_start"), {"account": account.pk, "file": file})
    return ImportBatch.objects.get()


def test_page_says_what_the_new_account_will_be(client_for, alice):
    giro = make_account(user=alice, name="Giro", currency="EUR")
    client = client_for(alice)
    batch = uploaded(client, giro)
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


@pytest.mark.slow
def test_undone_import_takes_its_opening_balance_back_and_may_be_repeated(api_for, alice):
    """The debt of a card that nobody has imported stayed in the net worth."""
    giro = make_account(user=alice, name="Giro", currency="EUR", last_four="0000")
    api, content = api_for(alice), own_card(currency="EUR")

    def post(accounts):
        data = {"file": SimpleUploadedFile("a.ofx", content), "account": giro.pk}
        data |= {"accounts": json.dumps(accounts)} if accounts else {}
        return api.post("/api/transactions/import", data, format="multipart").json()

    made = post({"…1111": giro.pk, "…4444": "new"})
    card = Account.objects.exclude(pk=giro.pk).get()
    assert (str(card), card.balance) == ("Credit card ****4444", Decimal("-125.00"))
    assert api.post(f"/api/imports/{made['id']}/revert").status_code == 200
    card.refresh_from_db()
    assert (card.opening_balance, card.balance) == (0, 0)
    again = post({})
    assert [part["account"] for part in again["parts"]] == [giro.pk, card.pk]
    post({"…1111": giro.pk, "…4444": card.pk})
    card.refresh_from_db()
    assert (card.opening_balance, card.balance) == (OPENING, Decimal("-125.00"))
    assert check_ledger().is_clean


def test_opening_balance_that_somebody_changed_stays_when_the_import_is_undone(api_for, alice):
    giro = make_account(user=alice, name="Giro", currency="EUR", last_four="0000")
    data = {"file": SimpleUploadedFile("a.ofx", own_card(currency="EUR")), "account": giro.pk}
    data["accounts"] = json.dumps({"…1111": "skip", "…4444": "new"})
    made = api_for(alice).post("/api/transactions/import", data, format="multipart").json()
    card = Account.objects.exclude(pk=giro.pk).get()
    edit_account(actor=alice, account=card, opening_balance=Decimal("-90.00"))
    api_for(alice).post(f"/api/imports/{made['id']}/revert")
    card.refresh_from_db()
    assert (card.opening_balance, card.balance) == (Decimal("-90.00"), Decimal("-90.00"))


def test_steps_name_the_question_that_was_asked(client_for, alice):
    giro = make_account(user=alice, name="Giro", currency="EUR")
    client = client_for(alice)
    batch = uploaded(client, giro)
    answers = {"part_0": giro.pk, "part_1": "skip"}
    client.post(reverse("transactions:import_accounts", args=[batch.pk]), answers)
    page = client.get(reverse("transactions:import_check", args=[batch.pk])).content.decode()
    steps = page[page.index('class="stepper"') : page.index("Confirm")]
    assert "Accounts" in steps
    assert "Columns" not in steps
