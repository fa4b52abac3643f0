"""The figures in the API: money as text, refusals, and no data of view-only shared accounts."""

import pytest

from accounts.models import ExchangeRate
from accounts.sharing import accept_share, share_account
from tests.builders import make_account, make_transaction

pytestmark = pytest.mark.django_db
PATHS = [
    f"/api/insights/{name}"
    for name in ("cash-flow", "categories", "merchants", "burn-rate", "net-worth", "yearly")
]


@pytest.fixture
def ask(api_for):
    def get(user, name, **params):
        response = api_for(type(user).objects.get(pk=user.pk)).get(f"/api/insights/{name}", params)
        assert response.status_code == 200, response.content
        return response.json()

    return get


def test_cash_flow_returns_totals_months_and_savings_rate(ask, alice, household):
    data = ask(alice, "cash-flow", period="this_month")
    assert data["totals"]["income"] == "3000.00"
    assert data["totals"]["savings_rate_percent"] == 95.4
    assert (data["currency"], data["not_converted"], data["rates"]) == ("USD", 0, [])
    [month] = data["months"]
    assert (month["expenses"], month["net"]) == ("137.00", "2863.00")
    assert data["previous"]["date_to"] < data["totals"]["date_from"]


def test_merchants_return_purchase_count_average_and_change(ask, alice, household, today):
    for amount in ("-10.00", "-20.00", "5.00"):
        make_transaction(account=household, amount=amount, txn_date=today, merchant="Corner Café")
    make_transaction(account=household, amount="-40.00", txn_date=today, merchant="CORNER CAFÉ")
    data = ask(alice, "merchants", limit="1")
    assert data["merchants"] == [
        {
            "merchant": "",
            "category": "groceries",
            "total": "137.00",
            "refunds": "20.00",
            "gross_total": "157.00",
            "transaction_count": 3,
            "average": "52.33",
            "percent": 66.2,
            "previous_total": "0.00",
            "change": "137.00",
            "change_percent": None,
        }
    ]
    assert (data["total"], data["others_count"], data["others_total"]) == ("207.00", 1, "70.00")
    cafe = ask(alice, "merchants")["merchants"][1]
    assert (cafe["merchant"], cafe["total"], cafe["refunds"]) == ("CORNER CAFÉ", "70.00", "0.00")
    assert (cafe["transaction_count"], cafe["average"]) == (3, "23.33")


def test_figures_can_be_requested_in_another_currency_with_rates(ask, alice, household, today):
    ExchangeRate.objects.create(
        base="USD", quote="EUR", rate="0.5", rate_on=today.replace(day=1), source="test"
    )
    data = ask(alice, "categories", currency="eur", period="this_month")
    assert (data["currency"], data["total"]) == ("EUR", "68.50")
    assert data["rates"][0]["rate"] == "0.5"
    worth = ask(alice, "net-worth", currency="EUR")
    assert worth["not_converted"] == len(
        [point for point in worth["points"] if point["not_converted"]]
    )


def test_the_other_figures_have_their_documented_shapes(ask, alice, household):
    worth = ask(alice, "net-worth")
    assert worth["net_worth"] == worth["points"][-1]["net_worth"] == "3283.00"
    assert [point["net_worth"] for point in worth["points"]][:1] == ["920.00"]
    burn = ask(alice, "burn-rate")
    assert (burn["liquid_funds"], burn["trend"]) == ("3283.00", None)
    [three, *_] = burn["windows"]
    assert (three["month_count"], three["monthly_expenses"]) == (1, "80.00")
    assert three["runway_months"] == 41.0
    years = ask(alice, "yearly")
    assert len(years["months"]) == 12
    assert years["months"][0]["income_change_percent"] is None


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_is_refused_and_an_analyst_sees_the_owners_figures(path, api_for, guest_of):
    refused = api_for(guest_of("viewer")).get(path)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["detail"] == "Your access doesn't include insights."
    assert api_for(guest_of("analyst")).get(path).status_code == 200


def test_a_view_only_shared_account_is_in_no_insight(ask, alice, bob, today):
    for name, level in (("Shown", "viewer"), ("Lent", "analyst")):
        account = make_account(user=alice, name=name, currency="USD", opening_balance="100")
        make_transaction(account=account, amount="-1.00", txn_date=today, merchant=name)
        share = share_account(actor=alice, account=account, member=bob, level=level)
        accept_share(actor=bob, share=share)
    bob.base_currency = "USD"
    bob.save()
    make_account(user=bob, name="Own", currency="USD", opening_balance="7")
    assert ask(bob, "net-worth")["net_worth"] == "7.00"
    assert ask(bob, "net-worth", include_shared="1")["net_worth"] == "106.00"
    data = ask(bob, "merchants", include_shared="1")
    assert [row["merchant"] for row in data["merchants"]] == ["Lent"]


@pytest.mark.parametrize(
    ("name", "params", "attr"),
    [
        ("cash-flow", {"month": "2025-13"}, "month"),
        ("merchants", {"limit": "0"}, "limit"),
        ("merchants", {"limit": "²"}, "limit"),
        ("yearly", {"year": "12"}, "year"),
        ("net-worth", {"currency": "XYZ"}, "currency"),
    ],
)
def test_invalid_parameters_are_a_400_at_their_name(api_for, alice, name, params, attr):
    response = api_for(alice).get(f"/api/insights/{name}", params)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == attr


@pytest.mark.parametrize("path", PATHS)
def test_figures_without_data_are_zero(path, api_for, alice):
    data = api_for(alice).get(path).json()
    assert data["not_converted"] == 0
