"""What the pages of bills add up and show, on a day that is given."""

from datetime import date
from decimal import Decimal

import pytest

from bills import page
from bills.models import Bill
from bills.page import calendar_context, list_context
from bills.services.paying import pay_bill, unpay_bill
from bills.services.planning import create_bill, delete_bill, skip_bill

pytestmark = pytest.mark.once
TENTH = date(2026, 3, 10)


def make_bill(alice, **over):
    fields = {"biller_name": "Power", "amount_due": Decimal("80.00"), "due_date": date(2026, 3, 20)}
    return create_bill(actor=alice, user=alice, **(fields | over))


def month_of(alice, month=TENTH):
    found = calendar_context(user=alice, month=month, on=TENTH)
    return found["planned"], found["to_come"], found["is_empty"]


def test_a_month_counts_a_part_payment_and_its_rest_once_and_no_skipped_bill(alice):
    bill = make_bill(alice)
    pay_bill(actor=alice, bill=bill, on=TENTH, amount=Decimal("30.00"))
    skip_bill(actor=alice, bill=make_bill(alice, biller_name="Gym"))
    make_bill(alice, biller_name="Trip", currency="EUR", amount_due=Decimal("7.00"))
    planned, to_come, is_empty = month_of(alice)
    assert planned.count == 3
    assert planned.by_currency == (("EUR", Decimal("7.00")), ("USD", Decimal("80.00")))
    assert (to_come.count, is_empty) == (0, False)


def test_a_far_month_adds_up_what_is_expected_apart(alice):
    make_bill(alice, recurrence="weekly")
    planned, to_come, is_empty = month_of(alice, date(2026, 8, 1))
    # The Fridays of August 2026: 7, 14, 21, 28.
    assert (planned.count, planned.by_currency) == (0, ())
    assert (to_come.count, to_come.by_currency) == (4, (("USD", Decimal("320.00")),))
    assert not is_empty
    assert month_of(alice, date(2025, 8, 1))[2]


def test_the_sums_of_the_list_are_of_all_bills_also_beyond_those_shown(alice, monkeypatch):
    monkeypatch.setattr(page, "MOST_SHOWN", 2)
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


def test_the_trash_offers_a_rest_that_was_thrown_away_but_none_that_is_owed_again(alice):
    bill = make_bill(alice)
    pay_bill(actor=alice, bill=bill, on=TENTH, amount=Decimal("30.00"))
    rest = Bill.objects.get(remainder_of=bill)
    delete_bill(actor=alice, bill=rest)
    assert list(list_context(user=alice, on=TENTH)["trash"]) == [rest]
    unpay_bill(actor=alice, bill=bill)
    assert list(list_context(user=alice, on=TENTH)["trash"]) == []
