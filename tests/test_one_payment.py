"""However often and in whatever order a bank's history arrives, each payment is in the ledger once.

Payments are entered by hand, paid as bills, moved as transfers, and listed in files of three
formats with two wordings: pending and booked, overlapping and shuffled. If every question is
answered truthfully, the ledger matches the bank.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from bills.services.paying import pay_bill
from bills.services.planning import create_bill
from insights.demo.household import Household
from tests.builders import make_account, make_user
from transactions.ledger_check import check_ledger
from transactions.matching.lines import NEW, Matching, Verdict
from transactions.matching.words import plain_letters
from transactions.models import Category, ReviewItem, Transaction
from transactions.services import import_verdicts
from transactions.services.entering import enter_transaction
from transactions.services.importing import AlreadyImportedError
from transactions.services.reviewing import decide
from transactions.services.transfers import transfer_funds
from transactions.tests.import_samples import imported

FIRST = date(2026, 3, 2)
DAYS = 24
PAYEES = ["Kern Bakery", "Shell Station", "Müller Drogerie", "Łódź Zoo", "Netflix", "Hotel Sea"]
AMOUNTS = ["-10.00", "-10.00", "-3.20", "-49.90", "25.00"]


@dataclass(frozen=True)
class Payment:
    """One real payment; `number` distinguishes identical ones."""

    number: int
    day: int
    amount: str
    payee: str

    @property
    def on(self) -> date:
        return FIRST + timedelta(days=self.day)

    def worded(self, wording: int) -> str:
        text = self.payee.upper() if wording else f"Card payment {self.payee} 0042"
        return text.replace("Ü", "U") if wording else text


def csv_file(payments, wording, pending_from):
    lines = ["Date,Description,Amount,Status"]
    for payment in payments:
        is_pending = payment.day >= pending_from
        # The bank books the payment one day after announcing it.
        on, status = payment.on - timedelta(days=is_pending), "pending" if is_pending else "booked"
        lines.append(f"{on},{payment.worded(wording)},{payment.amount},{status}")
    return "\n".join([*lines, ""]).encode()


def ofx_file(payments, wording, _):
    body = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{payment.on:%Y%m%d}<TRNAMT>{payment.amount}"
        f"<FITID>F{payment.number}<NAME>{payment.worded(wording)}</STMTTRN>"
        for payment in payments
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\nCHARSET:NONE\n\n<OFX>"
        "<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM>"
        f"<BANKTRANLIST>{body}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def camt_file(payments, wording, _):
    entries = "".join(
        f"<Ntry><Amt Ccy='EUR'>{payment.amount.lstrip('-')}</Amt>"
        f"<CdtDbtInd>{'DBIT' if payment.amount.startswith('-') else 'CRDT'}</CdtDbtInd>"
        f"<Sts>BOOK</Sts><BookgDt><Dt>{payment.on}</Dt></BookgDt><ValDt><Dt>{payment.on}</Dt></ValDt>"
        f"<NtryDtls><TxDtls><RmtInf><Ustrd>{payment.worded(wording)}</Ustrd></RmtInf></TxDtls>"
        "</NtryDtls></Ntry>"
        for payment in payments
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt>"
        f"<Stmt><Id>1</Id>{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


# Fixed in advance, so that no file has to ask.
PLAIN = {"txn_date": 0, "description": [1], "amount": 2, "status": 3, "date_format": "%Y-%m-%d"}
PLAIN |= {"sign_convention": "signed"}
FORMATS = [csv_file, ofx_file, camt_file]


@st.composite
def histories(draw):
    """Payments, some of them identical, and a random way and order of entering and
    importing them.
    """
    drawn = draw(
        st.lists(
            st.tuples(st.integers(0, DAYS), st.sampled_from(AMOUNTS), st.sampled_from(PAYEES)),
            min_size=4,
            max_size=14,
        )
    )
    payments = [Payment(number, *one) for number, one in enumerate(sorted(drawn))]
    # Equal payments are listed by the bank only: which of them a person means when typing one is
    # not known to the test, which answers by day, amount and payee.
    equal = Counter((payment.amount, payment.payee) for payment in payments)
    single = [
        payment for payment in payments if equal[payment.amount, payment.payee] == 1
    ] or payments[:1]
    typed = draw(
        st.lists(
            st.tuples(
                st.sampled_from(single),
                st.integers(-2, 2),
                st.booleans(),
                st.sampled_from(["hand", "bill", "transfer"]),
            ),
            max_size=3,
            unique_by=lambda entry: entry[0].number,
        )
    )
    files = draw(
        st.lists(
            st.tuples(
                st.sampled_from(FORMATS),
                st.integers(0, DAYS),
                st.integers(3, DAYS),
                st.integers(0, 1),
                st.booleans(),
                st.randoms(use_true_random=False),
            ),
            min_size=1,
            max_size=4,
        )
    )
    steps = draw(
        st.permutations([("typed", payment) for payment in typed] + [("file", f) for f in files])
    )
    return payments, steps


class Teller:
    """Enters one history into one account and answers review questions truthfully."""

    def __init__(self, payments):
        self.owner = make_user(f"{uuid4()}@example.com", password=None)
        self.payments = payments
        self.account = make_account(user=self.owner, opening_balance="100000", name="Main")
        self.pot = make_account(user=self.owner, opening_balance="100000", name="Rainy pot")
        # The payment behind each hand-entered line, which only the person knows.
        self.meant: dict[int, Payment] = {}
        self.asked = self.line_count = 0

    def tell(self, kind, telling):
        (self.enter if kind == "typed" else self.read)(*telling)

    def enter(self, payment, shift, in_own_words, way):
        on, amount = payment.on + timedelta(days=shift), Decimal(payment.amount)
        if way == "bill" and amount < 0:
            row = self.pay(payment.payee, -amount, on)
        elif way == "transfer" and amount < 0:
            moved = transfer_funds(
                actor=self.owner,
                source=self.account,
                target=self.pot,
                amount=-amount,
                on=on,
                description=payment.payee,
            )
            row = moved.outflow_transaction
        else:
            row = enter_transaction(
                actor=self.owner,
                account=self.account,
                signed_amount=amount,
                txn_date=on,
                description="something" if in_own_words else payment.payee,
            ).transaction
        self.meant[row.pk] = payment
        self.answer()

    def pay(self, payee, amount, on):
        bill = create_bill(
            actor=self.owner,
            user=self.owner,
            biller_name=payee,
            amount_due=amount,
            currency="EUR",
            due_date=on,
            account=self.account,
        )
        return pay_bill(actor=self.owner, bill=bill, on=on).payment

    def read(self, build, start, length, wording, has_pending, rng):
        """Import a complete file of some days. Lines of its last day may be pending."""
        shown = [payment for payment in self.payments if start <= payment.day <= start + length]
        if shown:
            rng.shuffle(shown)
            last = max(payment.day for payment in shown)
            self.bring(build(shown, wording, last if has_pending else DAYS + 1), len(shown))

    def bring(self, content, count):
        try:
            imported(self.account, content, mapping=PLAIN if b"Status" in content else None)
        except AlreadyImportedError:
            return
        self.line_count += count
        self.answer()

    def answer(self):
        """Answer every open question truthfully until none is left."""
        for _ in range(200):
            item = ReviewItem.objects.open().filter(user=self.owner).order_by("pk").first()
            if item is None:
                return
            self.asked += 1
            decision = "same" if self.is_same(item) else "different"
            decide(actor=self.owner, item=item, decision=decision, at=timezone.now())
        pytest.fail("the questions have no end")

    def is_same(self, item):
        mine = self.meaning(item.entered) if item.entered else self.listed(item)
        return item.candidate is not None and mine == self.meaning(item.candidate)

    def meaning(self, row):
        """The date, amount and payee of the payment behind a ledger line."""
        typed = self.meant.get(row.pk)
        if typed is not None and not row.bank_lines.exists():
            return (typed.on, Decimal(typed.amount), typed.payee)
        return self.listed(row, is_pending=row.status == "pending")

    def listed(self, line, is_pending=None):
        is_pending = line.is_pending if is_pending is None else is_pending
        on = line.txn_date + timedelta(days=is_pending)
        return (on, line.signed_amount, payee_in(line.description))

    def ledger(self):
        rows = Transaction.objects.filter(account=self.account, deleted_at=None)
        assert not rows.exclude(status="posted").exists()
        return Counter((row.signed_amount, self.meaning(row)[2]) for row in rows)

    def truth(self):
        return Counter((Decimal(payment.amount), payment.payee) for payment in self.payments)


def payee_in(text):
    plain = plain_letters(text)
    return next(payee for payee in PAYEES if plain_letters(payee) in plain)


def tell_everything(payments, steps):
    """Enter the whole history, and finally import a file that lists all of it."""
    teller = Teller(payments)
    for kind, telling in steps:
        teller.tell(kind, telling)
    teller.bring(csv_file(payments, 1, DAYS + 1), len(payments))
    return teller


@settings(max_examples=15)
@given(histories())
def test_ledger_matches_the_bank_however_payments_arrive(db, history):
    teller = tell_everything(*history)
    assert teller.ledger() == teller.truth()
    teller.account.refresh_from_db()
    paid = sum(Decimal(payment.amount) for payment in teller.payments)
    assert teller.account.balance == Decimal(100000) + paid
    assert check_ledger(teller.account.pk).is_clean


def test_without_the_matcher_payments_are_doubled(db, monkeypatch):
    """Negative control: the test above would notice."""

    def take_all_for_new(incoming, *_, **__):
        return Matching({line.key: Verdict(NEW) for line in incoming})

    monkeypatch.setattr(import_verdicts, "match", take_all_for_new)
    payment = Payment(0, 5, "-10.00", "Kern Bakery")
    steps = [("typed", (payment, 1, False, "hand"))]
    teller = tell_everything([payment], steps)
    assert teller.ledger() != teller.truth()


class HouseholdTeller(Teller):
    """Enters the transactions of one demo household account, identified by the bank's wording."""

    def meaning(self, row):
        typed = self.meant.get(row.pk)
        if typed is not None and not row.bank_lines.exists():
            return (typed.txn_date, typed.signed_amount, typed.description)
        return self.listed(row)

    def listed(self, line, is_pending=None):
        words = line.description.removesuffix(" 4417 REF").casefold()
        original = next(
            payment
            for payment in self.payments
            if plain_letters(payment.description) == plain_letters(words)
        )
        return (line.txn_date, line.signed_amount, original.description)

    def type_some(self, rng):
        for payment in rng.sample(self.payments, len(self.payments) // 50):
            row = enter_transaction(
                actor=self.owner,
                account=self.account,
                signed_amount=payment.signed_amount,
                txn_date=payment.txn_date + timedelta(days=rng.choice((-1, 0, 1))),
                description=payment.merchant or payment.description,
                category_source="none",
            ).transaction
            self.meant[row.pk] = payment

    def csv_of(self, start, end, suffix=""):
        shown = [payment for payment in self.payments if start <= payment.txn_date <= end]
        lines = [f"{row.txn_date},{row.description}{suffix},{row.signed_amount}" for row in shown]
        return "\n".join(["Date,Description,Amount", *lines, ""]).encode(), len(shown)

    def ofx_of(self, start, end):
        shown = [payment for payment in self.payments if start <= payment.txn_date <= end]
        lines = [
            _OfxLine(number, one.txn_date, f"{one.signed_amount}", f"{one.description} 4417 REF")
            for number, one in enumerate(shown)
        ]
        return ofx_file(lines, 0, None), len(shown)


@dataclass(frozen=True)
class _OfxLine:
    number: int
    on: date
    amount: str
    text: str

    def worded(self, _):
        return self.text


@pytest.mark.parametrize("key", ["checking", "card"])
def test_a_household_is_asked_about_few_of_its_transactions(db, key, record_property):
    """Import half a year in monthly files that overlap by a week, with one in fifty lines also
    entered by hand, and finally the same half year in another format and wording.
    """
    start, end = date(2026, 1, 1), date(2026, 6, 30)
    slugs = Category.objects.filter(user=None)
    household = Household(
        start=start,
        end=end + timedelta(days=5),
        categories={slug.slug: slug for slug in slugs},
        euro_rates=defaultdict(lambda: Decimal("1.1")),
    )
    rows = [row for row in household.live()[key] if start <= row.txn_date <= end]
    teller = HouseholdTeller(rows)
    teller.type_some(random.Random(11))
    teller.answer()
    for month in range(1, 7):
        first = date(2026, month, 1) - timedelta(days=7)
        last = date(2026, month + 1, 1) - timedelta(days=1)
        teller.bring(*teller.csv_of(first, last))
    teller.bring(*teller.ofx_of(start, end))
    share = teller.asked / teller.line_count
    record_property("questions", f"{key}: {teller.asked} of {teller.line_count} lines, {share:.1%}")
    print(f"{key}: {teller.asked} questions about {teller.line_count} lines, {share:.1%}")
    assert share <= 0.03
    found = Transaction.objects.filter(account=teller.account, deleted_at=None)
    amounts = Counter(found.values_list("signed_amount", flat=True))
    assert amounts == Counter(row.signed_amount for row in rows)
    assert check_ledger(teller.account.pk).is_clean
