"""Bills and points on the dashboard and in the demo."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bills.models import Bill
from bills.services.planning import create_bill
from insights.demo.loading import load_demo
from rewards.points_check import check_points
from rewards.services import create_program
from tests.builders import TODAY
from tests.invariants import assert_ledger_holds
from users.models import User

pytestmark = pytest.mark.django_db


def test_overview_includes_upcoming_bills_and_points(alice, checking, api_for):
    today = timezone.now().date()
    for name, days in (("Late", -2), ("Soon", 5), ("Far", 90)):
        create_bill(
            actor=alice,
            user=alice,
            biller_name=name,
            amount_due=Decimal("10.00"),
            due_date=today + timedelta(days=days),
        )
    create_program(actor=alice, user=alice, program_name="Miles", on=today, points_balance=1240)
    data = api_for(alice).get("/api/dashboard/overview").json()
    shown = [(bill["biller_name"], bill["status"]) for bill in data["upcoming_bills"]]
    assert shown == [("Late", "overdue"), ("Soon", "upcoming")]
    assert data["rewards"] == {"total_points": 1240}


def test_home_page_shows_bills_and_points(alice, checking, client_for):
    today = timezone.now().date()
    create_bill(
        actor=alice, user=alice, biller_name="City Power", amount_due=Decimal(10), due_date=today
    )
    page = client_for(alice).get("/").content.decode()
    assert "Upcoming" in page
    assert "City Power" in page


@pytest.mark.slow
def test_demo_has_every_kind_of_bill_and_a_correct_ledger():
    load_demo(on=TODAY, transaction_count=400)
    owner = User.objects.get(email="demo@example.com")
    bills = Bill.objects.visible_to(owner)
    assert bills.overdue(TODAY).count() == 1
    assert bills.upcoming(TODAY).filter(due_date=TODAY + timedelta(days=2)).exists()
    assert bills.filter(paid_at__isnull=False).count() >= 10
    assert bills.open().filter(auto_pay=True).count() == 5
    assert not bills.filter(remainder_of__isnull=False).exists()
    assert check_points().violation_count == 0
    assert_ledger_holds()
