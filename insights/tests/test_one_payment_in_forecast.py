"""A bill and its recurring payment under another name are one forecast event."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bills.models import Bill
from bills.services.planning import create_bill
from insights.forecast.forecast_summary import forecast_summary
from tests.builders import make_account
from transactions.models import Category
from transactions.services.bulk_posting import HistoryRow, post_many

ON = date(2026, 10, 20)


@pytest.fixture
def home(alice):
    alice.base_currency = "EUR"
    alice.save()
    account = make_account(user=alice, opening_balance="20000")
    rent = Category.objects.get(user=None, slug="rent")
    rows = [
        HistoryRow(Decimal(-1000), date(2026, month, 1), "HARBOR HOMES", "Harbor Homes", rent)
        for month in range(3, 11)
    ]
    rows += [
        HistoryRow(Decimal(-1), date(2026, month, day), "KIOSK", "Kiosk")
        for month in range(3, 11)
        for day in (3, 7, 16)
    ]
    post_many(actor=alice, account=account, rows=rows)
    return account


def bill_of(alice, name, **over):
    fields = {
        "amount_due": Decimal(1000),
        "currency": "EUR",
        "due_date": date(2026, 11, 1),
        "recurrence": "monthly",
    }
    create_bill(actor=alice, user=alice, biller_name=name, **(fields | over))
    Bill.objects.update(created_at=datetime(2026, 10, 1, tzinfo=UTC))


def rents(alice):
    events = forecast_summary(user=alice, on=ON, days=30).forecast.events
    return sum(event.amount for event in events if abs(event.amount) >= 100)


@pytest.mark.parametrize(
    "name", ["Rent", "Landlord Mr Q", "House rent", "Habor Homes", "Harbor Homes", "Miete"]
)
@pytest.mark.parametrize("with_account", [True, False])
def test_bill_and_payment_are_one_event_whatever_the_bill_is_called(
    alice, home, name, with_account
):
    bill_of(alice, name, account=home if with_account else None)
    assert rents(alice) == -1000


@pytest.mark.parametrize(
    ("over", "total"),
    [
        ({"amount_due": Decimal(1050)}, -1050),
        ({"amount_due": Decimal(1060)}, -2060),
        ({"due_date": date(2026, 11, 3)}, -1000),
        ({"due_date": date(2026, 11, 15)}, -2000),
        ({"category": "rent"}, -1000),
        ({"category": "insurance"}, -2000),
    ],
)
def test_a_different_amount_day_or_category_is_another_payment(alice, home, over, total):
    if "category" in over:
        over = {"category": Category.objects.get(user=None, slug=over["category"])}
    bill_of(alice, "Mr Q", account=home, **over)
    assert rents(alice) == total


def test_a_bill_paid_from_another_account_is_another_payment(alice, home):
    other = make_account(user=alice, name="Other", opening_balance="9000")
    bill_of(alice, "Mr Q", account=other)
    assert rents(alice) == -2000


def test_only_one_of_two_similar_bills_matches_the_payment(alice, home):
    bill_of(alice, "Mr Q", account=home)
    bill_of(alice, "Garage", account=home)
    assert rents(alice) == -2000
