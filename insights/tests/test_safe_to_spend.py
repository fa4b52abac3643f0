"""Safe to spend until payday: every payment counts once, whatever it is entered as."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bills.models import Bill
from bills.services.paying import pay_bill
from bills.services.planning import create_bill
from insights.figures.coverage import coverage_for
from insights.forecast.forecast_ledger import load_ledger
from insights.home.safe_to_spend import outlook_of
from tests.builders import make_account, make_transaction, make_user
from tests.depth import up_to
from transactions.models import Category, Transaction
from transactions.services.posting import delete_transactions
from transactions.services.transfers import transfer_funds

pytestmark = pytest.mark.django_db

# The clock of the test run.
ON = date(2026, 11, 18)
PAY_DAY = date(2026, 11, 25)


@pytest.fixture
def owner():
    return make_user("owner@example.org", base_currency="EUR")


@pytest.fixture
def main(owner):
    """1,000 on a checking account that is paid on the 25th of each month."""
    account = make_account(user=owner, name="Main", opening_balance="1000.00")
    for month in range(5, 11):
        make_transaction(
            account=account, amount="2000.00", txn_date=date(2026, month, 25),
            description="ACME PAYROLL", merchant="Acme",
        )  # fmt: skip
        make_transaction(
            account=account, amount="-2000.00", txn_date=date(2026, month, 26),
            description=f"spent {month}", merchant=f"shop {month}",
        )  # fmt: skip
    return account


def outlook(user):
    ledger = load_ledger(coverage=coverage_for(user), currency="EUR", on=ON, origins=())
    return outlook_of(ledger)


def safe(user):
    return outlook(user).safe


def bill(owner, account, amount="100.00", due=date(2026, 11, 22), **over):
    fields = {"biller_name": "City Power", "recurrence": "none"} | over
    return create_bill(
        actor=owner, user=owner, amount_due=Decimal(amount), due_date=due, account=account, **fields
    )


def test_money_at_hand_lasts_until_the_next_payday(owner, main):
    found = safe(owner)
    assert (found.amount, found.until, found.days) == (1000, PAY_DAY, 7)
    assert found.per_day == Decimal(1000) / 7
    assert found.deductions == ()


def test_savings_are_left_alone_and_card_debt_is_spent(owner, main):
    make_account(user=owner, name="Pot", account_type="savings", opening_balance="5000.00")
    make_account(user=owner, name="Card", account_type="credit_card", opening_balance="-150.00")
    make_account(user=owner, name="Wallet", account_type="cash", opening_balance="20.00")
    assert safe(owner).amount == 870


def test_bills_due_before_payday_are_taken_off(owner, main):
    bill(owner, main)
    bill(owner, main, "40.00", due=PAY_DAY, biller_name="Water")
    found = safe(owner)
    assert found.amount == 900
    assert [(part.kind, part.name, part.amount) for part in found.deductions] == [
        ("bill", "City Power", 100)
    ]


def test_an_overdue_bill_counts_also_on_the_eve_of_payday(owner, main):
    bill(owner, main, due=ON - timedelta(days=3))
    assert safe(owner).amount == 900


@pytest.mark.slow
def test_paying_a_bill_leaves_the_figure_unchanged(owner, main):
    due = bill(owner, main)
    assert safe(owner).amount == 900
    pay_bill(actor=owner, bill=due, account=main, amount=Decimal(100), on=ON)
    assert safe(owner).amount == 900


@pytest.mark.slow
def test_scheduling_its_payment_leaves_the_figure_unchanged(owner, main):
    due = bill(owner, main)
    pay_bill(actor=owner, bill=due, account=main, amount=Decimal(100), on=date(2026, 11, 21))
    found = safe(owner)
    assert found.amount == 900
    assert [part.kind for part in found.deductions] == ["planned"]


@pytest.mark.slow
def test_a_pending_line_is_taken_off_once_and_stays_so_when_booked(owner, main):
    row = make_transaction(
        account=main, amount="-30.00", txn_date=ON, status="pending", description="Bakery"
    )
    found = safe(owner)
    assert (found.amount, [part.kind for part in found.deductions]) == (970, ["pending"])
    delete_transactions(actor=owner, rows=Transaction.objects.filter(pk=row.pk))
    make_transaction(account=main, amount="-30.00", txn_date=ON, description="Bakery")
    assert safe(owner).amount == 970


def test_a_pending_line_is_taken_off_on_the_eve_of_payday_too(owner):
    account = make_account(user=owner, name="Main", opening_balance="100.00")
    for month in range(5, 11):
        make_transaction(
            account=account, amount="2000.00", txn_date=date(2026, month, 19),
            description="ACME PAYROLL", merchant="Acme",
        )  # fmt: skip
    make_transaction(
        account=account, amount="-30.00", txn_date=ON, status="pending", description="Bakery"
    )
    found = safe(owner)
    assert found.until == ON + timedelta(days=1)
    assert [(part.kind, part.amount) for part in found.deductions] == [("pending", 30)]


@pytest.mark.slow
def test_a_pending_payment_of_a_subscription_is_not_expected_again(owner, main):
    for month in range(5, 11):
        make_transaction(
            account=main, amount="-15.00", txn_date=date(2026, month, 18),
            description="STREAMLINE", merchant="Streamline",
        )  # fmt: skip
    assert [(p.kind, p.amount) for p in safe(owner).deductions] == [("recurring", 15)]
    make_transaction(
        account=main, amount="-15.00", txn_date=ON, status="pending",
        description="STREAMLINE", merchant="Streamline",
    )  # fmt: skip
    assert [(p.kind, p.amount) for p in safe(owner).deductions] == [("pending", 15)]


@pytest.mark.slow
def test_paying_the_card_leaves_the_figure_unchanged(owner, main):
    card = make_account(
        user=owner, name="Card", account_type="credit_card", opening_balance="-150.00"
    )
    assert safe(owner).amount == 850
    transfer_funds(
        actor=owner, source=main, target=card, amount=Decimal(150), on=date(2026, 11, 20)
    )
    assert safe(owner).amount == 850


def test_a_bill_for_the_card_is_not_taken_off_beside_its_debt(owner, main):
    make_account(user=owner, name="Card", account_type="credit_card", opening_balance="-150.00")
    bill(
        owner, main, "180.00", biller_name="Card payment",
        category=Category.objects.get(user=None, slug="card-payment"),
    )  # fmt: skip
    found = safe(owner)
    assert found.amount == 820
    assert [(part.amount, part.covered) for part in found.deductions] == [(30, 150)]


def test_a_planned_transfer_to_savings_is_taken_off(owner, main):
    pot = make_account(user=owner, name="Pot", account_type="savings")
    transfer_funds(actor=owner, source=main, target=pot, amount=Decimal(200), on=ON + timedelta(2))
    assert safe(owner).amount == 800


def test_money_that_may_come_in_before_payday_does_not_count(owner, main):
    make_transaction(account=main, amount="70.00", txn_date=ON + timedelta(days=2))
    assert safe(owner).amount == 1000


def test_without_a_payday_it_lasts_until_the_month_ends(owner):
    account = make_account(user=owner, opening_balance="300.00")
    bill(owner, account, due=date(2026, 11, 30))
    bill(owner, account, "50.00", due=date(2026, 12, 1), biller_name="Later")
    found = safe(owner)
    assert (found.pay_day, found.until, found.days, found.amount) == (
        None,
        date(2026, 11, 30),
        13,
        200,
    )


def test_money_that_does_not_reach_payday_is_said_to_be_short(owner, main):
    bill(owner, main, "1300.00")
    found = safe(owner)
    assert (found.amount, found.is_short, found.per_day) == (-300, True, 0)


def test_an_amount_without_a_rate_is_left_out_and_named(owner, main):
    make_account(user=owner, name="Francs", currency="CHF", opening_balance="70.00")
    bill(owner, main, "9.00", currency="CHF")
    found = safe(owner)
    assert (found.amount, found.not_converted_count) == (1000, 2)


def test_without_a_spendable_account_there_is_no_figure(owner):
    make_account(user=owner, name="Pot", account_type="savings", opening_balance="5000.00")
    assert outlook(owner) is None


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(up_to(12, quick=4)))
def test_no_money_counts_twice_for_random_people(seed):
    """The figure is the accounts minus the parts; settling any part leaves it unchanged."""
    dice = random.Random(seed)
    owner = make_user(f"p{seed}@example.org", base_currency="EUR")
    accounts = [
        make_account(user=owner, name="Main", opening_balance="3000", overdraft_limit="9000"),
        make_account(user=owner, name="Cash", account_type="cash", opening_balance="90"),
        make_account(
            user=owner, name="Card", account_type="credit_card",
            opening_balance="-400", overdraft_limit="9000",
        ),
        make_account(user=owner, name="Pot", account_type="savings", opening_balance="800"),
    ]  # fmt: skip
    main = accounts[0]
    for merchant, amount, day in (("Acme", 1900, 27), ("Streamline", -15, 19), ("Gym", -39, 20)):
        for month in range(4, 11):
            make_transaction(
                account=main, amount=f"{amount}.00", txn_date=date(2026, month, day),
                description=merchant.upper(), merchant=merchant,
            )  # fmt: skip
    bills = [
        bill(
            owner, dice.choice([main, None]),
            "39.00" if name == "Gym" else str(dice.randint(5, 300)),
            due=ON + timedelta(days=dice.randint(-6, 14)), biller_name=name,
            recurrence=dice.choice(["none", "weekly", "monthly"]),
        )
        for name in ("Power", "Rent", "Gym", "Dentist")
    ]  # fmt: skip
    for _ in range(6):
        make_transaction(
            account=dice.choice(accounts[:3]),
            amount=f"-{dice.randint(1, 80)}.00",
            txn_date=ON + timedelta(days=dice.randint(-2, 6)),
            status="pending" if dice.random() < 0.5 else "posted",
            description=f"line {dice.random()}",
        )
    found = safe(owner)
    in_accounts = sum((account.balance for account in _fresh(accounts[:3])), Decimal(0))
    assert found.in_accounts == in_accounts
    assert found.amount == in_accounts - sum(part.amount for part in found.deductions)
    lines = [p.event.transaction_id for p in found.deductions if p.event.transaction_id]
    assert len(lines) == len(set(lines))
    # An overdue occurrence is expected tomorrow, when the next one may be due too.
    later = [p for p in found.deductions if p.event.bill_id and p.on > ON + timedelta(days=1)]
    dues = [(p.event.bill_id, p.on) for p in later]
    assert len(dues) == len(set(dues))
    for one in bills:
        due = Bill.objects.get(pk=one.pk)
        if due.due_date <= ON or due.due_date < found.until:
            pay_bill(actor=owner, bill=due, account=main, amount=due.amount_due, on=ON)
            assert safe(owner).amount == found.amount, due.biller_name


def _fresh(accounts):
    for account in accounts:
        account.refresh_from_db()
    return accounts
