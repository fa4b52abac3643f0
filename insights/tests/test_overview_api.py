"""The overview's shape, who gets what of it, and what it counts."""

import pytest

from tests.builders import make_account, make_transaction

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["/api/dashboard/overview", "/dashboard/overview"])
def overview_of(request, api_for):
    def get(user, **params):
        response = api_for(user).get(request.param, params)
        assert response.status_code == 200, response.content
        return response.json()

    return get


def test_the_overview_has_the_promised_shape(overview_of, alice, groceries):
    alice.base_currency = "EUR"
    alice.save()
    account = make_account(user=alice, opening_balance="1000.00")
    make_transaction(account=account, amount="-100.00", category=groceries)
    make_transaction(account=account, amount="3000.00", description="Salary")
    data = overview_of(alice, month="2026-03")
    assert data["accounts"]["total_balance"] == "3900.00"
    assert data["monthly_spending"]["total_spent"] == "100.00"
