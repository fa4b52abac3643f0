"""However often and in whatever order a bank's history arrives, each payment is in the ledger once.

Payments are entered by hand, paid as bills, moved as transfers, and listed in files of three
formats with two wordings: pending and booked, overlapping and shuffled. Some announcements are
never booked. If every question is answered truthfully, at once or after the next file has come, the
ledger matches the bank.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from banking.kernel.fields import folded
from bills.services.paying import pay_bill, settle_with
from bills.services.planning import create_bill
from insights.demo.household import Household
from tests.builders import make_account, make_user
from tests.depth import up_to
from transactions.ledger_check import check_ledger
from transactions.matching.lines import NEW, Matching, Verdict
from transactions.models import Category, ReviewItem, Transaction
from transactions.services import import_verdicts
from transactions.services.entering import enter_transaction
from transactions.services.import_confirming import revert_import
from transactions.services.importing import AlreadyImportedError
from transactions.services.reviewing import decide, undo_decision
from transactions.services.splitting import Part, split_transaction
from transactions.services.transfers import transfer_funds
from transactions.tests.import_samples import imported

FIRST = date(2026, 3, 2)
DAYS, LATER = 24, 99
PAYEES = ["Kern Bakery", "Shell Station", "Müller Drogerie", "Łódź Zoo", "Netflix", "Hotel Sea"]
AMOUNTS = ["-10.00", "-10.00", "-3.20", "-49.90", "25.00"]
IN_OWN_WORDS = "something"
# Who is announced and never booked.
CANCELED = "Parking Garage"


@dataclass(frozen=True)
class Payment:
    """One payment; `number` distinguishes identical ones."""

    number: int
    day: int
    amount: str
    payee: str

    @property
    def on(self) -> date:
        return FIRST + timedelta(days=self.day)

    @property
    def is_canceled(self) -> bool:
        return self.payee == CANCELED

    def worded(self, wording: int) -> str:
        text = self.payee.upper() if wording else f"Card payment {self.payee} 0042"
        return text.replace("Ü", "U") if wording else text


def csv_file(payments, wording, pending_from):
    lines = ["Date,Description,Amount,Status"]
    for payment in payments:
        is_pending = payment.is_canceled or payment.day >= pending_from
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


def way_of(payment, _shift, _in_own_words, way):
    """How a payment is entered: money in only by hand."""
    return way if payment.amount.startswith("-") else "hand"


def tellings_of_one(payments):
    """What may be drawn only once: two entries by hand, or two bills, are two payments, about which
    nobody is asked. Of twins, each is entered once.
    """
    alike = Counter((payment.amount, payment.payee) for payment in payments)

    def key(typed):
        payment = typed[0]
        has_twins = alike[payment.amount, payment.payee] > 1
        return payment.number, has_twins or way_of(*typed) == "hand"

    return key


@st.composite
def histories(draw):
    """Payments, among them genuine twins (alike but for their day, or in everything), and a random
    way and order of entering and importing them. A payment may be entered twice, in two ways.
    """
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(0, DAYS),
                st.sampled_from(AMOUNTS),
                st.sampled_from(PAYEES),
                st.lists(st.integers(0, 4), max_size=2),
            ),
            min_size=2,
            max_size=8,
        )
    )
    alike = [
        (day + later, amount, payee) for day, amount, payee, twins in drawn for later in (0, *twins)
    ]
    payments = [Payment(number, *one) for number, one in enumerate(sorted(alike))]
    typed = draw(
        st.lists(
            st.tuples(
                st.sampled_from(payments),
                st.integers(-2, 2),
                st.booleans(),
                st.sampled_from(["hand", "bill", "transfer"]),
            ),
            max_size=5,
            unique_by=tellings_of_one(payments),
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
    canceled = draw(st.lists(st.tuples(st.integers(0, DAYS), st.sampled_from(AMOUNTS)), max_size=2))
    payments += [Payment(-1 - number, *one, CANCELED) for number, one in enumerate(canceled)]
    # Now and then nobody answers until the end.
    late = st.just(set(range(len(steps)))) | st.sets(st.integers(0, len(steps)))
    return payments, steps, draw(late)


class Teller:
    """Enters one history into one account and answers review questions truthfully."""

    def __init__(self, payments):
        self.owner = make_user(f"{uuid4()}@example.com", password=None)
        self.payments, self.canceled = payments, []
        self.account = make_account(user=self.owner, opening_balance="100000", name="Main")
        self.pot = make_account(user=self.owner, opening_balance="100000", name="Rainy pot")
        # The payment behind each hand-entered line, which only the person knows.
        self.meant: dict[int, Payment] = {}
        self.asked = self.line_count = 0

    def tell(self, kind, telling, *, answers=True):
        (self.enter if kind == "typed" else self.read)(*telling)
        if answers:
            self.answer()

    def enter(self, payment, shift, in_own_words, way):
        on, amount = payment.on + timedelta(days=shift), Decimal(payment.amount)
        way = way_of(payment, shift, in_own_words, way)
        if way == "bill":
            row = self.pay(payment.payee, -amount, on)
        elif way == "transfer":
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
                description=IN_OWN_WORDS if in_own_words else payment.payee,
            ).transaction
        self.meant[row.pk] = payment

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
        """Import a complete file of some days. Lines of its last days may be pending."""
        shown = [payment for payment in self.payments if start <= payment.day <= start + length]
        if shown:
            last = max(row.day for row in shown)
            if has_pending and build is csv_file:
                shown += [row for row in self.canceled if last - 2 <= row.day <= last]
            rng.shuffle(shown)
            self.bring(build(shown, wording, last if has_pending else LATER), len(shown))

    def bring(self, content, count):
        try:
            imported(self.account, content, mapping=PLAIN if b"Status" in content else None)
        except AlreadyImportedError:
            return
        self.line_count += count

    def answer(self):
        """Answer every open question truthfully until none is left."""
        for _ in range(200):
            item = ReviewItem.objects.open().filter(user=self.owner).order_by("pk").first()
            if item is None:
                return
            self.asked += 1
            decide(actor=self.owner, item=item, decision=self.truth_about(item), at=timezone.now())
        pytest.fail("the questions have no end")

    def truth_about(self, item):
        if item.unlisted is not None:
            return "remove" if payee_in(item.description) == CANCELED else "keep"
        return "same" if self.is_same(item) else "different"

    def is_same(self, item):
        if item.candidate is None:
            return False
        self.swap_twins()
        mine, held = item.entered, item.candidate
        if mine is None:
            return self.listed(item) == self.meaning(held)
        if self.is_mine(mine) and self.is_mine(held):
            # Both only the person knows: equal payments are still two.
            return self.meant[mine.pk].number == self.meant[held.pk].number
        return self.meaning(mine) == self.meaning(held)

    def swap_twins(self):
        """Where the bank's line went to the entry of a twin, the twins' entries change places: a
        person sees which of their entries the bank has listed, and answers for the others.
        """
        while self.swap_two_twins():
            pass

    def swap_two_twins(self):
        """Whether two changed places: a third one may have to change places with the second."""
        rows = Transaction.objects.filter(pk__in=self.meant, deleted_at=None).order_by("pk")
        meant, waiting = self.meant, [row for row in rows if self.is_mine(row)]
        for row in rows:
            if self.is_mine(row) or self.triple(meant[row.pk]) == self.listed_as(row):
                continue
            for other in waiting:
                if self.triple(meant[other.pk]) == self.listed_as(row):
                    meant[row.pk], meant[other.pk] = meant[other.pk], meant[row.pk]
                    return True
        return False

    def is_mine(self, row):
        """Whether the line is as the person entered it, without the bank's data."""
        typed = self.meant.get(row.pk)
        return typed is not None and row.description in (typed.payee, IN_OWN_WORDS)

    def meaning(self, row):
        """The date, amount and payee of the payment behind a ledger line. Payments alike in all
        three are interchangeable once the bank lists them.
        """
        return self.triple(self.meant[row.pk]) if self.is_mine(row) else self.listed_as(row)

    def triple(self, payment):
        return (payment.on, Decimal(payment.amount), payment.payee)

    def listed_as(self, row):
        return self.listed(row, is_pending=row.status == "pending")

    def listed(self, line, is_pending=None):
        is_pending = line.is_pending if is_pending is None else is_pending
        on = line.txn_date + timedelta(days=is_pending)
        return (on, line.signed_amount, payee_in(line.description))

    def ledger(self):
        rows = Transaction.objects.filter(account=self.account, deleted_at=None)
        # What was announced before the days that the last file covers, and never booked, may wait.
        first = min(payment.on for payment in self.payments)
        rows = rows.exclude(status="pending", txn_date__lt=first, description__icontains=CANCELED)
        assert not rows.exclude(status="posted").exists()
        return Counter((row.signed_amount, self.meaning(row)[2]) for row in rows)

    def truth(self):
        return Counter((Decimal(payment.amount), payment.payee) for payment in self.payments)


