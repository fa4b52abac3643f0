"""One payment, one line, as a stranger tries it over the API: other currencies, scripts, formats
and orders of arrival.
"""

import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account
from tests.builders import make_account
from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch, Transaction
from transactions.tests.multi_account_files import FILES
from transactions.tests.test_one_payment_by_format import FORMATS

pytestmark = [pytest.mark.django_db, pytest.mark.once]
EACH = pytest.mark.parametrize


class Stranger:
    """A person with some accounts, who knows only the API."""

    def __init__(self, api, user):
        self.api, self.user = api, user

    def account(self, currency="EUR", name="Main", last_four="", opening="100000", **over):
        return make_account(
            user=self.user, currency=currency, name=name, last_four=last_four,
            opening_balance=opening, **over,
        )  # fmt: skip

    def type(self, account, on, text, amount, **over):
        kind = "expense" if amount.startswith("-") else "income"
        body = {
            "account": account.pk, "txn_date": on, "description": text,
            "amount": amount.lstrip("-"), "txn_type": kind, **over,
        }  # fmt: skip
        answer = self.api.post("/api/transactions", body, format="json")
        assert answer.status_code == 201, answer.json()
        return answer.json()

    def send(self, account, text, name="a.dat", **fields):
        content = text if isinstance(text, bytes) else text.encode()
        data = {"file": SimpleUploadedFile(name, content), "account": account.pk}
        for key, value in fields.items():
            data[key] = value if isinstance(value, str) else json.dumps(value)
        return self.api.post("/api/transactions/import", data, format="multipart")

    def bring(self, account, text, **fields):
        answer = self.send(account, text, **fields)
        assert answer.status_code == 201, answer.json()
        return {name: count for name, count in answer.json()["counts"].items() if count}

    def questions(self):
        return self.api.get("/api/review").json()["results"]

    def decide(self, item, decision):
        answer = self.api.post(f"/api/review/{item['id']}", {"decision": decision}, format="json")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    def undo(self, item):
        answer = self.api.post(f"/api/review/{item['id']}/undo")
        assert answer.status_code == 200, answer.json()

    def lines(self, account):
        assert check_ledger(account.pk).is_clean
        found = self.api.get(f"/api/transactions?account={account.pk}&page_size=200").json()
        return sorted(
            (row["txn_date"], row["signed_amount"], row["status"]) for row in found["results"]
        )


@pytest.fixture
def me(api_for, alice):
    return Stranger(api_for(alice), alice)


def frame(on, text, amount, currency="EUR"):
    """The line between two others, so that the file spans its day."""
    zero = {"JPY": "", "KWD": ".000"}.get(currency, ".00")
    return [
        ("2026-03-01", "Salary", f"900{zero}"),
        (on, text, amount),
        ("2026-03-28", "Gas", f"-7{zero}"),
    ]


# -- typed, then listed ---------------------------------------------------------------------------


@pytest.mark.slow
@EACH(
    ("currency", "typed", "listed", "amount", "later", "name"),
    [
        ("JPY", "ラーメン一蘭", "ICHIRAN SHIBUYA", "-1200", -4, "mt940"),
        ("KWD", "قهوة", "COFFEE HOUSE SALMIYA", "-12.345", 4, "csv"),
        ("CHF", "Coop Zürich", "COOP-1234 ZUERICH", "-48.05", 2, "mt940"),
        ("INR", "चाय की दुकान", "UPI/402133/CHAI POINT", "-250.00", -2, "csv"),
        ("USD", "refund shoes", "ZAPPOS RETURN", "64.20", 3, "csv"),
    ],
)
def test_typed_is_asked_about(me, currency, typed, listed, amount, later, name):
    account = me.account(currency)
    me.type(account, "2026-03-14", typed, amount)
    text = FORMATS[name](frame(f"2026-03-{14 + later}", listed, amount, currency))
    assert me.bring(account, text) == {"read": 3, "added": 2, "review": 1}
    (item,) = me.questions()
    me.decide(item, "same")
    assert len(me.lines(account)) == 3
    me.undo(item)
    assert len(me.lines(account)) == 3
    assert me.questions()[0]["id"] == item["id"]


def test_other_sign_is_another_payment(me):
    account = me.account()
    me.type(account, "2026-03-14", "Shoes", "50.00")
    assert me.bring(account, FORMATS["csv"](frame("2026-03-14", "Shoes", "-50.00"))) == {
        "read": 3,
        "added": 3,
    }
    assert me.questions() == []


