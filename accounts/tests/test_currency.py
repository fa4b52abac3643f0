"""The currency page and API show stored rates with their dates and sources, and never guess."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AccountShare, ExchangeRate
from tests.builders import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    return timezone.now().date()


@pytest.fixture(autouse=True)
def money(alice, bob, today):
    """1000 EUR, 500 USD at yesterday's rate of 1.25 USD per EUR, and 100 THB without a rate."""
    alice.base_currency = "EUR"
    alice.save()
    make_account(user=alice, currency="EUR", opening_balance="1000")
    make_account(user=alice, currency="USD", opening_balance="500")
    make_account(user=alice, currency="THB", opening_balance="100")
    shared = make_account(user=bob, currency="EUR", opening_balance="7000")
    AccountShare.objects.create(
        user=bob, member=alice, account=shared, level="viewer", status="accepted"
    )
    ExchangeRate.objects.create(
        base="EUR", quote="USD", rate="1.25", rate_on=today - timedelta(days=1), source="ECB"
    )


def test_summary_converts_where_possible_and_counts_the_rest(api_for, alice):
    answer = api_for(alice).get("/api/currency/summary").json()
    assert (answer["base"], answer["total"], answer["not_converted"]) == ("EUR", "1400.00", 1)
    assert [
        (holding["currency"], holding["total"], holding["converted"])
        for holding in answer["holdings"]
    ] == [
        ("EUR", "1000.00", "1000.00"),
        ("USD", "500.00", "400.00"),
        ("THB", "100.00", None),
    ]


def test_shared_accounts_count_only_on_request(api_for, alice):
    answer = api_for(alice).get("/api/currency/summary?include_shared=true").json()
    assert answer["total"] == "8400.00"


def test_rates_show_date_and_source_and_list_missing_currencies(api_for, alice, today):
    answer = api_for(alice).get("/api/currency/rates?currencies=usd,THB").json()
    assert answer["rates"] == [
        {"currency": "THB", "rate": None, "rate_on": None, "source": None},
        {
            "currency": "USD",
            "rate": "1.25",
            "rate_on": str(today - timedelta(days=1)),
            "source": "ECB",
        },
    ]
    assert (answer["missing"], answer["is_late"]) == (["THB"], True)
    assert api_for(alice).get("/api/currency/rates?base=ZZZ").status_code == 400
    assert api_for(alice).get("/api/currency/rates?on=0001-01-01").status_code == 400


def test_conversion_returns_a_rounded_amount_or_explains_why_not(api_for, alice):
    client = api_for(alice)
    asked = {"amount": "100.01", "from": "USD", "to": "EUR"}
    answer = client.post("/api/currency/convert", asked).json()
    assert (answer["amount"], answer["rate"], answer["source"]) == ("80.01", "0.8", "ECB")
    refused = client.post("/api/currency/convert", asked | {"to": "THB"})
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert (error["attr"], error["code"]) == ("to", "rate_missing")
    assert client.post("/api/currency/convert", asked | {"amount": "x"}).status_code == 400


def test_currency_page_shows_the_same_figures_and_a_converter(client_for, alice):
    page = client_for(alice).get("/accounts/currency/", {"amount": "10", "base": "USD"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "€1,400.00" in text
    assert "1 account couldn't be converted to EUR" in text
    assert "€8.00" in text
    missing = client_for(alice).get("/accounts/currency/", {"base": "THB", "to": "USD"})
    assert "or the seven days before it" in missing.content.decode()
    wrong = client_for(alice).get("/accounts/currency/", {"amount": "ten", "on": "0001-01-01"})
    assert wrong.status_code == 422
    assert "Choose a date on or after 1999-01-01." in wrong.content.decode()
