"""One payment, one line, by API and in each format: typed before, listed by another format, listed
again in another order, announced before it is posted.
"""

from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.builders import make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch, Transaction

pytestmark = pytest.mark.django_db


def csv(lines, *, is_pending=False):
    status = "pending" if is_pending else "booked"
    rows = [f"{day},{text},{amount},{status}" for day, text, amount in lines]
    return "\n".join(["Date,Description,Amount,Status", *rows, ""])


def ofx(lines):
    records = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day.replace('-', '')}<TRNAMT>{amount}"
        f"<FITID>X{day}{amount}{text}<NAME>{text}</STMTTRN>"
        for day, text, amount in lines
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\nCHARSET:NONE\n\n"
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM>"
        f"<BANKTRANLIST>{records}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def qif(lines):
    records = "".join(
        f"D{day[5:7]}/{day[8:]}/{day[:4]}\nT{amount}\nP{text}\n^\n" for day, text, amount in lines
    )
    return f"!Option:MDY\n!Type:Bank\n{records}"


def mt940(lines):
    entries = "".join(
        f":61:{day[2:].replace('-', '')}{'D' if amount[0] == '-' else 'C'}"
        f"{amount.lstrip('-').replace('.', ',')}NMSCNONREF\n:86:{text}\n"
        for day, text, amount in lines
    )
    return f":20:ONE\n:25:10020030/1\n:28C:1/1\n{entries}-\n"


def camt(lines, *, is_pending=False):
    status = "PDNG" if is_pending else "BOOK"
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{'DBIT' if amount[0] == '-' else 'CRDT'}</CdtDbtInd><Sts>{status}</Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
        for day, text, amount in lines
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        "<Stmt><Id>S</Id><Acct><Id><IBAN>DE89370400440000000001</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{entries}</Stmt></BkToCstmrStmt></Document>"
    )


FORMATS = {"csv": csv, "ofx": ofx, "qif": qif, "mt940": mt940, "camt": camt}
# What a format lists is the same on both engines; each test runs with one format or pair on both.
EACH_FORMAT = [
    pytest.param(name, marks=[] if name == "csv" else pytest.mark.once) for name in FORMATS
]
EACH_PAIR = [
    pytest.param(*pair, marks=[] if pair == ("csv", "camt") else pytest.mark.once)
    for pair in permutations(FORMATS, 2)
]
PAY, TEA = ("2026-03-10", "Pay", "100.00"), ("2026-03-20", "Tea", "-2.00")


@pytest.fixture
def door(api_for, alice, checking):
    """The API of Alice and her account, which holds 1,000.00."""
    return Door(api_for(alice), checking)


class Door:
    """One account by API: files in, questions out."""

    def __init__(self, api, account):
        self.api, self.account = api, account

    def post(self, text: str) -> dict[str, int]:
        """Import a file in one call. Returns its counts, without zeros."""
        data = {"file": SimpleUploadedFile("a.dat", text.encode()), "account": self.account.pk}
        answer = self.api.post("/api/transactions/import", data, format="multipart")
        assert answer.status_code == 201, answer.json()
        return {name: count for name, count in answer.json()["counts"].items() if count}

    def questions(self) -> list[dict]:
        return self.api.get("/api/review").json()["results"]

    def answer(self, question: dict, decision: str) -> None:
        url, body = f"/api/review/{question['id']}", {"decision": decision}
        assert self.api.post(url, body, format="json").status_code == 200

    def answer_all(self, decision: str) -> None:
        for question in self.questions():
            self.answer(question, decision)
        assert self.questions() == []

    def ledger(self) -> tuple[Decimal, int]:
        """The balance, and how many transactions there are."""
        assert check_ledger(self.account.pk).is_clean
        shown = self.api.get(f"/api/accounts/{self.account.pk}").json()["balance"]
        rows = Transaction.objects.filter(account=self.account, deleted_at=None)
        return Decimal(shown), rows.count()


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH_FORMAT)
@pytest.mark.parametrize(
    ("decision", "ledger"),
    [("same", (Decimal(1088), 3)), ("different", (Decimal(1078), 4))],
)
def test_typed_payment_meets_its_line_in_any_format(door, name, decision, ledger):
    on = date(2026, 3, 13)
    typed = make_transaction(
        account=door.account, amount="-10.00", description="Kern Bakery", txn_date=on
    )
    lines = [PAY, ("2026-03-14", "KERN BAKERY", "-10.00"), TEA]
    assert door.post(FORMATS[name](lines)) == {"read": 3, "added": 2, "review": 1}
    (question,) = door.questions()
    assert question["candidate"]["id"] == typed.pk
    assert question["reason"] == "You entered this on March 13, 2026."
    assert door.ledger() == (Decimal(1088), 3)
    door.answer_all(decision)
    assert door.ledger() == ledger
    known = door.post(FORMATS[name]([*lines, ("2026-03-22", "Bus", "-1.00")]))
    assert known == {"read": 4, "added": 1, "duplicate": 3}


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), EACH_PAIR)
def test_line_of_one_format_is_never_added_again_by_another(door, first, second):
    held = [PAY, ("2026-03-13", "CAFÉ MÜLLER", "-10.00"), TEA]
    again = [TEA, ("2026-03-14", "Card payment Cafe Muller", "-10.00"), PAY]
    assert door.post(FORMATS[first](held)) == {"read": 3, "added": 3}
    counts = door.post(FORMATS[second](again))
    assert counts["duplicate"] + counts["review"] == counts["read"] == 3
    assert counts["review"] == 1
    door.answer_all("same")
    assert door.ledger() == (Decimal(1088), 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH_FORMAT)
