"""Deleting a category is undone with everything that referred to it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from bills.models import Bill
from budgets.models import Budget
from tests.builders import make_transaction
from transactions import tasks
from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    CategoryRule,
    Change,
    ImportRow,
    ReferenceChange,
    ReviewItem,
    Transaction,
    TransactionSplit,
    Transfer,
)
from transactions.services import category_removal
from transactions.services.categories import create_category, edit_category
from transactions.services.category_removal import delete_category
from transactions.services.import_confirming import confirm_import
from transactions.services.posting import edit_transaction
from transactions.services.purging import purge
from transactions.services.rule_editing import create_rule
from transactions.services.splitting import Part, split_transaction
from transactions.services.undoing import undo_change
from transactions.tests.import_samples import checked, csv_of
from users.models import AuditEvent

# What refers to a category and stays when it is deleted, and why.
STAYS = {
    "transactions.categorychange.from_category": "history keeps the name",
    "transactions.categorychange.to_category": "history keeps the name",
    "transactions.change.category": "the deletion itself",
    "transactions.monthlytotal.category": "a sum of the transactions, which check_ledger proves",
    "transactions.dailytotal.category": "a sum of the transactions, which check_ledger proves",
    "transactions.merchanttotal.category": "a sum of the transactions, which check_ledger proves",
}


@pytest.fixture
def food(db):
    return Category.objects.get(user=None, slug="food")


@pytest.fixture
def bees(alice):
    return create_category(actor=alice, user=alice, name="Bees")


def budget_of(user, category, month=3):
    return Budget.objects.create(
        user=user, category=category, year=2026, month=month, limit_amount=90, currency="EUR"
    )


@pytest.fixture
def holders(alice, checking, savings, bees, food):
    """One row of every kind that refers to the category: {label.field: row}."""
    whole = make_transaction(account=checking, amount="-9.00")
    parts = [Part(Decimal(-4), bees), Part(Decimal(-5), food)]
    split_transaction(actor=alice, transaction=whole, parts=parts)
    own = make_transaction(account=checking, category=bees, category_source="rule")
    sides = [make_transaction(account=account, amount=amount)
             for account, amount in ((checking, "-5.00"), (savings, "5.00"))]  # fmt: skip
    transfer = Transfer.objects.create(
        user=alice, outflow_transaction=sides[0], inflow_transaction=sides[1],
        outflow_category_before=bees, inflow_category_before=bees,
    )  # fmt: skip
    lines = ["2026-03-13,Honey,-17.00,Bees", "2026-03-14,Wax,-2.00,food"]
    batch = checked(checking, csv_of(lines, "Date,Description,Amount,Category"))
    return {
        "transactions.transaction.category": own,
        "transactions.transactionsplit.category": whole.splits.get(category=bees),
        "transactions.categoryrule.category": create_rule(
            actor=alice, user=alice, category=bees, keyword_pattern="honey"
        ),
        "transactions.importrow.category": batch.rows.get(category=bees),
        "transactions.reviewitem.category": ReviewItem.objects.create(
            user=alice, account=checking, category=bees, txn_date=date(2026, 3, 1),
            reason="wording", signed_amount=-1, currency="EUR", description="Wax", fingerprint=1,
        ),
        "transactions.transfer.outflow_category_before": transfer,
        "transactions.transfer.inflow_category_before": transfer,
        "transactions.category.parent": create_category(
            actor=alice, user=alice, name="Hives", parent=bees
        ),
        "budgets.budget.category": budget_of(alice, bees),
        "bills.bill.category": Bill.objects.create(
            user=alice, biller_name="Hive", amount_due=5, currency="EUR", category=bees,
            due_date=date(2026, 4, 1), series_start=date(2026, 4, 1),
        ),
    }  # fmt: skip


def held(holders):
    """{label.field: (category id, whether in the trash, category source)} as of now."""
    found = {}
    for name, row in holders.items():
        now = type(row)._base_manager.get(pk=row.pk)
        field = name.rpartition(".")[2]
        trashed = getattr(now, "deleted_at", None) is not None
        found[name] = (
            getattr(now, f"{field}_id"), trashed, getattr(now, "category_source", "")
        )  # fmt: skip
    return found


@pytest.mark.slow
@pytest.mark.parametrize("target", ["food", None])
@pytest.mark.parametrize("large", [False, True])
def test_everything_that_refers_to_a_category_follows_and_comes_back(
    alice, api_for, client_for, settings, holders, bees, food, target, large
):
    fields = Category._meta.get_fields(include_hidden=True)
    relations = {
        f"{field.related_model._meta.label_lower}.{field.field.name}"
        for field in fields
        if field.is_relation and field.auto_created
    }
    assert relations == {*holders, *STAYS}
    if large:
        settings.CHANGE_INLINE_ROWS = settings.CHANGE_STEP_ROWS = 1
    before, client = held(holders), client_for(alice)
    form = {"target": target or "", "rules": "move"}
    answer = client.post(f"/transactions/categories/{bees.pk}/delete/", form)
    change = Change.objects.get(kind="category")
    if large:
        assert (change.status, answer.url) == ("running", f"/transactions/undo/{change.pk}/")
        tasks.run_change(change.pk)
    for name, (category_id, is_trashed, _) in held(holders).items():
        wanted = food.pk if target and not name.endswith("parent") else None
        assert is_trashed or category_id == wanted, name
    assert check_ledger().is_clean

    page = client.get(f"/transactions/undo/{change.pk}/").content.decode()
    assert "1 budget" in page
    assert "changed since" not in page
    answer = api_for(alice).post(f"/api/undo/{change.pk}")
    assert answer.status_code == (202 if large else 200)
    tasks.run_change(change.pk)
    assert held(holders) == before
    shown = api_for(alice).get(f"/api/undo/{change.pk}").json()
    assert (shown["status"], shown["can_undo"], shown["row_count"]) == ("done", False, 2)
    assert {(moved["kind"], moved["left_count"]) for moved in shown["references"]} == {
        (kind, 0)
        for kind in ("bill", "budget", "category", "categoryrule", "importrow", "reviewitem",
                     "transfer")
    }  # fmt: skip
    assert AuditEvent.objects.filter(action="transactions.category.restored").count() == 1
    assert check_ledger().is_clean


@pytest.mark.slow
def test_what_was_changed_since_is_left_alone_and_named(
    alice, client_for, holders, bees, food, checking
):
    coffee = Category.objects.get(user=None, slug="coffee")
    other = make_transaction(account=checking, category=bees)
    delete_category(actor=alice, category=bees, target=food)
    change = Change.objects.get(kind="category")
    own, part = (
        holders["transactions.transaction.category"],
        holders["transactions.transactionsplit.category"],
    )
    edit_transaction(actor=alice, transaction=own, category=coffee)
    whole = [Part(Decimal(-3), food), Part(Decimal(-6), food)]
    split_transaction(actor=alice, transaction=part.transaction, parts=whole)
    Bill.objects.update(category=coffee)
    Budget.objects.update(deleted_at=timezone.now())
    CategoryRule.objects.update(deleted_at=timezone.now())
    edit_category(
        actor=alice, category=Category.objects.get(slug="hives"), parent=food
    )  # fmt: skip
    confirm_import(actor=alice, batch_id=ImportRow.objects.first().batch_id, at=timezone.now())
    client = client_for(alice)
    assert "2 transactions have been edited since" in (
        client.get(f"/transactions/undo/{change.pk}/").content.decode()
    )
    assert client.post(f"/transactions/undo/{change.pk}/undo/").status_code == 302
    page = client.get(f"/transactions/undo/{change.pk}/").content.decode()
    assert "Bees is back with 1 transaction." in page
    left = "2 transactions, 1 bill, 1 import line, 1 category"
    assert f"Changed since, so we left it alone: {left}." in page
    assert page.count("1 changed since, left alone") == 3
    bees.refresh_from_db()
    other.refresh_from_db()
    own.refresh_from_db()
    assert (bees.deleted_at, other.category, own.category) == (None, bees, coffee)
    assert set(TransactionSplit.objects.values_list("category__slug", flat=True)) == {"food"}
    assert Transaction.objects.get(description="Honey").category == food
    # A rule and a budget deleted by hand stay deleted, but refer to the category again.
    assert not CategoryRule.objects.visible_to(alice).exists()
    with pytest.raises(ValidationError, match="already been undone"):
        undo_change(actor=alice, change=change, at=timezone.now())
    assert check_ledger().is_clean


def test_a_budget_that_gave_way_comes_back_beside_the_one_that_stayed(alice, bees, food):
    budget_of(alice, food)
    mine, april = budget_of(alice, bees), budget_of(alice, bees, month=4)
    change = delete_category(actor=alice, category=bees, target=food)
    mine.refresh_from_db()
    assert mine.deleted_at is not None
    undo_change(actor=alice, change=change, at=timezone.now())
    live = Budget.objects.filter(deleted_at=None, category=bees)
    assert set(live) == {mine, april}
    assert Budget.objects.filter(deleted_at=None, category=food).count() == 1


def test_levels_and_limits_hold_when_a_category_comes_back(alice, bees, food, monkeypatch):
    """A parent that has become a child since cannot take its child back; a full list takes none."""
    home = create_category(actor=alice, user=alice, name="Home")
    lamp = create_category(actor=alice, user=alice, name="Lamp", parent=home)
    change = delete_category(actor=alice, category=lamp, target=None)
    edit_category(actor=alice, category=home, parent=bees)
    monkeypatch.setattr(category_removal, "MOST_CATEGORIES", 2)
    with pytest.raises(ValidationError, match="at most"):
        undo_change(actor=alice, change=change, at=timezone.now())
    change.refresh_from_db()
    assert change.undone_at is None
    monkeypatch.undo()
    undo_change(actor=alice, change=change, at=timezone.now())
    lamp.refresh_from_db()
    assert (lamp.deleted_at, lamp.parent) == (None, None)


def test_after_thirty_days_the_data_is_purged_and_nothing_comes_back(alice, bees, food):
    create_rule(actor=alice, user=alice, category=bees, keyword_pattern="honey")
    change = delete_category(actor=alice, category=bees, target=food)
    later = timezone.now() + timedelta(days=31)
    assert change.may_be_undone(later) is False
    purge(at=later)
    assert not ReferenceChange.objects.exists()
