"""The shape of the overview, who may see which part, and what it counts."""

from decimal import Decimal

import pytest

from tests.builders import make_account, make_transaction, make_user

pytestmark = pytest.mark.django_db
PATHS = ["/api/dashboard/overview", "/dashboard/overview"]


@pytest.fixture(params=PATHS, ids=["api", "page address"])
def overview_of(request, api_for):
    def get(user, **params):
        response = api_for(user).get(request.param, params)
        assert response.status_code == 200, response.content
        return response.json()

    return get


def test_the_overview_has_the_documented_shape(overview_of, alice, household, today):
    data = overview_of(alice)
    accounts = data["accounts"]
    assert {key: accounts[key] for key in ("total_accounts", "total_balance", "currency")} == {
        "total_accounts": 1,
        "total_balance": "3283.00",
        "currency": "USD",
    }
    assert (accounts["not_converted"], accounts["not_converted_items"]) == (0, [])
    assert accounts["items"][0]["id"] == household.pk
    assert accounts["items"][0]["balance"] == "3283.00"
    assert data["monthly_spending"]["month"] == f"{today:%Y-%m}"
    assert data["monthly_spending"]["total_spent"] == "137.00"
    totals = data["totals"]
    assert (totals["income"], totals["expenses"], totals["net"]) == ("3000.00", "137.00", "2863.00")
    assert (data["budgets"], data["upcoming_bills"]) == ([], [])
    assert (data["rewards"], data["alerts_count"]) == ({"total_points": 0}, 0)
    food, uncategorized = data["category_totals"]
    assert (food["category"], food["name"], food["total"]) == ("food", "Food & drink", "130.00")
    assert (food["percent"], food["refunds"]) == (94.9, "20.00")
    assert [child["category"] for child in food["children"]] == ["groceries", "restaurants"]
    assert (uncategorized["category"], uncategorized["name"]) == (None, "Uncategorized")
    assert len(data["monthly_trends"]) == 12
    assert data["monthly_trends"][-1] == {
        "month": f"{today:%Y-%m}",
        "income": "3000.00",
        "expenses": "137.00",
        "net": "2863.00",
        "not_converted": 0,
    }
    assert data["monthly_trends"][-2]["expenses"] == "80.00"
    assert len(data["recent_transactions"]) == 8
    assert data["recent_transactions"][0]["status"] == "pending"
    assert data["insights"]["savings_rate_percent"] == 95.4


def test_yen_amounts_have_no_decimals(overview_of, alice):
    alice.base_currency = "JPY"
    alice.save()
    make_account(user=alice, currency="JPY", opening_balance="120")
    data = overview_of(alice)
    assert (data["accounts"]["total_balance"], data["totals"]["income"]) == ("120", "0")


def test_a_viewer_gets_the_shared_figures_without_budgets_and_insights(
    overview_of, guest_of, household
):
    data = overview_of(guest_of("viewer"))
    assert "budgets" not in data
    assert "insights" not in data
    assert data["accounts"]["total_balance"] == "3283.00"
    assert data["accounts"]["items"][0]["is_shared"] is True
    assert data["totals"]["expenses"] == "137.00"
    assert len(data["recent_transactions"]) == 8


def test_an_analyst_also_gets_the_insights(overview_of, guest_of):
    data = overview_of(guest_of("analyst"))
    assert data["totals"]["expenses"] == "137.00"
    assert data["insights"]["previous"]["currency"] == "USD"
    assert data["budgets"] == []


def test_a_customer_with_a_viewer_share_gets_no_insights_of_the_owner(overview_of, guest_of):
    guest = guest_of("user", level="viewer")
    data = overview_of(guest)
    assert data["accounts"]["total_balance"] == "3283.00"
    assert "insights" not in data


@pytest.mark.slow
def test_shared_accounts_count_only_on_request_for_account_owners(overview_of, guest_of):
    guest = guest_of("user", level="analyst")
    make_account(user=guest, currency="USD", opening_balance="10.00")
    assert overview_of(guest)["accounts"]["total_balance"] == "10.00"
    assert overview_of(guest)["recent_transactions"] == []
    assert overview_of(guest, include_shared="1")["accounts"]["total_balance"] == "3293.00"
    assert len(overview_of(guest, include_shared="1")["recent_transactions"]) == 8


def test_other_peoples_money_is_never_included(overview_of, household, bob):
    data = overview_of(bob)
    assert data["accounts"]["items"] == []
    assert data["accounts"]["total_balance"] == "0.00"
    assert data["recent_transactions"] == []
    assert overview_of(bob, include_shared="1")["accounts"]["items"] == []


