"""A bill paid with a future date is scheduled until its payment posts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from bills.bill_check import check_bills
from bills.models import Bill
from bills.services.auto_paying import auto_pay_due
from bills.services.paying import earn_for_scheduled, pay_bill, unpay_bill
from bills.services.planning import create_bill
from rewards.models import PointsEntry
from tests.builders import NOON
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction
from transactions.services.planning_ahead import plan_entries_dated_ahead
from transactions.services.posting_planned import post_planned

TODAY = NOON.date()
LATER = TODAY + timedelta(days=10)


def at(on: date) -> datetime:
    return datetime.combine(on, datetime.min.time(), UTC) + timedelta(hours=12)


@pytest.fixture
def rent(alice, checking):
    alice.base_currency = "EUR"
    alice.save()
    return create_bill(
        actor=alice,
        user=alice,
        biller_name="Rent",
        amount_due=Decimal("400.00"),
        due_date=LATER,
        recurrence="monthly",
        auto_pay=True,
        account=checking,
    )


def test_a_future_payment_is_scheduled_until_its_day_and_then_paid(alice, checking, rent):
    bill = pay_bill(actor=alice, bill=rent, on=LATER)
    checking.refresh_from_db()
    assert checking.balance == 1000
    assert (bill.status_on(TODAY), bill.payment.status) == ("scheduled", "planned")
    assert not bill.is_open
    assert not PointsEntry.objects.exists()
    statuses = {name: set(Bill.objects.with_status(name, TODAY)) for name in Bill.Status.values}
    assert statuses["scheduled"] == {bill}
    assert statuses["paid"] == set()
    assert bill not in statuses["upcoming"]
    assert auto_pay_due(at=at(LATER)) == {"paid": 0, "failed": 0}
    assert pay_bill(actor=alice, bill=bill, on=TODAY).payment_id == bill.payment_id
    assert post_planned(at=at(LATER)) == {"posted": 1, "waiting": 0}
    checking.refresh_from_db()
    bill = Bill.objects.get(pk=rent.pk)
    assert (checking.balance, bill.status_on(LATER)) == (600, "paid")
    assert Bill.objects.with_status("paid", LATER).get() == bill
    assert [earn_for_scheduled(at=at(LATER)) for _ in range(2)] == [1, 0]
    assert PointsEntry.objects.get().points == 400
    assert_ledger_holds()


def test_a_payment_booked_ahead_by_an_older_version_is_scheduled(alice, checking, rent):
    bill = pay_bill(actor=alice, bill=rent, on=LATER, today=LATER)
    assert (bill.status_on(TODAY), bill.payment.status) == ("paid", "posted")
    assert plan_entries_dated_ahead(at=NOON, is_trial=False).planned == 1
    bill = Bill.objects.get(pk=rent.pk)
    assert (bill.status_on(TODAY), bill.payment.status) == ("scheduled", "planned")
    checking.refresh_from_db()
    assert checking.balance == 1000
    assert check_bills().violation_count == 0
    assert_ledger_holds()
    post_planned(at=at(LATER))
    assert Bill.objects.get(pk=rent.pk).status_on(LATER) == "paid"
    assert earn_for_scheduled(at=at(LATER)) == 0
    assert PointsEntry.objects.count() == 1
    assert_ledger_holds()


def test_a_payment_that_posts_immediately_earns_once(alice, rent):
    pay_bill(actor=alice, bill=rent, on=TODAY)
    assert earn_for_scheduled(at=at(TODAY)) == 0
    assert PointsEntry.objects.count() == 1


def test_undoing_before_the_day_leaves_nothing(alice, checking, rent):
    pay_bill(actor=alice, bill=rent, on=LATER)
    bill = unpay_bill(actor=alice, bill=rent)
    assert bill.is_open
    assert not Transaction.objects.filter(deleted_at=None).exists()
    assert post_planned(at=at(LATER))["posted"] == 0
    assert earn_for_scheduled(at=at(LATER)) == 0


def test_a_payment_stays_scheduled_while_money_is_missing(alice, checking, rent):
    pay_bill(actor=alice, bill=rent, on=LATER)
    checking.balance = Decimal(300)
    checking.opening_balance = Decimal(300)
    checking.save()
    assert post_planned(at=at(LATER)) == {"posted": 0, "waiting": 1}
    bill = Bill.objects.get(pk=rent.pk)
    assert bill.status_on(LATER + timedelta(days=1)) == "scheduled"
    assert_ledger_holds()


@pytest.mark.parametrize("post", [True, False])
def test_a_day_too_far_ahead_or_a_future_day_elsewhere_is_refused(alice, rent, post):
    on = LATER if not post else date(2032, 1, 1)
    with pytest.raises(ValidationError) as refusal:
        pay_bill(actor=alice, bill=rent, on=on, post=post)
    assert list(refusal.value.message_dict) == ["on"]
    assert Bill.objects.get(pk=rent.pk).is_open


def test_page_and_api_show_scheduled(client_for, api_for, alice, rent):
    answer = api_for(alice).put(f"/api/bills/{rent.pk}/pay", {"paid_on": str(LATER)}, format="json")
    assert (answer.status_code, answer.data["status"]) == (200, "scheduled")
    found = api_for(alice).get("/api/bills?status=scheduled").data["results"]
    assert [entry["id"] for entry in found] == [rent.pk]
    assert api_for(alice).get("/api/bills?status=paid").data["results"] == []
    client = client_for(alice)
    page = client.get("/bills/").content.decode()
    assert "Scheduled payments" in page
    assert "Paid this month" not in page
    page = client.get(f"/bills/{rent.pk}/").content.decode()
    assert "Scheduled for" in page
    assert "Cancel payment" in page
    asked = client.get(f"/bills/{rent.pk}/pay/", follow=True).content.decode()
    assert "Rent scheduled for" in asked