def payee_in(text):
    plain = folded(text)
    return next(payee for payee in (*PAYEES, CANCELED) if folded(payee) in plain)


def tell_everything(payments, steps, late=()):
    """Enter the whole history, and finally import a file that lists all of it. Nobody answers
    between the steps in `late` and the next.
    """
    teller = Teller([payment for payment in payments if not payment.is_canceled])
    teller.canceled = [payment for payment in payments if payment.is_canceled]
    for place, (kind, telling) in enumerate(steps):
        teller.tell(kind, telling, answers=place not in late)
    teller.bring(csv_file(teller.payments, 1, LATER), len(teller.payments))
    teller.answer()
    return teller


# Without shrinking: a shorter example takes minutes, and each says enough.
@pytest.mark.search
@pytest.mark.slow
@settings(max_examples=up_to(25, quick=6), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(histories())
def test_ledger_matches_the_bank_however_payments_arrive(db, history):
    teller = tell_everything(*history)
    assert teller.ledger() == teller.truth()
    teller.account.refresh_from_db()
    paid = sum(Decimal(payment.amount) for payment in teller.payments)
    assert teller.account.balance == Decimal(100000) + paid
    assert check_ledger(teller.account.pk).is_clean


def test_an_entry_booked_while_a_question_waited_may_still_have_been_announced(db):
    """The file with the announcement asks about the entry for another line of the same amount."""
    payments = [Payment(day, day, "-3.20", "Hotel Sea") for day in range(3)]
    typed = ("typed", (payments[-1], 0, False, "hand"))
    file = ("file", (csv_file, 0, 3, 0, True, random.Random(1)))
    teller = tell_everything(payments, [typed, file], late={0, 1})
    assert teller.ledger() == teller.truth()


def test_without_the_matcher_payments_are_doubled(db, monkeypatch):
    """Negative control: the test above would notice."""

    def take_all_for_new(incoming, *_, **__):
        return Matching({line.key: Verdict(NEW) for line in incoming})

    monkeypatch.setattr(import_verdicts, "match", take_all_for_new)
    payment = Payment(0, 5, "-10.00", "Kern Bakery")
    steps = [("typed", (payment, 1, False, "hand"))]
    teller = tell_everything([payment], steps)
    assert teller.ledger() != teller.truth()


# -- entered twice in two ways --------------------------------------------------------------------

AT = timezone.now


@pytest.fixture
def teller(db):
    return Teller([])


def amounts(teller):
    rows = Transaction.objects.filter(account=teller.account, deleted_at=None)
    return sorted(rows.values_list("signed_amount", "origin"))


TEN = Decimal(-10)


def test_bill_paid_after_the_same_payment_was_typed_is_asked_about(teller):
    on = FIRST
    typed = enter_transaction(
        actor=teller.owner,
        account=teller.account,
        signed_amount=TEN,
        txn_date=on,
        description="Bakery",
        notes="rolls",
    ).transaction
    paid = teller.pay("Kern Bakery", Decimal(10), on + timedelta(days=1))
    assert amounts(teller) == [(TEN, "bill"), (TEN, "manual")]
    item = ReviewItem.objects.get()
    assert (item.entered, item.candidate) == (paid, typed)
    item = decide(actor=teller.owner, item=item, decision="same", at=AT())
    paid.refresh_from_db()
    assert (amounts(teller), paid.notes) == ([(TEN, "bill")], "rolls")
    undo_decision(actor=teller.owner, item=item, at=AT())
    paid.refresh_from_db()
    assert (amounts(teller), paid.notes) == ([(TEN, "bill"), (TEN, "manual")], "")
    assert check_ledger(teller.account.pk).is_clean


@pytest.mark.parametrize("second", ["bill", "transfer"])
def test_two_that_must_both_stay_are_never_asked_about(teller, second):
    teller.pay("Kern Bakery", Decimal(10), FIRST)
    teller.enter(Payment(0, 1, "-10.00", "Kern Bakery"), 0, False, second)
    assert not ReviewItem.objects.exists()
    assert amounts(teller) == sorted([(TEN, "bill"), (TEN, second)])


def test_bank_line_that_paid_a_bill_and_another_bill_cannot_be_one(teller):
    imported(
        teller.account, csv_file([Payment(0, 0, "-10.00", "Kern Bakery")], 0, LATER), mapping=PLAIN
    )
    bill = create_bill(
        actor=teller.owner,
        user=teller.owner,
        biller_name="Kern Bakery",
        amount_due=Decimal(10),
        currency="EUR",
        due_date=FIRST,
    )
    paid = teller.pay("Kern Bakery", Decimal(10), FIRST)
    item = ReviewItem.objects.get(entered=paid)
    settle_with(actor=teller.owner, bill=bill, payment=item.candidate)
    with pytest.raises(ValidationError, match="Both paid a bill or belong to a transfer made here"):
        decide(actor=teller.owner, item=item, decision="same", at=AT())
    assert amounts(teller) == [(TEN, "bill"), (TEN, "import")]


@pytest.mark.slow
def test_split_entry_keeps_its_parts_when_the_bank_has_it_too(teller):
    imported(
        teller.account, csv_file([Payment(0, 0, "-10.00", "Kern Bakery")], 0, LATER), mapping=PLAIN
    )
    entered = enter_transaction(
        actor=teller.owner,
        account=teller.account,
        signed_amount=TEN,
        txn_date=FIRST + timedelta(days=1),
        description="Bakery",
    )
    parts = [Part(Decimal(-4)), Part(Decimal(-6))]
    split_transaction(actor=teller.owner, transaction=entered.transaction, parts=parts)
    decide(actor=teller.owner, item=entered.review, decision="same", at=AT())
    row = Transaction.objects.get(account=teller.account, deleted_at=None)
    assert (row.is_split, row.splits.count(), row.txn_date) == (True, 2, FIRST)
    assert row.description == "Card payment Kern Bakery 0042"
    assert check_ledger(teller.account.pk).is_clean
    undo_decision(actor=teller.owner, item=ReviewItem.objects.get(), at=AT())
    assert amounts(teller) == [(TEN, "import"), (TEN, "manual")]
    assert check_ledger(teller.account.pk).is_clean


def test_entry_is_asked_about_the_next_twin_after_different(teller):
    twins = [Payment(number, day, "-10.00", "Kern Bakery") for number, day in enumerate((0, 2))]
    imported(teller.account, csv_file(twins, 0, LATER), mapping=PLAIN)
    entered = enter_transaction(
        actor=teller.owner,
        account=teller.account,
        signed_amount=TEN,
        txn_date=FIRST,
        description="Bakery",
    )
    first = entered.review.candidate
    item = decide(actor=teller.owner, item=entered.review, decision="different", at=AT())
    assert item.status == "open"
    assert item.candidate not in (None, first)
    item = decide(actor=teller.owner, item=item, decision="same", at=AT())
    assert (item.status, len(amounts(teller))) == ("same", 2)


class HouseholdTeller(Teller):
    """Enters the transactions of one demo household account, identified by the bank's wording."""

    def swap_twins(self):
        """Each of its payments is entered once, and its questions are few."""

    def is_mine(self, row):
        return row.pk in self.meant and not row.bank_lines.exists()

    def meaning(self, row):
        if self.is_mine(row):
            typed = self.meant[row.pk]
            return (typed.txn_date, typed.signed_amount, typed.description)
        return self.listed(row)

    def listed(self, line, is_pending=None):
        words = line.description.removesuffix(" 4417 REF").casefold()
        original = next(
            payment for payment in self.payments if folded(payment.description) == folded(words)
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


@pytest.mark.slow
def test_announced_entry_typed_again_as_a_transfer_is_still_one_payment(db):
    """The announcement moves to the transfer as one: the bank has not booked it yet."""
    payment = Payment(0, 20, "-10.00", "Shell Station")
    steps = [
        ("typed", (payment, 0, True, "hand")),
        ("file", (csv_file, 9, 20, 0, True, random.Random(1))),
        ("typed", (payment, 1, False, "transfer")),
        ("file", (csv_file, 12, 20, 1, True, random.Random(1))),
    ]
    teller = tell_everything([payment], steps)
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["hand", "bill"])
@pytest.mark.parametrize("build", [csv_file, ofx_file])
def test_line_of_the_bank_comes_before_an_entry_with_its_words(db, build, way):
    """Of two alike on one day, one listed in other words and one typed a day late."""
    payments = [Payment(n, day, "-25.00", "Łódź Zoo") for n, day in enumerate((13, 14, 16))]
    steps = [
        ("file", (build, 14, 19, 0, False, random.Random(1))),
        ("typed", (payments[0], 1, False, way)),
    ]
    teller = tell_everything(payments, steps)
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.once
def test_announcement_of_what_another_line_was_asked_about_is_no_new_payment(db):
    """The file lists the first payment, which might be the third one, and announces the third."""
    payments = [Payment(n, day, "-49.90", "Łódź Zoo") for n, day in enumerate((20, 23, 24))]
    steps = [
        ("typed", (payments[1], 2, False, "bill")),
        ("typed", (payments[2], 1, True, "hand")),
        ("file", (camt_file, 23, 6, 1, False, random.Random(1))),
        ("file", (csv_file, 9, 21, 1, True, random.Random(1))),
    ]
    teller = tell_everything(payments, steps)
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.once
def test_transfer_whose_line_became_a_bills_payment_is_asked_about_a_farther_one(db):
    """All three are alike, and entered two days early or late."""
    payments = [Payment(n, day, "-3.20", "Shell Station") for n, day in enumerate((13, 17, 17))]
    steps = [
        ("typed", (payments[2], -2, True, "bill")),
        ("typed", (payments[1], -1, True, "transfer")),
        ("file", (camt_file, 11, 4, 0, True, random.Random(1))),
        ("typed", (payments[0], -2, True, "transfer")),
        ("file", (ofx_file, 9, 11, 0, False, random.Random(1))),
    ]
    teller = tell_everything(payments, steps)
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.once
def test_question_about_a_merged_entry_is_about_what_it_became(db):
    """The file comes before the question about the two entries is answered."""
    payments = [Payment(0, 15, "-10.00", "Łódź Zoo")]
    steps = [
        ("typed", (payments[0], 1, True, "transfer")),
        ("typed", (payments[0], -1, False, "hand")),
    ]
    teller = tell_everything(payments, steps, late={0, 1})
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.once
def test_line_like_a_waiting_one_is_asked_about_what_that_became(db):
    """The second file comes before the questions of the first are answered."""
    days = ((6, "Kern Bakery"), (8, "Kern Bakery"), (10, "Kern Bakery"), (11, "Shell Station"))
    payments = [Payment(n, day, "25.00", payee) for n, (day, payee) in enumerate(days)]
    steps = [("typed", (payments[n], shift, False, "hand")) for n, shift in enumerate((2, -2, 2))]
    steps += [("file", (csv_file, 9, 20, 0, False, random.Random(1)))]
    steps += [("file", (csv_file, 5, 21, 1, False, random.Random(1)))]
    teller = tell_everything(payments, steps, late={0, 2, 3})
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.once
def test_line_that_one_entry_was_told_apart_from_is_asked_about_another(db):
    """The bill's payment is the first line, so that the second may be what was typed before."""
    payments = [Payment(n, day, "-49.90", "Müller Drogerie") for n, day in enumerate((5, 8))]
    steps = [
        ("typed", (payments[1], -2, True, "hand")),
        ("file", (csv_file, 1, 9, 1, True, random.Random(1))),
        ("typed", (payments[0], 0, True, "bill")),
    ]
    teller = tell_everything(payments, steps, late={0, 1, 2})
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.once
def test_booked_line_has_none_of_the_answers_about_its_twins_announcement(db):
    """One file books the first payment and announces the second, on one day in the same words."""
    payments = [Payment(n, day, "-49.90", "Hotel Sea") for n, day in enumerate((1, 2))]
    steps = [
        ("typed", (payments[0], -1, True, "hand")),
        ("file", (ofx_file, 2, 16, 0, True, random.Random(1))),
        ("file", (csv_file, 1, 5, 1, True, random.Random(1))),
    ]
    teller = tell_everything(payments, steps)
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
@pytest.mark.once
def test_entry_with_the_day_and_words_of_a_bank_line_has_none_of_its_answers(db):
    """The bank's two lines are two payments. The second is then typed on the first one's day."""
    payments = [Payment(n, day, "-10.00", "Shell Station") for n, day in enumerate((18, 20))]
    steps = [
        ("typed", (payments[0], 0, True, "hand")),
        ("file", (camt_file, 20, 3, 1, False, random.Random(1))),
        ("file", (camt_file, 18, 1, 1, False, random.Random(1))),
        ("typed", (payments[1], -2, False, "hand")),
    ]
    teller = tell_everything(payments, steps)
    assert teller.ledger() == teller.truth()


@pytest.mark.slow
def test_entry_that_a_line_became_is_no_other_line_of_that_file(db):
    """One of two equal lines becomes an entry that was asked about beside the other."""
    days = ((13, "Netflix"), (14, "Łódź Zoo"), (14, "Łódź Zoo"), (17, "Netflix"))
    days += ((17, "Łódź Zoo"), (18, "Łódź Zoo"))
    payments = [Payment(n, day, "-10.00", payee) for n, (day, payee) in enumerate(days)]
    steps = [("typed", (payments[4], -2, True, "hand")), ("typed", (payments[2], -1, True, "hand"))]
    teller = tell_everything(payments, steps)
    assert teller.ledger() == teller.truth()


def of_three_twins(*entries, files=()):
    """Three payments alike but for their day, each entry by (number, days off, way), and files of
    some days (first, length, wording), in the given order.
    """
    payments = [Payment(n, day, "-10.00", "Müller Drogerie") for n, day in enumerate((18, 20, 22))]
    steps = [("typed", (payments[n], off, False, way)) for n, off, way in entries]
    for place, (first, length, wording) in files:
        listed = (camt_file, first, length, wording, False, random.Random(1))
        steps.insert(place, ("file", listed))
    return payments, steps


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(
    ("history", "late"),
    [
        # Two lines become the entries of their day, and the third entry lies six days off.
        (of_three_twins((2, 2, "hand"), (0, 2, "bill"), (1, 2, "bill")), ()),
        (of_three_twins((0, 2, "hand"), (1, 2, "hand"), (2, 2, "hand")), ()),
        (of_three_twins((0, -2, "hand"), (1, -2, "bill"), (2, -2, "bill")), ()),
        # Told apart from a line with its own day and words.
        (of_three_twins((1, 2, "bill"), files=[(0, (22, 3, 1))]), ()),
        # Two entries of one day and words, of which one is a line of the bank already.
        (of_three_twins((2, -2, "bill"), (1, 0, "bill"), files=[(0, (19, 1, 1))]), ()),
        # The entry's own line was being asked about when it was entered.
        (of_three_twins((1, 0, "bill"), (2, 0, "bill"), files=[(0, (22, 3, 0))]), {1, 2}),
        # A bill's payment told apart from another entry.
        (of_three_twins((2, -1, "bill"), (0, 2, "hand"), files=[(1, (16, 12, 0))]), {1}),
    ],
    ids=["late", "typed", "early", "same words", "listed", "asked", "told apart"],
)
def test_entry_of_a_twin_is_asked_about_its_own_line(db, history, late):
    """From seeds of the generator: each was one payment too many, or a question without an end."""
    teller = tell_everything(*history, late)
    assert teller.ledger() == teller.truth()
    assert teller.asked <= 6


@pytest.mark.slow
@pytest.mark.once
def test_entry_that_was_added_by_a_file_is_no_other_line_of_it(db):
    """A bill's payment becomes one of two equal lines, while asked whether it is the other."""
    days = ((3, "Netflix"), (4, "Netflix"), (4, "Netflix"), (10, "Łódź Zoo"), (10, "Łódź Zoo"))
    days += ((12, "Łódź Zoo"),)
    payments = [Payment(n, day, "-10.00", payee) for n, (day, payee) in enumerate(days)]
    steps = [
        ("typed", (payments[2], 1, True, "hand")),
        ("typed", (payments[1], 0, False, "bill")),
        ("typed", (payments[0], -1, False, "bill")),
        ("file", (camt_file, 11, 11, 0, False, random.Random(1))),
        ("file", (csv_file, 11, 19, 0, True, random.Random(1))),
        ("typed", (payments[5], -1, False, "transfer")),
        ("typed", (payments[4], -2, False, "bill")),
    ]
    teller = tell_everything(payments, steps, {6})
    assert teller.ledger() == teller.truth()


@pytest.mark.once
def test_entries_that_one_file_lists_beside_each_other_are_two_payments(db):
    """They were being asked about, and the file lists both in the same words on one day."""
    payments = [Payment(n, day, "-49.90", "Netflix") for n, day in enumerate((3, 3, 4))]
    steps = [
        ("typed", (payments[2], -1, False, "bill")),
        ("typed", (payments[0], 0, False, "hand")),
    ]
    teller = tell_everything(payments, steps, late={1})
    assert teller.ledger() == teller.truth()


@pytest.mark.parametrize("is_answered", [True, False])
def test_what_a_file_settled_is_asked_again_once_it_is_undone(db, is_answered):
    """What a person ruled out stays ruled out."""
    twins = [Payment(n, day, "-49.90", "Netflix") for n, day in enumerate((3, 4, 5))]
    teller = Teller(twins)
    teller.bring(csv_file(twins[2:], 0, LATER), 1)
    teller.enter(twins[0], 0, False, "hand")
    teller.enter(twins[1], 0, False, "bill")
    first, item = ReviewItem.objects.order_by("pk")
    assert item.candidate == first.entered
    apart = []
    if is_answered:
        apart = [item.candidate_id]
        decide(actor=teller.owner, item=item, decision="different", at=AT())
    item.refresh_from_db()
    before = item.candidate_id
    batch = imported(teller.account, csv_file(twins, 0, LATER), mapping=PLAIN)
    item.refresh_from_db()
    assert (item.status, item.told_apart) == ("different", [first.entered_id, first.candidate_id])
    revert_import(actor=teller.owner, batch=batch, at=AT())
    item.refresh_from_db()
    assert (item.status, item.candidate_id, item.told_apart) == ("open", before, apart)
    assert item.decided_at is None


@pytest.mark.slow
@pytest.mark.once
def test_announcement_of_an_entry_that_was_booked_meanwhile_is_booked_too(db):
    """The entry is booked as the payment that the bank announces, while it is asked about that."""
    payments = [Payment(n, day, "-49.90", "Łódź Zoo") for n, day in enumerate((23, 25))]
    steps = [
        ("file", (csv_file, 17, 19, 0, True, random.Random(1))),
        ("typed", (payments[0], 2, False, "hand")),
    ]
    teller = tell_everything(payments, steps, late={1})
    assert teller.ledger() == teller.truth()


@pytest.mark.once
@pytest.mark.slow
def test_entry_that_is_asked_about_beside_its_own_line_is_not_taken_for_another(db):
    """The second file has the transfer's line again, beside two more like it."""
    payments = [Payment(n, day, "-10.00", "Hotel Sea") for n, day in enumerate((20, 24, 24))]
    steps = [
        ("file", (camt_file, 5, 15, 0, False, random.Random(1))),
        ("typed", (payments[0], 0, False, "transfer")),
        ("file", (camt_file, 9, 17, 0, False, random.Random(1))),
        ("typed", (payments[2], 2, True, "hand")),
        ("typed", (payments[1], 2, False, "transfer")),
    ]
    teller = tell_everything(payments, steps, late=range(6))
    assert teller.ledger() == teller.truth()
    assert teller.asked <= 5


@pytest.mark.once
@pytest.mark.slow
def test_entry_is_asked_about_what_another_entry_and_a_line_are_compared_with(db):
    """The second transfer is nobody's question until the first one is told apart from the entry."""
    netflix, bakery = Payment(0, 14, "-10.00", "Netflix"), Payment(1, 17, "-10.00", "Kern Bakery")
    steps = [
        ("typed", (bakery, -2, False, "hand")),
        ("typed", (netflix, 0, False, "transfer")),
        ("file", (ofx_file, 12, 6, 0, False, random.Random(1))),
        ("typed", (bakery, -1, False, "transfer")),
        ("typed", (netflix, -1, True, "hand")),
    ]
    teller = tell_everything([netflix, bakery], steps, late=range(6))
    assert teller.ledger() == teller.truth()
    assert teller.asked <= 5


@pytest.mark.slow
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
        teller.answer()
    teller.bring(*teller.ofx_of(start, end))
    teller.answer()
    share = teller.asked / teller.line_count
    record_property("questions", f"{key}: {teller.asked} of {teller.line_count} lines, {share:.1%}")
    print(f"{key}: {teller.asked} questions about {teller.line_count} lines, {share:.1%}")
    assert share <= 0.03
    found = Transaction.objects.filter(account=teller.account, deleted_at=None)
    amounts = Counter(found.values_list("signed_amount", flat=True))
    assert amounts == Counter(row.signed_amount for row in rows)
    assert check_ledger(teller.account.pk).is_clean