@pytest.mark.slow
def test_one_typed_two_listed_and_two_typed_one_listed(me):
    account = me.account()
    me.type(account, "2026-03-13", "Tram", "-2.40")
    lines = [*frame("2026-03-14", "TRAMWAY", "-2.40"), ("2026-03-15", "TRAMWAY", "-2.40")]
    assert me.bring(account, FORMATS["ofx"](lines)) == {"read": 4, "added": 3, "review": 1}
    other = me.account(name="Other")
    me.type(other, "2026-03-13", "Tram", "-2.40")
    me.type(other, "2026-03-13", "Tram", "-2.40")
    assert me.bring(other, FORMATS["qif"](frame("2026-03-14", "TRAMWAY", "-2.40"))) == {
        "read": 3,
        "added": 2,
        "review": 1,
    }
    assert len(me.lines(other)) == 4


@pytest.mark.slow
@EACH("decision", ["same", "different"])
def test_answer_is_remembered_by_the_next_file_and_other_format(me, decision):
    account = me.account()
    me.type(
        account,
        "2026-03-14",
        "Bücher",
        "-20.00",
        notes="birthday",
        tags=["gift"],
        category="shopping",
    )
    held = frame("2026-03-16", "BUCHHANDLUNG 77", "-20.00")
    me.bring(account, FORMATS["camt"](held))
    me.decide(me.questions()[0], decision)
    count = 3 if decision == "same" else 4
    assert len(me.lines(account)) == count
    assert me.bring(account, FORMATS["camt"]([*held, ("2026-03-29", "X", "-1.00")])) == {
        "read": 4,
        "added": 1,
        "duplicate": 3,
    }
    found = me.api.get(f"/api/transactions?account={account.pk}&search=birthday").json()["results"]
    assert [(row["notes"], row["tags"], row["category"]) for row in found] == [
        ("birthday", ["gift"], "shopping")
    ]


# -- pending and posted ---------------------------------------------------------------------------


WORDS = """
    Ausstehend|Vorgemerkt|en attente|Pendiente|in sospeso|väntande|oczekująca|保留中|未確定
    В обработке|Bekliyor|In behandeling|Pending|Authorised|قيد الانتظار
"""


@pytest.mark.slow
def test_pending_words_of_many_languages(me):
    words = [word.strip() for line in WORDS.split("\n") for word in line.split("|") if word.strip()]
    for number, word in enumerate(words):
        account = me.account(name=f"No. {number}")
        lines = ["Date,Description,Amount,Status", "2026-03-12,Tea,-3.00,booked"]
        lines += [f"2026-03-13,HOTEL SEA,-{100 + number}.00,{word}", ""]
        me.bring(account, "\n".join(lines))
        assert me.lines(account)[-1][2] == "pending", word


@pytest.mark.slow
@EACH(("first", "second"), [("camt", "mt940"), ("csv", "qif")])
def test_pending_becomes_posted_in_another_format_and_goes_back_by_revert(me, first, second):
    account = me.account()
    row = ("2026-03-13", "HOTEL MIRAMAR", "-120.00")
    me.bring(account, FORMATS[first]([row], is_pending=True))
    held = Transaction.objects.get()
    held.notes = "honeymoon"
    held.save()
    sent = me.send(account, FORMATS[second](frame("2026-03-15", "Hotel Miramar", "-120.00")))
    counts = sent.json()["counts"]
    assert (counts["added"], counts["duplicate"] + counts["review"]) == (2, 1)
    for item in me.questions():
        me.decide(item, "same")
    lines = me.lines(account)
    assert len(lines) == 3
    assert ("2026-03-15", "-120.00", "posted") in lines
    held.refresh_from_db()
    assert (held.status, held.notes) == ("posted", "honeymoon")
    answer = me.api.post(f"/api/imports/{sent.json()['id']}/revert", {}, format="json")
    assert answer.status_code == 200, answer.json()
    assert me.lines(account) == [("2026-03-13", "-120.00", "pending")]


@pytest.mark.slow
def test_pending_twins_stay_two(me):
    account = me.account("GBP")
    rows = [("2026-03-13", "TFL TRAVEL", "-2.80")] * 2
    me.bring(account, FORMATS["csv"](rows, is_pending=True))
    assert me.bring(
        account,
        FORMATS["csv"](
            [("2026-03-14", "TFL TRAVEL", "-2.80")] * 2 + [("2026-03-20", "X", "-1.00")]
        ),
    ) == {"read": 3, "added": 1, "duplicate": 2}
    assert len(me.lines(account)) == 3


