"""Budget services: their effects and refusals, and that a refusal changes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction

from budgets.models import Budget
from budgets.services import (
    adopt_suggestions,
    copy_last_month,
    create_budget,
    delete_budget,
    edit_budget,
    purge_trash,
    require_change,
    restore_budget,
)
from tests.builders import make_user
from transactions.models import Category
from transactions.services.categories import create_category
from transactions.services.category_removal import delete_category
from users.models import AuditEvent

pytestmark = pytest.mark.django_db


def actions():
    events = AuditEvent.objects.filter(action__startswith="budgets.").order_by("pk")
    return list(events.values_list("action", flat=True))


def test_a_budget_defaults_to_the_base_currency_and_is_recorded(budget_for, alice):
    budget = budget_for("groceries", "350.00")
    assert (budget.currency, budget.rollover, budget.limit_amount) == ("EUR", False, 350)
    event = AuditEvent.objects.get(action="budgets.budget.created")
    assert (event.actor, event.target_id) == (alice, budget.pk)
    assert event.changes["category"] == "groceries"


@pytest.mark.parametrize(
    ("over", "attr", "sentence"),
    [
        ({"limit_amount": Decimal("-1")}, "limit_amount", "Enter zero or more."),
        ({"limit_amount": Decimal("1.005")}, "limit_amount", "EUR has 2 decimals."),
        (
            {"limit_amount": Decimal("1.5"), "currency": "JPY"},
            "limit_amount",
            "JPY has no decimals.",
        ),
        ({"limit_amount": Decimal(10**13)}, "limit_amount", "This amount is too large."),
        ({"month": 13}, "month", "Choose a month from 1 to 12."),
        ({"month": 0}, "month", "Choose a month from 1 to 12."),
        ({"year": 1949}, "year", "Choose a year from 1950 to 2100."),
    ],
)
def test_an_invalid_budget_is_refused_at_its_field(budget_for, over, attr, sentence):
    with pytest.raises(ValidationError) as refusal:
        budget_for("groceries", **over)
    assert refusal.value.message_dict == {attr: [sentence]}
    assert (Budget.objects.count(), actions()) == (0, [])


def test_an_invalid_currency_is_refused(budget_for):
    with pytest.raises(ValidationError) as refusal:
        budget_for("groceries", currency="XXY")
    assert list(refusal.value.message_dict) == ["currency"]
    assert not Budget.objects.exists()


@pytest.mark.parametrize("slug", ["salary", "savings-transfer"])
def test_only_expense_categories_can_have_budgets(budget_for, slug):
    with pytest.raises(ValidationError) as refusal:
        budget_for(slug)
    assert refusal.value.message_dict == {"category": ["Choose an expense category."]}
    assert not Budget.objects.exists()


def test_other_peoples_and_removed_categories_are_refused(alice, bob):
    theirs = create_category(actor=bob, user=bob, name="Bees")
    gone = create_category(actor=alice, user=alice, name="Gone")
    delete_category(actor=alice, category=gone)
    gone.refresh_from_db()
    for category in (theirs, gone):
        with pytest.raises(ValidationError) as refusal:
            create_budget(
                actor=alice, user=alice, category=category, year=2026, month=3, limit_amount=1
            )
        assert refusal.value.message_dict == {"category": ["Choose one of your own categories."]}
    assert not Budget.objects.exists()


def test_a_category_has_one_budget_per_month(budget_for, bob):
    budget_for("groceries")
    with pytest.raises(ValidationError) as refusal:
        budget_for("groceries", 200)
    assert refusal.value.message_dict == {
        "category": ["You already have a budget for Groceries in 03/2026."]
    }
    budget_for("groceries", month=4)
    budget_for("groceries", user=bob)
    assert Budget.objects.count() == 3


def test_the_database_also_refuses_a_duplicate(budget_for):
    budget = budget_for("groceries")
    twin = Budget(
        user=budget.user, category=budget.category, year=2026, month=3,
        limit_amount=Decimal(1), currency="EUR",
    )  # fmt: skip
    with pytest.raises(IntegrityError), db_transaction.atomic():
        twin.save()


def test_an_edit_changes_only_given_fields_and_records_before_and_after(budget_for, alice):
    budget = budget_for("groceries", 100)
    edited = edit_budget(actor=alice, budget=budget, limit_amount=Decimal(150), rollover=True)
    assert (edited.limit_amount, edited.rollover, edited.month) == (150, True, 3)
    event = AuditEvent.objects.get(action="budgets.budget.edited")
    assert event.changes["before"]["rollover"] is False
    assert event.changes["after"]["rollover"] is True
    edit_budget(actor=alice, budget=budget, limit_amount=Decimal(150))
    assert actions() == ["budgets.budget.created", "budgets.budget.edited"]


def test_an_edit_cannot_collide_with_another_budget(budget_for, alice, category_of):
    budget_for("groceries")
    other = budget_for("restaurants")
    with pytest.raises(ValidationError):
        edit_budget(actor=alice, budget=other, category=category_of("groceries"))
    other.refresh_from_db()
    assert other.category.slug == "restaurants"


def test_a_budget_of_a_deleted_category_goes_to_the_trash(alice):
    bees = create_category(actor=alice, user=alice, name="Bees")
    budget = create_budget(
        actor=alice, user=alice, category=bees, year=2026, month=3, limit_amount=Decimal(10)
    )
    delete_category(actor=alice, category=bees)
    budget.refresh_from_db()
    assert budget.deleted_at is not None
    assert copy_last_month(actor=alice, user=alice, year=2026, month=4) == 0


def test_a_deleted_budget_can_be_restored_unless_replaced(budget_for, alice):
    budget = budget_for("groceries")
    delete_budget(actor=alice, budget=budget)
    delete_budget(actor=alice, budget=budget)
    assert not Budget.objects.visible_to(alice).exists()
    with pytest.raises(ValidationError, match="in the trash"):
        edit_budget(actor=alice, budget=budget, limit_amount=Decimal(1))
    restore_budget(actor=alice, budget=budget)
    assert Budget.objects.visible_to(alice).get() == budget
    delete_budget(actor=alice, budget=budget)
    budget_for("groceries", 1)
    with pytest.raises(ValidationError, match="already"):
        restore_budget(actor=alice, budget=budget)
    budget.refresh_from_db()
    assert budget.deleted_at is not None
    assert actions().count("budgets.budget.deleted") == 2


def test_copying_skips_existing_budgets_and_leaves_other_months_and_people_alone(
    budget_for, alice, bob
):
    budget_for("groceries", 100, month=2, rollover=True)
    budget_for("restaurants", 50, month=2, currency="USD")
    budget_for("coffee", 30, month=1)
    budget_for("travel", 500, month=2, user=bob)
    gone = budget_for("pets", 20, month=2)
    delete_budget(actor=alice, budget=gone)
    budget_for("restaurants", 77, month=3)
    assert copy_last_month(actor=alice, user=alice, year=2026, month=3) == 1
    copied = Budget.objects.owned_by(alice).in_month(2026, 3).order_by("pk")
    assert [(budget.category.slug, budget.limit_amount, budget.rollover) for budget in copied] == [
        ("restaurants", 77, False),
        ("groceries", 100, True),
    ]
    assert copy_last_month(actor=alice, user=alice, year=2026, month=3) == 0
    assert actions().count("budgets.month.copied") == 1


def test_copying_into_january_uses_december(budget_for, alice):
    budget_for("groceries", year=2025, month=12)
    assert copy_last_month(actor=alice, user=alice, year=2026, month=1) == 1


def test_adopting_leaves_existing_budgets_unchanged(budget_for, alice, category_of):
    budget_for("groceries", 100)
    wanted = [(category_of(slug), Decimal(9), "EUR") for slug in ("groceries", "coffee")]
    assert adopt_suggestions(actor=alice, user=alice, year=2026, month=3, suggestions=wanted) == 1
    limits = Budget.objects.owned_by(alice).values_list("category__slug", "limit_amount")
    assert sorted(limits) == [("coffee", 9), ("groceries", 100)]


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_read_only_roles_and_guests_cannot_change_budgets(budget_for, role):
    reader = make_user("reader@example.com", role=role)
    with pytest.raises(PermissionDenied):
        require_change(reader, budget_for("groceries", user=reader))
    guest = make_user("guest@example.com")
    with pytest.raises(PermissionDenied, match="view this budget"):
        require_change(guest, budget_for("groceries"))


def test_a_custom_category_can_have_a_budget(alice):
    bees = create_category(actor=alice, user=alice, name="Bees")
    assert bees.kind == Category.Kind.EXPENSE
    create_budget(
        actor=alice, user=alice, category=bees, year=2026, month=3, limit_amount=Decimal(1)
    )
    assert Budget.objects.get().category == bees


def test_the_trash_is_emptied_after_thirty_days(budget_for, alice):
    kept, gone = budget_for("pets"), budget_for("groceries")
    delete_budget(actor=alice, budget=gone)
    gone.refresh_from_db()
    assert purge_trash(at=gone.deleted_at + timedelta(days=30)) == 0
    assert purge_trash(at=gone.deleted_at + timedelta(days=30, seconds=1)) == 1
    assert Budget.objects.get() == kept
    assert actions()[-1] == "budgets.trash.purged"
