"""Progress: spent, carried, percent, pace; against an independent sum, in constant queries."""

from datetime import date
from decimal import Decimal

import pytest

from budgets.progress import budget_progress, progress_of_month
from budgets.services import create_budget
from tests.builders import make_transaction

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 15)


def test_smoke(alice, checking, groceries):
    alice.base_currency = "EUR"
    make_transaction(account=checking, amount="-300.00", category=groceries)
    make_transaction(account=checking, amount="20.00", category=groceries)
    budget = create_budget(
        actor=alice,
        user=alice,
        category=groceries.parent,
        year=2026,
        month=3,
        limit_amount=Decimal("350.00"),
    )
    (one,) = budget_progress([budget], on=TODAY)
    assert (one.spent, one.remaining, one.percent, one.status) == (
        Decimal("280.00"),
        Decimal("70.00"),
        80,
        "warning",
    )
    (two,) = progress_of_month([alice.pk], 2026, 3, on=TODAY)
    assert two.spent == one.spent