def test_overlapping_and_turned_files_add_each_line_once_and_keep_twins(door, name):
    lines = [(f"2026-03-{day:02}", f"Shop {day}", f"-{day}.00") for day in range(1, 10)]
    lines += [("2026-03-05", "Coffee", "-3.00"), ("2026-03-05", "Coffee", "-3.00")]
    lines.sort()
    early, late = lines[:8], lines[3:]
    assert door.post(FORMATS[name](early))["added"] == 8
    counts = door.post(FORMATS[name](late[::-1]))
    assert counts == {"read": 8, "added": 3, "duplicate": 5}
    assert door.ledger() == (Decimal(1000 - 45 - 6), 11)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(csv, csv), (camt, camt), (csv, camt), (camt, csv)])
def test_announced_payment_becomes_the_posted_one(door, first, second):
    hotel = ("2026-03-13", "HOTEL SEA", "-100.00")
    counts = door.post(first([hotel, ("2026-03-13", "Other", "-1.00")], is_pending=True))
    assert counts == {"read": 2, "added": 2}
    assert door.ledger() == (Decimal(1000), 2)
    counts = door.post(second([PAY, ("2026-03-15", "HOTEL SEA", "-100.00"), TEA]))
    assert counts == {"read": 3, "added": 2, "duplicate": 1}
    assert door.ledger() == (Decimal(998), 4)
    (row,) = Transaction.objects.filter(description="HOTEL SEA")
    assert (row.status, str(row.txn_date)) == ("posted", "2026-03-15")


def test_receipt_moves_with_the_answers_to_its_questions(door):
    """Its balance moves by what an answer adds or books, and back when the answer is undone."""
    make_transaction(
        account=door.account, amount="-10.00", description="Kern", txn_date=date(2026, 3, 13)
    )
    door.post(csv([("2026-03-13", "RESORT BOOKING", "-100.00")], is_pending=True))
    door.post(
        csv(
            [
                PAY,
                ("2026-03-14", "KERN BAKERY", "-10.00"),
                ("2026-03-16", "GRAND PALAIS", "-100.00"),
            ]
        )
    )
    batch = ImportBatch.objects.latest("pk")

    def receipt() -> list[str]:
        told = door.api.get(f"/api/imports/{batch.pk}").json()
        return [told[name] for name in ("net", "net_booked", "balance_after")]

    assert receipt() == ["100.00", "0.00", "1090.00"]
    hotel, bakery = door.questions()
    door.answer(bakery, "different")
    assert receipt() == ["90.00", "0.00", "1080.00"]
    door.answer(hotel, "same")
    assert receipt() == ["90.00", "-100.00", "980.00"]
    assert door.ledger()[0] == Decimal(980)
    for question, shown in (
        (hotel, ["90.00", "0.00", "1080.00"]),
        (bakery, ["100.00", "0.00", "1090.00"]),
    ):
        assert door.api.post(f"/api/review/{question['id']}/undo").status_code == 200
        assert receipt() == shown
    assert door.ledger()[0] == Decimal(1090)


def test_receipt_adds_up_with_pending_lines(door, client_for, alice):
    """What is pending is in no balance, and what this file books was in an earlier file's net."""
    hotel = ("2026-03-13", "HOTEL SEA", "-100.00")
    pay_and_hotel = csv([PAY]) + csv([hotel], is_pending=True).split("\n", 1)[1]
    booked = csv([TEA, ("2026-03-15", "HOTEL SEA", "-100.00")])
    first, last = "Of which pending", "Pending before, now booked"
    for text, *sums, shown, hidden in (
        (pay_and_hotel, "0.00", "-100.00", "0.00", "1100.00", first, last),
        (booked, "-2.00", "0.00", "-100.00", "998.00", last, first),
    ):
        door.post(text)
        batch = ImportBatch.objects.latest("pk")
        receipt = door.api.get(f"/api/imports/{batch.pk}").json()
        names = ("net", "net_pending", "net_booked", "balance_after")
        assert [receipt[name] for name in names] == sums
        page = client_for(alice).get(f"/transactions/import/{batch.pk}/").content.decode()
        assert shown in page
        assert hidden not in page
    listed = door.api.get("/api/imports").json()["results"]
    assert {row["net_pending"] for row in listed} == {None}
