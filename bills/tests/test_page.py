"""Totals and notes on the bill pages, on a fixed date."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.services import delete_account
from bills import page
from bills.matching import match_suggestions
from bills.models import Bill
from bills.page import auto_pay_note, calendar_context, list_context
from bills.services.auto_paying import auto_pay
from bills.services.paying import pay_bill, settle_with, unpay_bill
from bills.services.planning import create_bill, delete_bill, edit_bill, skip_bill
from tests.builders import make_transaction

pytestmark = pytest.mark.once
TENTH = date(2026, 3, 10)


def make_bill(alice, **over):
    fields = {"biller_name": "Power", "amount_due": Decimal("80.00"), "due_date": date(2026, 3, 20)}
    return create_bill(actor=alice, user=alice, **(fields | over))


def month_of(alice, month=TENTH):
    found = calendar_context(user=alice, month=month, on=TENTH)
    return found["planned"], found["to_come"], found["is_empty"]


def test_a_month_counts_part_payments_once_and_skips_skipped_bills(alice):
    bill = make_bill(alice)
    pay_bill(actor=alice, bill=bill, on=TENTH, amount=Decimal("30.00"))
    skip_bill(actor=alice, bill=make_bill(alice, biller_name="Gym"))
    make_bill(alice, biller_name="Trip", currency="EUR", amount_due=Decimal("7.00"))
    planned, to_come, is_empty = month_of(alice)
    assert planned.count == 3
    assert planned.by_currency == (("EUR", Decimal("7.00")), ("USD", Decimal("80.00")))
    assert (to_come.count, is_empty) == (0, False)


def test_a_distant_month_totals_expected_bills_separately(alice):
    make_bill(alice, recurrence="weekly")
    planned, to_come, is_empty = month_of(alice, date(2026, 8, 1))
    # The Fridays of August 2026: 7, 14, 21, 28.
    assert (planned.count, planned.by_currency) == (0, ())
    assert (to_come.count, to_come.by_currency) == (4, (("USD", Decimal("320.00")),))
    assert not is_empty
    assert month_of(alice, date(2025, 8, 1))[2]


def test_list_totals_include_bills_beyond_those_shown(alice, monkeypatch):
    monkeypatch.setattr(page, "BILLS_SHOWN", 2)
    for day in (1, 2, 3, 20, 21, 22):
        make_bill(alice, due_date=date(2026, 3, day), amount_due=Decimal("10.10"))
    for bill in Bill.objects.filter(due_date__gte=date(2026, 3, 22)):
        pay_bill(actor=alice, bill=bill, on=TENTH, amount=Decimal("4.00"))
    found = list_context(user=alice, on=TENTH)
    sums = {name: found[f"{name}_sum"] for name in ("overdue", "upcoming", "paid")}
    assert {name: (one.count, dict(one.by_currency)) for name, one in sums.items()} == {
        "overdue": (3, {"USD": Decimal("30.30")}),
        "upcoming": (3, {"USD": Decimal("26.30")}),
        "paid": (1, {"USD": Decimal("4.00")}),
    }
    assert [len(found[name]) for name in ("overdue", "upcoming", "paid")] == [2, 2, 1]


def test_the_trash_offers_a_deleted_rest_but_not_one_due_again(alice):
    bill = make_bill(alice)
    pay_bill(actor=alice, bill=bill, on=TENTH, amount=Decimal("30.00"))
    rest = Bill.objects.get(remainder_of=bill)
    delete_bill(actor=alice, bill=rest)
    assert list(list_context(user=alice, on=TENTH)["trash"]) == [rest]
    unpay_bill(actor=alice, bill=bill)
    assert list(list_context(user=alice, on=TENTH)["trash"]) == []


def test_the_list_marks_bills_that_may_be_paid_already(alice, checking):
    first, second = (make_bill(alice, currency="EUR", biller_name="City Power") for _ in range(2))
    make_bill(alice, currency="EUR", biller_name="Water works")
    fields = {"account": checking, "txn_date": TENTH.replace(day=18), "description": "CITY POWER"}
    row = make_transaction(amount="-78.50", **fields)

    def marked():
        shown = list_context(user=alice, on=TENTH)["upcoming"]
        return [line.bill for line in shown if line.maybe_paid]

    assert marked() == [first, second]
    settle_with(actor=alice, bill=first, payment=row)
    assert marked() == []
    assert match_suggestions(second) == []


def test_the_switch_explains_what_auto_pay_will_do(alice, checking):
    bill = make_bill(alice, currency="EUR", account=checking, auto_pay=True)
    asked = {20: "within the hour", 19: "on the due date if", 21: "within the hour"}
    for day, words in asked.items():
        assert words in auto_pay_note(bill, date(2026, 3, day))
    assert "Pay it manually" in auto_pay_note(bill, date(2026, 4, 21))
    assert auto_pay(bill=bill, on=bill.due_date) == "paid"
    unpay_bill(actor=alice, bill=bill)
    bill.refresh_from_db()
    assert auto_pay_note(bill, TENTH).startswith("It was paid on March 20 and undone")
    assert auto_pay(bill=bill, on=bill.due_date) == ""
    edit_bill(actor=alice, bill=bill, auto_pay=False)
    bill.refresh_from_db()
    assert auto_pay_note(bill, TENTH) == "You pay this manually."


def test_a_closed_account_is_named_and_pays_nothing(alice, checking, client_for):
    bill = make_bill(alice, currency="EUR", account=checking, auto_pay=True)
    delete_account(actor=alice, account=checking)
    client = client_for(alice)
    detail = client.get(reverse("bills:bill_detail", args=[bill.pk])).content.decode()
    assert "pay from Everyday. Choose another account" in detail
    assert reverse("accounts:account_detail", args=[checking.pk]) not in detail
    assert "Account closed" in client.get(reverse("bills:bill_list")).content.decode()
    assert auto_pay(bill=bill, on=bill.due_date) == "failed"
    bill.refresh_from_db()
    assert (bill.is_open, bill.auto_pay_error) == (True, "This account is in the trash.")


def test_skipping_offers_undo_and_announces_a_next_bill_only_for_a_series(alice, client_for):
    client = client_for(alice)
    for recurrence, words in (
        ("none", "Skipped."),
        ("weekly", "Skipped. The next one is scheduled"),
    ):
        bill = make_bill(alice, recurrence=recurrence)
        answer = client.post(reverse("bills:bill_skip", args=[bill.pk]), follow=True)
        (said,) = answer.context["messages"]
        assert said.message.startswith(words)
        assert said.extra_tags == f"undo:{reverse('bills:bill_restore', args=[bill.pk])}"


def test_the_payment_form_names_the_currency(alice, checking, client_for):
    pay = reverse("bills:bill_pay", args=[make_bill(alice).pk])
    shown = client_for(alice).get(pay).content.decode()
    assert "In USD. If you pay less, the rest stays due." in shown
    assert "Accounts in another currency are charged" in shown


@pytest.mark.parametrize("name", ["EE", "电力", "شركة الكهرباء"])
def test_a_short_name_or_one_in_another_script_matches_expenses(alice, checking, name):
    bill = make_bill(alice, biller_name=name, currency="EUR")
    fields = {"account": checking, "amount": "-80.00", "txn_date": bill.due_date}
    row = make_transaction(description=f"SEPA {name} 4711", **fields)
    make_transaction(description="Bakery", **fields)
    assert match_suggestions(bill) == [row]