@pytest.mark.slow
def test_pending_with_tip_in_another_script(me):
    account = me.account("USD")
    me.bring(
        account, FORMATS["csv"]([("2026-03-13", "Ресторан Пушкин", "-100.00")], is_pending=True)
    )
    assert me.bring(
        account, FORMATS["csv"](frame("2026-03-14", "РЕСТОРАН ПУШКИН MOSKVA", "-118.00"))
    ) == {"read": 3, "added": 2, "review": 1}
    (item,) = me.questions()
    me.decide(item, "same")
    assert ("2026-03-14", "-118.00", "posted") in me.lines(account)
    assert len(me.lines(account)) == 3
    me.undo(item)
    assert ("2026-03-13", "-100.00", "pending") in me.lines(account)


@pytest.mark.slow
def test_posted_first_then_a_late_file_with_it_pending(me):
    account = me.account()
    me.bring(account, FORMATS["csv"](frame("2026-03-15", "HOTEL SEA", "-100.00")))
    counts = me.bring(
        account, FORMATS["csv"]([("2026-03-13", "HOTEL SEA", "-100.00")], is_pending=True)
    )
    assert counts.get("added", 0) == 0
    assert len([x for x in me.lines(account) if x[1] == "-100.00"]) == 1


# -- reworded, other format -----------------------------------------------------------------------

REWORDED = [
    ("ΚΑΦΕΣ ΑΘΗΝΑ", "Καφές Αθήνα"),
    ("Королёв и сыновья", "КОРОЛЕВ И СЫНОВЬЯ"),
    ("שָׁלוֹם מאפייה", "שלום מאפייה"),
    ("ŻABKA ŁÓDŹ", "ZABKA LODZ"),
    ("CREPERIE L'ÎLE", "Crêperie l’Île"),
    ("SEPA DIRECT DEBIT STADTWERKE MUENC", "SEPA Direct Debit Stadtwerke München GmbH Kd-Nr 12345"),
    ("POS 4711 REWE", "REWE SAGT DANKE 55"),
    ("上島珈琲店", "ウエシマコーヒー"),
    ("Fa. Müller + Söhne", "MUELLER UND SOEHNE"),
]


@pytest.mark.slow
@EACH(("one", "two"), [("csv", "camt"), ("ofx", "csv"), ("qif", "ofx")])
def test_reworded_is_never_added(me, one, two):
    account = me.account()
    before, after = (
        [
            (f"2026-03-{2 * n + 3:02}", pair[side], f"-{n + 10}.00")
            for n, pair in enumerate(REWORDED)
        ]
        for side in (0, 1)
    )
    me.bring(account, FORMATS[one](before))
    assert me.bring(account, FORMATS[two](after[::-1])).get("added", 0) == 0
    for item in me.questions():
        me.decide(item, "same")
    assert len(me.lines(account)) == len(REWORDED)


# -- several accounts -----------------------------------------------------------------------------


def three_csv(heading, names, sep=",", amount="-10.00"):
    head = sep.join(["Date", heading, "Description", "Amount"])
    rows = [
        ("2026-03-02", 0, "KERN BAKERY"), ("2026-03-03", 1, "CITY TRAM"),
        ("2026-03-04", 2, "OPERA"), ("2026-03-05", 0, "KIOSK"),
    ]  # fmt: skip
    return "\n".join([head, *(sep.join([d, names[n], t, amount]) for d, n, t in rows), ""])


@pytest.mark.slow
@EACH(
    ("heading", "names"),
    [
        ("Konto", [f"DE89 3704 0044 0532 0130 {end}" for end in (11, 22, 33)]),
        ("Compte", ["Compte courant 1111", "Livret A 2222", "Carte 3333"]),
        ("Счёт", ["Основной", "Сбережения", "Карта"]),
        ("口座", ["普通預金 1111", "定期預金 2222", "当座 3333"]),
        ("Card Number", ["**** 1111", "**** 2222", "**** 3333"]),
    ],
)
def test_csv_of_three_accounts_asks_and_routes(me, heading, names):
    account = me.account(name="Everyday")
    answer = me.send(account, three_csv(heading, names))
    assert answer.status_code == 400, answer.json()
    body = answer.json()
    assert body["errors"][0]["code"] == "accounts_needed"
    assert sorted(p["count"] for p in body["parts"]) == [1, 1, 2]
    assert not Transaction.objects.exists()
    parts = [p["part"] for p in sorted(body["parts"], key=lambda p: -p["count"])]
    goes = {parts[0]: account.pk, parts[1]: "new", parts[2]: "skip"}
    done = me.send(account, three_csv(heading, names), accounts=goes)
    assert done.status_code == 201, done.json()
    assert Transaction.objects.count() == 3
    assert Account.objects.filter(user=me.user).count() == 2
    for batch in ImportBatch.objects.filter(status="done")[:1]:
        me.api.post(f"/api/imports/{batch.pk}/revert", {}, format="json")
    assert not Transaction.objects.filter(deleted_at=None).exists()


