"""Alice's base currency is EUR; `budget_for` creates a budget in March 2026, `spend` an expense."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import ExchangeRate
from accounts.services import store_rates
from budgets.services import create_budget
from tests.builders import make_transaction
from transactions.models import Category


@pytest.fixture
def alice(alice):
    alice.base_currency = "EUR"
    alice.save()
    return alice


@pytest.fixture
def category_of():
    """category_of("groceries"): the predefined category."""
    return lambda slug: Category.objects.get(user=None, slug=slug)


@pytest.fixture
def budget_for(alice, category_of):
    """budget_for("groceries", 350): Alice's budget, by default in March 2026."""

    def make(slug, limit=100, **over):
        owner = over.pop("user", alice)
        fields = {"year": 2026, "month": 3, "limit_amount": Decimal(limit)} | over
        return create_budget(actor=owner, user=owner, category=category_of(slug), **fields)

    return make


@pytest.fixture
def spend(checking, category_of):
    """spend("20.00", "groceries"): an expense on Alice's account; a negative amount is a refund."""

    def post(amount, slug=None, on=date(2026, 3, 10), account=None, **over):
        return make_transaction(
            account=account or checking,
            amount=str(-Decimal(amount)),
            txn_date=on,
            category=slug and category_of(slug),
            **over,
        )

    return post


@pytest.fixture
def rate():
    """rate("USD", "EUR", "0.5", day): store one rate."""

    def store(base, quote, value, on):
        row = ExchangeRate(base=base, quote=quote, rate=value, rate_on=on, source="test")
        assert store_rates(actor=None, rates=[row]) == 1

    return store
