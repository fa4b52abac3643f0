"""Recurring payments on pages and in the API: detection, permissions, dismissing, making a bill."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import ExchangeRate
from accounts.services import store_rates
from accounts.sharing import accept_share, share_account
from banking.kernel.periods import add_months
from bills.models import Bill
from bills.services.planning import create_bill
from insights.models import RecurringDismissal
from insights.recurring.dismissing import dismiss_recurring
from insights.recurring.entries import MOST_OF_ONE_MERCHANT, load_entries
from insights.recurring.recurring_summary import recurring_summary
from tests.builders import make_account, make_user
from transactions.models import Category
from transactions.services.bulk_posting import HistoryRow, post_many
from users.models import AuditEvent, User

pytestmark = pytest.mark.django_db
PAGE, API = "/insights/recurring/", "/api/insights/recurring"


def post(account, *lines):
    """Post transactions given as (date, signed amount, merchant[, category slug])."""
    rows = []
    for on, amount, merchant, *slug in lines:
        category = Category.objects.get(user=None, slug=slug[0]) if slug else None
        rows.append(HistoryRow(Decimal(amount), on, merchant.upper(), merchant, category))
    post_many(actor=account.user, account=account, rows=rows)


@pytest.fixture
def on():
    """The middle of this month: the views read the clock."""
    return timezone.now().date()


@pytest.fixture
def household(alice, on):
    """A gym whose price rose, salary, weekly groceries, transfers to savings, a
    canceled magazine.
    """
    alice.base_currency = "EUR"
    alice.save()
    account = make_account(user=alice, name="Everyday", opening_balance="100000")
    yesterday = on - timedelta(days=1)
    start = yesterday.replace(day=min(yesterday.day, 28))
    months = [add_months(start, -back) for back in range(12)]
    post(
        account,
        *[(day, "-45.00" if back < 2 else "-40.00", "City Gym", "fitness")
          for back, day in enumerate(months)],
        *[(day, "2500.00", "Brightwater", "salary") for day in months],
        *[(day, "-300.00", "To savings", "savings-transfer") for day in months],
        *[(day, "-9.90", "Old Magazine", "books") for day in months[5:]],
        *[(on - timedelta(days=7 * week + week % 3), f"-{60 + week * 13 % 37}.{week:02}", "Corner")
          for week in range(40)],
    )  # fmt: skip
    return account


def found(user, on):
    summary = recurring_summary(user=user, on=on)
    return {item.name: item for item in (*summary.payments, *summary.incomes, *summary.ended)}


def test_recurring_payments_show_next_date_cost_and_price_change(alice, household, on, api_for):
    answer = api_for(alice).get(API).json()
    (gym,), (pay,), (magazine,) = answer["payments"], answer["incomes"], answer["ended"]
    last = (on - timedelta(days=1)).replace(day=min((on - timedelta(days=1)).day, 28))
    assert gym == gym | {
        "account": household.pk, "merchant": "City Gym", "merchant_key": "city gym",
        "txn_type": "expense", "cadence": "monthly", "currency": "EUR", "amount": "45.00",
        "last_amount": "45.00", "lowest_amount": "40.00", "highest_amount": "45.00",
        "monthly": "45.00", "yearly": "540.00", "is_fixed": True,
        "last_date": last.isoformat(), "next_date": add_months(last, 1).isoformat(),
        "is_late": False, "occurrences": 12, "missed": 0, "confidence": "high",
        "status": "active", "bill": None,
        "price_change": {"before": "40.00", "after": "45.00", "percent": 12.5,
                         "since": add_months(last, -1).isoformat()},
    }  # fmt: skip
    assert (pay["merchant"], pay["amount"], pay["txn_type"]) == (
        "Brightwater", "2500.00", "income",
    )  # fmt: skip
    assert (magazine["merchant"], magazine["status"], magazine["next_date"]) == (
        "Old Magazine", "ended", None,
    )  # fmt: skip
    assert (answer["currency"], answer["monthly_cost"], answer["yearly_cost"]) == (
        alice.base_currency, "45.00", "540.00",
    )  # fmt: skip
    assert (answer["monthly_income"], answer["not_converted"]) == ("2500.00", 0)


def test_unconvertible_payments_are_left_out_of_totals_and_counted(alice, household, on, api_for):
    francs = make_account(user=alice, name="Zürich", currency="CHF", opening_balance="1000")
    days = [add_months(on.replace(day=1), -back) for back in range(6)]
    post(francs, *[(day, "-20.00", "Bergbahn") for day in days])
    answer = api_for(alice).get(API).json()
    assert (answer["monthly_cost"], answer["not_converted"]) == ("45.00", 1)
    assert answer["not_converted_items"][0]["account_name"] == "Zürich"
    assert {payment["merchant"] for payment in answer["payments"]} == {"City Gym", "Bergbahn"}
    rate = ExchangeRate(base="CHF", quote="EUR", rate="1.05", rate_on=on, source="test")
    store_rates(actor=None, rates=[rate])
    answer = api_for(alice).get(API).json()
    assert (answer["monthly_cost"], answer["not_converted"]) == ("66.00", 0)


def test_what_only_possibly_recurs_is_listed_apart_and_not_counted(
    alice, household, on, api_for, client_for
):
    stays = [(add_months(on, -months) - timedelta(days=3), "-900.00", "Alpine Hotel")
             for months in (12, 0)]  # fmt: skip
    post(household, *stays)
    answer = api_for(alice).get(API).json()
    sure = {one["merchant"]: one["confidence"] for one in answer["payments"]}
    assert sure == {"City Gym": "high", "Alpine Hotel": "low"}
    assert answer["monthly_cost"] == "45.00"
    page = client_for(alice).get("/insights/recurring/").content.decode()
    counted, _, possible = page.partition("Possibly recurring")
    assert "1 payment, averaged over the year" in counted
    assert ("Alpine Hotel" in possible, "Alpine Hotel" in counted) == (True, False)


def test_a_dismissal_survives_changes_of_the_payments_and_can_be_undone(
    alice, household, on, client_for
):
    client = client_for(alice)
    form = {"account": household.pk, "merchant_key": "city gym", "direction": "expense",
            "name": "City Gym"}  # fmt: skip
    for wrong in ({"direction": "sideways"}, {"merchant_key": "a\x00b"}, {"merchant_key": ""}):
        client.post(reverse("insights:recurring_dismiss"), form | wrong)
    assert not RecurringDismissal.objects.exists()
    for _ in range(2):
        assert client.post(reverse("insights:recurring_dismiss"), form).status_code == 302
    (dismissal,) = RecurringDismissal.objects.all()
    assert "City Gym" not in found(alice, on)
    post(household, (on, "-51.00", "CITY GYM"))
    assert set(found(alice, on)) == {"Brightwater", "Old Magazine"}
    assert b"Marked as not recurring" in client.get(PAGE).content
    undone = client.post(reverse("insights:recurring_restore", args=[dismissal.pk]))
    assert (undone.status_code, RecurringDismissal.objects.count()) == (302, 0)
    assert "City Gym" in found(alice, on)
    trail = AuditEvent.objects.filter(action__startswith="insights.").order_by("pk")
    assert list(trail.values_list("action", flat=True)) == [
        "insights.recurring.dismissed", "insights.recurring.restored",
    ]  # fmt: skip


@pytest.mark.slow
def test_dismissing_over_the_api_and_its_refusals(alice, bob, household, api_for):
    body = {"account": household.pk, "merchant_key": "city gym", "txn_type": "expense"}
    api, address = api_for(alice), f"{API}/dismissed"
    assert api_for(bob).post(address, body).status_code == 404
    share = share_account(actor=alice, account=household, member=bob, level="analyst")
    accept_share(actor=bob, share=share)
    assert api_for(User.objects.get(pk=bob.pk)).post(address, body).status_code == 403
    assert api.post(address, body | {"txn_type": "sideways"}).status_code == 400
    assert not RecurringDismissal.objects.exists()
    made = api.post(address, body)
    assert (made.status_code, made.json()["merchant"]) == (201, "city gym")
    assert [item["id"] for item in api.get(API).json()["dismissed"]] == [made.json()["id"]]
    assert api_for(bob).delete(f"{address}/{made.json()['id']}").status_code == 404
    assert api.delete(f"{address}/{made.json()['id']}").status_code == 204
    with pytest.raises(ValidationError):
        dismiss_recurring(
            actor=alice, account=household, merchant_key="", direction="expense", name=""
        )


def test_a_bill_form_is_prefilled_and_existing_bills_are_marked(alice, household, on, client_for):
    client = client_for(alice)
    (row,) = [line for line in client.get(PAGE).context["payments"] if line.item.name == "City Gym"]
    form = client.get(row.bill_form).context["form"]
    filled = {name: form[name].value() for name in ("biller_name", "amount_due", "recurrence")}
    assert filled == {"biller_name": "City Gym", "amount_due": "45.00", "recurrence": "monthly"}
    assert str(form["account"].value()) == str(household.pk)
    assert form["due_date"].value() == row.item.next_on.isoformat()
    assert form["category"].value() == "fitness"
    assert not Bill.objects.exists()
    bill = create_bill(
        actor=alice, user=alice, biller_name="CITY GYM Ltd", amount_due=Decimal("45.00"),
        currency="EUR", due_date=row.item.next_on, recurrence="monthly",
    )  # fmt: skip
    (row,) = client.get(PAGE).context["payments"]
    assert (row.item.bill_id, row.bill_form) == (bill.pk, "")
    assert reverse("bills:bill_detail", args=[bill.pk]) in client.get(PAGE).content.decode()


@pytest.mark.slow
def test_a_busy_merchant_is_read_partly_and_a_cash_register_not_at_all(alice, on):
    account = make_account(user=alice, name="Till")
    many = 2 * MOST_OF_ONE_MERCHANT
    sales = [on - timedelta(days=number // 4) for number in range(many + 1)]
    post(account, *[(day, "5.00", "Till") for day in sales])
    unnamed = [HistoryRow(Decimal(1), day, "DEPOSIT") for day in sales]
    post_many(actor=alice, account=account, rows=unnamed)
    start = (on - timedelta(days=1)).replace(day=min((on - timedelta(days=1)).day, 28))
    months = [add_months(start, -back) for back in range(24)]
    rent = [HistoryRow(Decimal(-80), day, "STALL RENT") for day in months[:4]]
    post_many(actor=alice, account=account, rows=rent)
    bought = [on - timedelta(days=number * 740 // many) for number in range(many)]
    post(
        account,
        *[(day, f"-{7 + 37 * number % 143}.{number % 100:02}", "Everything Store")
          for number, day in enumerate(bought)],
        *[(day, "-9.99", "Everything Store") for day in months],
    )  # fmt: skip
    read = load_entries([account], after=add_months(on, -25), until=on)
    names = Counter(item.name for item in read)
    assert set(names) == {"Stall Rent", "Everything Store"}
    assert many - 40 < names["Everything Store"] <= many
    longer = load_entries([account], after=add_months(on, -31), until=on)
    assert longer == read
    items = found(alice, on)
    assert set(items) == {"Stall Rent", "Everything Store"}
    store = items["Everything Store"]
    assert (store.cadence, store.last_amount, store.is_active) == ("monthly", Decimal("9.99"), True)
    assert store.occurrences > 20


@pytest.mark.slow
def test_who_may_see_recurring_payments(alice, household, api_for, client_for):
    answers = {}
    for role in ("viewer", "analyst", "user"):
        member = make_user(f"{role}@example.org", role=role)
        level = "viewer" if role == "viewer" else "analyst"
        share = share_account(actor=alice, account=household, member=member, level=level)
        accept_share(actor=member, share=share)
        make_account(user=member, name="Own")
        response = api_for(member).get(API)
        answers[role] = response.status_code, len(response.json().get("payments", []))
        assert client_for(member).get(PAGE).status_code == response.status_code
        asked = api_for(member).get(f"{API}?include_shared=1")
        answers[role] += (len(asked.json().get("payments", [])),)
    assert answers == {"viewer": (403, 0, 0), "analyst": (200, 1, 1), "user": (200, 0, 1)}


def test_the_empty_page_explains_what_is_needed(alice, client_for):
    page = client_for(alice).get(PAGE)
    assert (page.status_code, "No recurring payments yet" in page.content.decode()) == (200, True)
    assert recurring_summary(user=alice, on=date(2026, 1, 1)).is_empty