BAD = [
    [], "abc", "[1]", '"x"', "1", "null", '{"a":', {"1111": "NEW"}, {"1111": True}, {"1111": 1.0},
    {"1111": None}, {"1111": 10**30}, {"1111": -1}, {"1111": 0}, {"1111": "12"},
    {"1111": {"id": 1}}, {"1111": [1]}, {"": "new"}, {"nope": "new"}, {"1111": "new "},
    {"\u0000": "skip"}, {"1111": "Skip"},
]  # fmt: skip


def test_bad_answers_are_400_and_nothing_happens(me):
    account = me.account()
    for answers in BAD:
        answer = me.send(account, FILES["csv"], accounts=answers)
        assert answer.status_code == 400, answer.content
        assert answer.json()["type"] == "validation_error"
        assert answer.json()["errors"][0]["attr"] == "accounts"
    assert Account.objects.filter(user=me.user).count() == 1
    assert not Transaction.objects.exists()


def ofx_record(pk, on, amount, text):
    return f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{on}<TRNAMT>{amount}<FITID>{pk}<NAME>{text}</STMTTRN>"


BANK_AND_CARD = (
    "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
    "<CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>000111<ACCTTYPE>CHECKING</BANKACCTFROM>"
    f"<BANKTRANLIST>{ofx_record('a', '20260302', '-200.00', 'CARD PAYMENT')}</BANKTRANLIST>"
    "</STMTRS></STMTTRNRS></BANKMSGSRSV1><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>USD"
    "<CCACCTFROM><ACCTID>4111111111119999</CCACCTFROM><BANKTRANLIST>"
    f"{ofx_record('b', '20260303', '200.00', 'PAYMENT THANK YOU')}"
    f"{ofx_record('c', '20260304', '-15.00', 'DINER')}"
    "</BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>"
)


@pytest.mark.slow
def test_bank_and_card_in_one_ofx(me, django_capture_on_commit_callbacks):
    bank = me.account("USD", "Checking", "0111")
    card = me.account(
        "USD", "Visa", "9999", opening="0", account_type="credit_card", overdraft_limit="1000"
    )
    asked = me.send(me.account("USD", "None"), BANK_AND_CARD).json()["parts"]
    assert {part["last4"]: part["account"] for part in asked} == {"0111": bank.pk, "9999": card.pk}
    goes = {part["part"]: part["account"] for part in asked}
    with django_capture_on_commit_callbacks(execute=True):
        assert me.send(bank, BANK_AND_CARD, accounts=goes).status_code == 201
    assert (len(me.lines(bank)), len(me.lines(card))) == (1, 2)
    (found,) = me.api.get("/api/transfers").json()["results"]
    assert (found["amount"], found["source"], found["target"]) == ("200.00", bank.pk, card.pk)


def camt_of(*parts):
    pieces = "".join(
        f"<Stmt><Id>S{n}</Id><Acct><Id><IBAN>DE8937040044000000{n:04}</IBAN></Id><Ccy>{ccy}</Ccy></Acct>"
        f'<Ntry><Amt Ccy="{ccy}">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>'
        "<BookgDt><Dt>2026-03-02</Dt></BookgDt><AddtlNtryInf>SHOP</AddtlNtryInf></Ntry></Stmt>"
        for n, ccy, amount in parts
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"{pieces}</BkToCstmrStmt></Document>"
    )