def test_an_unaccepted_share_shows_nothing(overview_of, guest_of, household):
    guest = guest_of("viewer")
    guest.shares_received.update(status="revoked")
    assert overview_of(guest)["accounts"]["items"] == []


@pytest.mark.parametrize("path", PATHS)
def test_an_anonymous_request_is_refused(api_for, path):
    assert api_for(None).get(path).status_code in (401, 403)


def test_the_dashboard_address_accepts_the_session(client_for, alice, household):
    for path in ("/dashboard/overview", "/dashboard/overview/"):
        response = client_for(alice).get(path)
        assert response.json()["accounts"]["total_balance"] == "3283.00"


@pytest.mark.parametrize(
    ("params", "attr"),
    [
        ({"month": "2025-13"}, "month"),
        ({"period": "aeon"}, "period"),
        ({"date_to": "x"}, "date_to"),
    ],
)
def test_an_invalid_period_is_a_400_at_its_name(api_for, alice, params, attr):
    response = api_for(alice).get(PATHS[0], params)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == attr


def test_a_month_without_data_is_all_zeros(overview_of, alice, household):
    data = overview_of(alice, month="2019-02")
    assert data["monthly_spending"]["month"] == "2019-02"
    assert data["totals"]["expenses"] == "0.00"
    assert (data["category_totals"], data["recent_transactions"]) == ([], [])
    assert data["accounts"]["total_balance"] == "3283.00"


def test_amounts_without_a_rate_are_counted_and_named_and_never_converted_one_to_one(
    overview_of, alice, household, today
):
    francs = make_account(user=alice, name="Zürich", currency="CHF", opening_balance="70.00")
    make_transaction(account=francs, amount="-5.00", txn_date=today)
    data = overview_of(alice)
    assert data["accounts"]["total_balance"] == "3283.00"
    assert data["accounts"]["not_converted"] == 1
    assert data["accounts"]["not_converted_items"][0]["account_name"] == "Zürich"
    shown = {item["name"]: item for item in data["accounts"]["items"]}["Zürich"]
    assert (shown["balance"], shown["converted_balance"]) == ("65.00", None)
    assert data["totals"]["expenses"] == "137.00"
    assert data["totals"]["not_converted"] == 1
    assert data["totals"]["not_converted_items"] == [
        {
            "account": francs.pk,
            "account_name": "Zürich",
            "currency": "CHF",
            "count": 1,
            "date_from": today.isoformat(),
            "date_to": today.isoformat(),
        }
    ]


def queries_of(api_for, user, count) -> int:
    client = api_for(type(user).objects.get(pk=user.pk))
    with count() as seen:
        assert client.get(PATHS[0]).status_code == 200
    return len(seen)


@pytest.mark.once
@pytest.mark.slow
def test_the_number_of_queries_does_not_grow_with_rows_or_accounts(
    api_for, alice, today, django_assert_max_num_queries, groceries
):
    def seen():
        return django_assert_max_num_queries(20)

    home = make_account(user=alice, currency="USD", opening_balance="9000")
    euros = make_account(user=alice, currency="EUR", opening_balance="9000")
    for account in (home, euros):
        make_transaction(account=account, amount="-1.00", txn_date=today, tags=["a"])
    few = queries_of(api_for, alice, seen)
    for number in range(8):
        make_account(user=alice, name=f"No. {number}", currency=["USD", "GBP"][number % 2])
    for number in range(100):
        for account in (home, euros):
            make_transaction(
                account=account,
                amount=f"-{number + 1}.00",
                txn_date=today,
                tags=["a", "b"],
                category=groceries if number % 2 else None,
            )
    assert queries_of(api_for, alice, seen) == few


def test_the_total_equals_the_sum_of_the_accounts(overview_of, alice):
    alice.base_currency = "USD"
    alice.save()
    for amount in ("0.10", "0.20", "-0.05"):
        make_account(user=alice, currency="USD", opening_balance=amount, overdraft_limit="1")
    data = overview_of(alice)
    assert data["accounts"]["total_balance"] == "0.25"
    assert sum(Decimal(item["balance"]) for item in data["accounts"]["items"]) == Decimal("0.25")
    assert (data["accounts"]["assets"], data["accounts"]["liabilities"]) == ("0.30", "0.05")


def test_archived_and_deleted_accounts_are_not_in_the_balances(overview_of, alice, household):
    make_account(user=alice, name="Old", currency="USD", opening_balance="5.00")
    alice.accounts.filter(name="Old").update(is_active=False)
    assert overview_of(alice)["accounts"]["total_accounts"] == 1
    assert overview_of(make_user("new@example.org"))["accounts"]["total_accounts"] == 0
