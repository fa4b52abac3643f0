"""When a category is removed, its budgets move with its transactions."""

from decimal import Decimal

import pytest

from budgets.models import Budget
from budgets.progress import budget_progress
from budgets.services import create_budget
from tests.builders import TODAY, make_transaction
from transactions.models import Category
from transactions.services.categories import create_category
from transactions.services.category_removal import delete_category
from users.models import AuditEvent


@pytest.fixture
def food(db):
    return Category.objects.get(user=None, slug="food")


@pytest.fixture
def snacks(alice, food):
    return create_category(actor=alice, user=alice, name="Snacks", parent=food)


def budget_of(alice, category, limit=200, month=3):
    return create_budget(
        actor=alice,
        user=alice,
        category=category,
        year=2026,
        month=month,
        limit_amount=Decimal(limit),
        currency="EUR",
    )


def test_a_budget_moves_to_the_parent_category(alice, checking, snacks, food):
    budget = budget_of(alice, snacks)
    make_transaction(account=checking, amount="-100.00", category=snacks)
    delete_category(actor=alice, category=snacks)
    budget.refresh_from_db()
    assert (budget.category, budget.deleted_at) == (food, None)
    assert budget_progress([budget], on=TODAY)[0].spent == Decimal(100)
    event = AuditEvent.objects.get(action="transactions.category.deleted")
    assert event.changes["budgets_moved"] == 1


def test_an_existing_budget_stays_and_the_moved_one_goes_to_the_trash(alice, snacks, food):
    kept, other, later = (
        budget_of(alice, food, 500),
        budget_of(alice, snacks),
        budget_of(alice, snacks, month=4),
    )
    delete_category(actor=alice, category=snacks)
    for budget in (kept, other, later):
        budget.refresh_from_db()
    assert (kept.limit_amount, kept.deleted_at) == (Decimal(500), None)
    assert other.deleted_at is not None
    assert (later.category, later.deleted_at) == (food, None)


def test_a_budget_without_a_new_category_goes_to_the_trash(alice, snacks):
    budget_of(alice, snacks)
    delete_category(actor=alice, category=snacks, target=None)
    assert not Budget.objects.filter(deleted_at=None).exists()