@pytest.mark.slow
def test_parts_of_three_currencies(me):
    euro = me.account("EUR", "Euro")
    text = camt_of((1, "EUR", "10.00"), (2, "JPY", "500"), (3, "KWD", "1.250"))
    parts = {p["last4"]: p["part"] for p in me.send(euro, text).json()["parts"]}
    wrong = me.send(
        euro, text, accounts={parts["0001"]: euro.pk, parts["0002"]: euro.pk, parts["0003"]: "skip"}
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["attr"]) == (400, "accounts")
    done = me.send(
        euro, text, accounts={parts["0001"]: euro.pk, parts["0002"]: "new", parts["0003"]: "new"}
    )
    assert done.status_code == 201, done.json()
    made = Account.objects.filter(user=me.user).exclude(pk=euro.pk)
    assert sorted(made.values_list("currency", "last_four", "balance")) == [
        ("JPY", "0002", Decimal(-500)), ("KWD", "0003", Decimal("-1.25")),
    ]  # fmt: skip
    again = me.send(euro, text.replace("<Id>S1", "<Id>T1"))
    assert again.status_code in (200, 201, 400), again.json()
    rows = Transaction.objects.filter(deleted_at=None).count()
    assert rows == 3


# -- export and back ------------------------------------------------------------------------------


@pytest.mark.slow
@EACH(
    ("currency", "amounts", "text"),
    [
        ("EUR", ["90.00", "60.00", "30.00"], "=SUM(A1)"),
        ("JPY", ["900", "1000", "-100"], "ヨドバシ; カメラ"),
        ("KWD", ["9.125", "5.125", "4.000"], "مطعم الشرق"),
        ("USD", ["44.26", "50.00", "-5.74"], '- 5 %, "big"'),
    ],
)
def test_split_with_tags_comes_back(me, api_for, bob, currency, amounts, text):
    account = me.account(currency)
    tags = ["trip, 2026", "=x", "仕事"]
    row = me.type(
        account, "2026-03-10", text, f"-{amounts[0]}", notes='line one\nline "two"; é 😀', tags=tags
    )
    parts = [
        {"amount": a, "category": c, "notes": n}
        for a, c, n in zip(amounts[1:], ["groceries", "household"], ["@a", "b\nc"], strict=True)
    ]
    answer = me.api.put(f"/api/transactions/{row['id']}/splits", {"parts": parts}, format="json")
    assert answer.status_code == 200, answer.json()
    exported = b"".join(
        me.api.post("/api/export/csv", {"account": account.pk}, format="json").streaming_content
    )
    assert me.bring(account, exported, name="export.csv").get("added", 0) == 0
    assert len(me.lines(account)) == 1
    other = Stranger(api_for(bob), bob)
    theirs = other.account(currency)
    assert other.bring(theirs, exported, name="export.csv") == {"read": 1, "added": 1}
    (mine,) = me.api.get(f"/api/transactions?account={account.pk}").json()["results"]
    (copy,) = other.api.get(f"/api/transactions?account={theirs.pk}").json()["results"]
    kept = ("description", "merchant", "notes", "signed_amount", "txn_date", "status", "is_split")
    assert [copy[k] for k in kept] == [mine[k] for k in kept]
    assert sorted(copy["tags"]) == sorted(mine["tags"])
    both = [
        person.api.get(f"/api/transactions/{one['id']}/splits").json()
        for person, one in ((me, mine), (other, copy))
    ]
    assert json.dumps(strip(both[0])) == json.dumps(strip(both[1]))


def strip(value):
    if isinstance(value, dict):
        return {k: strip(v) for k, v in value.items() if k not in ("id", "transaction")}
    return [strip(v) for v in value] if isinstance(value, list) else value


# -- transfers typed ------------------------------------------------------------------------------


@EACH(("order", "apart", "currency"), [(0, 0, "EUR"), (1, 3, "JPY")])
def test_two_typed_sides_are_suggested_at_once(me, order, apart, currency):
    one, two = me.account(currency, "One"), me.account(currency, "Two")
    sides = [
        (one, "2026-03-10", "to savings", "-500"),
        (two, f"2026-03-{10 + apart}", "貯金", "500"),
    ]
    for side in sides[:: -1 if order else 1]:
        me.type(*side)
    (found,) = me.api.get("/api/transfers").json()["results"]
    assert (found["status"], found["source"], found["target"]) == ("suggested", one.pk, two.pk)


def test_typed_side_meets_imported_side(me):
    one, two = me.account(name="One"), me.account(name="Two")
    me.bring(one, FORMATS["camt"](frame("2026-03-10", "UEBERTRAG", "-500.00")))
    me.type(two, "2026-03-11", "from One", "500.00")
    (found,) = me.api.get("/api/transfers").json()["results"]
    assert (found["source"], found["target"]) == (one.pk, two.pk)
