"""Today's balance is the same number everywhere; a period's figure is that period's."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bills.models import Bill
from budgets.models import Budget
from insights.forecast.forecast_summary import forecast_summary
from tests.builders import NOON, make_account, make_transaction
from transactions.models import Transaction
from transactions.running_balance import daily_balances, monthly_balances
from transactions.services.posting_planned import post_planned

TODAY = NOON.date()


def day(ahead):
    return TODAY + timedelta(days=ahead)


@pytest.fixture
def euro_alice(alice):
    alice.base_currency = "EUR"
    alice.save()
    return alice


@pytest.fixture
def summer(euro_alice):
    account = make_account(user=euro_alice, opening_balance="1000.00")
    for amount, on in (("-100", (7, 5)), ("-10", (8, 5)), ("-300", (8, 25))):
        make_transaction(account=account, amount=amount, txn_date=date(2026, *on))
    return account


@pytest.mark.parametrize(
    ("first", "last", "points", "change"),
    [
        ("2026-08-10", "2026-08-20", ["890.00", "890.00"], "0.00"),
        ("2026-08-01", "2026-08-31", ["900.00", "590.00"], "-310.00"),
        ("2026-07-06", "2026-08-25", ["900.00", "900.00", "590.00"], "-310.00"),
        ("2026-08-20", "2026-11-18", ["890.00", "590.00", "590.00", "590.00", "590.00"], "-300.00"),
        ("2026-08-05", "2026-08-05", ["890.00"], None),
    ],
)
def test_net_worth_matches_the_chosen_period(
    api_for, euro_alice, summer, first, last, points, change
):
    url = f"/api/insights/net-worth?date_from={first}&date_to={last}"
    answer = api_for(euro_alice).get(url).json()
    found = [(point["date"], point["net_worth"]) for point in answer["points"]]
    assert [worth for _on, worth in found] == points
    assert (found[0][0], found[-1][0]) == (first, last)
    assert (answer["net_worth"], answer["change"]) == (points[-1], change)


def test_a_new_accounts_history_begins_on_its_opening_day(api_for, client_for, euro_alice):
    account = make_account(user=euro_alice, opening_balance="5000.00")
    assert [
        (daily_balance.on, daily_balance.balance)
        for daily_balance in daily_balances(account, 90, TODAY)
    ] == [(TODAY, 5000)]
    assert [
        monthly_balance.balance for monthly_balance in monthly_balances(account, 12, TODAY)
    ] == [5000]
    url = f"/api/insights/net-worth?date_from={day(-90)}&date_to={TODAY}"
    answer = api_for(euro_alice).get(url).json()
    assert [point["date"] for point in answer["points"]] == [str(TODAY)]
    make_transaction(account=account, amount="-20.00", txn_date=day(-40))
    points = daily_balances(stored(account), 90, TODAY)
    assert points[0].on == day(-40).replace(day=1)
    assert {point.balance for point in points} == {5000, 4980}


@pytest.mark.slow
def test_home_accounts_forecast_and_net_worth_agree_on_today(api_for, euro_alice, checking):
    """Also with planned transactions and one the bank posted with a future date."""
    for back in range(0, 100, 5):
        make_transaction(account=checking, amount="-1.00", txn_date=day(-back))
    make_transaction(account=checking, amount="-30.00", txn_date=day(3), origin="import")
    make_transaction(account=checking, amount="5000.00", txn_date=day(20))
    make_transaction(account=checking, amount="-200.00", txn_date=day(5))
    api = api_for(euro_alice)
    assert api.get(f"/api/accounts/{checking.pk}").json()["balance"] == "950.00"
    overview = api.get("/api/dashboard/overview").json()
    assert overview["accounts"]["total_balance"] == "950.00"
    assert api.get("/api/insights/net-worth").json()["net_worth"] == "950.00"
    assert daily_balances(stored(checking), 30, TODAY)[-1].balance == 950
    forecast = forecast_summary(user=euro_alice, on=TODAY, days=30).forecast
    assert forecast.balance == 950
    assert [(event.on, event.amount) for event in forecast.events] == [
        (day(5), -200),
        (day(20), 5000),
    ]
    assert forecast.points[-1].expected >= 950 - 200 + 5000 - 30


def stored(account):
    account.refresh_from_db()
    return account


def test_a_planned_transaction_counts_once_on_its_day_and_a_late_one_tomorrow(euro_alice, checking):
    make_transaction(account=checking, amount="-1500.00", txn_date=day(2))

    def events(on):
        forecast = forecast_summary(user=euro_alice, on=on, days=30).forecast
        return [(event.on, event.amount) for event in forecast.events]

    assert events(TODAY) == [(day(2), -1500)]
    noon = datetime.combine(day(2), datetime.min.time(), UTC) + timedelta(hours=12)
    assert post_planned(at=noon)["waiting"] == 1
    assert events(day(2)) == [(day(3), -1500)]
    make_transaction(account=checking, amount="1000.00", txn_date=TODAY)
    assert post_planned(at=noon)["posted"] == 1
    assert events(day(2)) == []
    assert Transaction.objects.filter(status="planned").count() == 0


@pytest.mark.parametrize(
    ("recurrence", "due", "count"), [("weekly", 1, 5), ("monthly", -95, 5), ("none", 1, 1)]
)
@pytest.mark.parametrize("door", ["page", "api"])
def test_a_new_bill_has_its_occurrences_immediately(
    client_for, api_for, euro_alice, door, recurrence, due, count
):
    fields = {
        "biller_name": "Gym",
        "amount_due": "20",
        "due_date": str(day(due)),
        "recurrence": recurrence,
        "remind_days_before": 3,
    }
    if door == "api":
        assert api_for(euro_alice).post("/api/bills", fields, format="json").status_code == 201
    else:
        made = client_for(euro_alice).post("/bills/new/", fields | {"currency": "EUR"})
        assert made.status_code == 302
    assert Bill.objects.count() == count
    assert Bill.objects.order_by("due_date").last().due_date <= day(35)


def test_editing_or_paying_a_bill_plans_its_occurrences_immediately(api_for, euro_alice, checking):
    api = api_for(euro_alice)
    fields = {"biller_name": "Gym", "amount_due": "20", "due_date": str(day(1))}
    made = api.post("/api/bills", fields, format="json").json()
    assert Bill.objects.count() == 1
    url = f"/api/bills/{made['id']}"
    assert api.patch(url, {"recurrence": "weekly"}, format="json").status_code == 200
    assert Bill.objects.count() == 5
    Bill.objects.filter(sequence__gt=0).delete()
    assert api.post(f"{url}/pay", {"account": checking.pk}, format="json").status_code == 200
    assert Bill.objects.count() == 5


@pytest.mark.parametrize("spent", ["0", "0.01", "35.00"])
def test_a_budget_may_be_zero(api_for, euro_alice, checking, groceries, spent):
    api = api_for(euro_alice)
    made = api.post("/api/budgets", {"category": "groceries", "limit_amount": "0"}, format="json")
    assert (made.status_code, made.json()["limit_amount"]) == (201, "0.00")
    assert (made.json()["status"], made.json()["percent"]) == ("on_track", 0)
    if Decimal(spent):
        make_transaction(account=checking, amount=f"-{spent}", category=groceries, txn_date=TODAY)
    found = api.get(f"/api/budgets/{Budget.objects.get().pk}/progress").json()
    status = ("exceeded", 101) if Decimal(spent) else ("on_track", 0)
    assert (found["status"], found["percent"]) == status
    month = api.get(f"/api/budgets/month/{TODAY.year}/{TODAY.month}").json()
    assert month["totals"][0]["percent"] == status[1]


def test_the_budget_page_accepts_zero(client_for, euro_alice, groceries):
    fields = {
        "category": "groceries",
        "limit_amount": "0",
        "currency": "EUR",
        "month": TODAY.month,
        "year": TODAY.year,
    }
    assert client_for(euro_alice).post("/budgets/new/", fields).status_code == 302
    assert Budget.objects.get().limit_amount == 0
    assert client_for(euro_alice).get("/budgets/").status_code == 200
