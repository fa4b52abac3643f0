"""Paying a bill: once, with its points and its next occurrence."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from bills.models import Bill
from bills.recurrence import occurrence_date
from bills.services.paying import pay_bill, settle_with
from bills.services.planning import create_bill, edit_bill, skip_bill
from rewards.models import PointsEntry
from tests.builders import make_transaction
from transactions.models import Transaction

JANUARY_31 = date(2026, 1, 31)


@pytest.fixture
def alice(alice):
    alice.base_currency = "EUR"
    alice.save()
    return alice


def make_bill(alice, **over):
    fields = {"biller_name": "Power", "amount_due": Decimal("80.00"), "due_date": JANUARY_31}
    return create_bill(actor=alice, user=alice, **(fields | over))


def test_the_31st_comes_back_after_february():
    dates = [occurrence_date(JANUARY_31, "monthly", number) for number in range(4)]
    assert [str(day) for day in dates] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert occurrence_date(JANUARY_31, "none", 1) is None


def test_paying_from_an_account_posts_earns_and_plans_the_next(alice, checking):
    bill = make_bill(alice, recurrence="monthly", account=checking)
    paid = pay_bill(actor=alice, bill=bill, on=date(2026, 1, 30))
    checking.refresh_from_db()
    assert checking.balance == Decimal("920.00")
    assert (paid.status_on(date(2026, 3, 1)), paid.amount_paid) == ("paid", Decimal("80.00"))
    assert paid.payment.signed_amount == Decimal("-80.00")
    assert PointsEntry.objects.get().points == 88
    following = Bill.objects.open().get()
    assert (following.due_date, following.sequence) == (date(2026, 2, 28), 1)


def test_paying_twice_pays_once(alice, checking):
    bill = make_bill(alice, recurrence="weekly", account=checking)
    first = pay_bill(actor=alice, bill=bill, on=JANUARY_31)
    second = pay_bill(actor=alice, bill=bill, on=JANUARY_31)
    assert first.payment_id == second.payment_id
    assert Transaction.objects.count() == 1
    assert PointsEntry.objects.count() == 1
    assert Bill.objects.count() == 2


def test_without_enough_money_nothing_happens(alice, checking):
    bill = make_bill(alice, amount_due=Decimal("1000.01"), account=checking)
    with pytest.raises(ValidationError) as refusal:
        pay_bill(actor=alice, bill=bill, on=JANUARY_31)
    assert refusal.value.error_dict["amount"][0].code == "insufficient_funds"
    bill.refresh_from_db()
    checking.refresh_from_db()
    assert (bill.paid_at, checking.balance) == (None, Decimal("1000.00"))
    assert not Transaction.objects.exists()
    assert not PointsEntry.objects.exists()


def test_a_part_payment_leaves_the_rest_open(alice, checking):
    bill = make_bill(alice, recurrence="monthly", account=checking)
    pay_bill(actor=alice, bill=bill, on=JANUARY_31, amount=Decimal("30.00"))
    still_open = list(Bill.objects.open().values_list("due_date", "amount_due", "recurrence"))
    assert still_open == [
        (JANUARY_31, Decimal("50.00"), "none"),
        (date(2026, 2, 28), Decimal("80.00"), "monthly"),
    ]


def test_an_imported_expense_settles_without_posting_again(alice, checking):
    bill = make_bill(alice)
    row = make_transaction(account=checking, amount="-80.00", origin="import")
    settled = settle_with(actor=alice, bill=bill, payment=row)
    assert (settled.payment, settled.amount_paid) == (row, Decimal("80.00"))
    assert Transaction.objects.count() == 1
    assert PointsEntry.objects.get().points == 80
    other = make_bill(alice, biller_name="Water")
    with pytest.raises(ValidationError) as refusal:
        settle_with(actor=alice, bill=other, payment=row)
    assert refusal.value.message_dict == {"payment": ["This transaction has paid another bill."]}


def test_a_skipped_occurrence_is_followed_by_the_next(alice):
    bill = make_bill(alice, recurrence="yearly")
    skip_bill(actor=alice, bill=bill)
    assert Bill.objects.open().get().due_date == date(2027, 1, 31)
    with pytest.raises(ValidationError):
        pay_bill(actor=alice, bill=bill, on=JANUARY_31)


def test_a_change_goes_for_the_open_occurrences_after_it(alice):
    bill = make_bill(alice, recurrence="monthly")
    skip_bill(actor=alice, bill=bill)
    following = Bill.objects.open().get()
    edit_bill(actor=alice, bill=following, amount_due=Decimal("90.00"))
    skip_bill(actor=alice, bill=following)
    assert Bill.objects.open().get().amount_due == Decimal("90.00")


def test_auto_pay_needs_an_account(alice):
    with pytest.raises(ValidationError) as refusal:
        make_bill(alice, auto_pay=True)
    assert "Choose the account that pays it automatically." in str(refusal.value)
    assert not Bill.objects.exists()
