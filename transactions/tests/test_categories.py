"""A person's own categories: create, edit and delete; totals and history follow."""

from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.utils import timezone

from tests.builders import make_transaction, make_user
from transactions import dispatching, tasks
from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    CategoryChange,
    CategoryRule,
    Change,
    MonthlyTotal,
    Transaction,
)
from transactions.services.bulk_editing import bulk_edit
from transactions.services.categories import create_category, edit_category
from transactions.services.category_removal import delete_category
from transactions.services.long_changes import LongChange
from transactions.services.posting import delete_transactions, restore_transactions
from transactions.services.rule_editing import create_rule
from transactions.services.splitting import Part, split_transaction
from transactions.services.undoing import undo_change
from users.models import AuditEvent


def totals():
    return sorted(
        (row.category.slug if row.category else None, row.inflow, row.outflow)
        for row in MonthlyTotal.objects.select_related("category")
    )


def test_slug_is_unique_and_made_from_the_name(alice, bob):
    def slug(user, name):
        return create_category(actor=user, user=user, name=name).slug

    assert slug(alice, "Café & Bücher") == "cafe-bucher"
    assert slug(alice, "Café & Bücher") == "cafe-bucher-2"
    assert slug(bob, "Café & Bücher") == "cafe-bucher"
    assert slug(alice, "Groceries") == "groceries-2"
    assert slug(alice, "Uncategorized") == "uncategorized-2"
    assert slug(alice, "食費") == "category"
    assert len(slug(alice, "x" * 80)) == 50


def test_subcategory_has_its_parents_kind_and_color(alice):
    income = Category.objects.get(slug="income")
    child = create_category(actor=alice, user=alice, name="Tips", kind="expense", parent=income)
    assert (child.kind, child.color) == ("income", income.color)


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "A", "kind": "gift"}, "kind"),
        ({"name": "A", "color": "red"}, "color"),
        ({"name": "A", "icon": "<script>"}, "icon"),
        ({"name": "A", "parent": "groceries"}, "parent"),
    ],
)
def test_invalid_category_is_rejected_and_not_created(alice, fields, attr):
    if "parent" in fields:
        fields = fields | {"parent": Category.objects.get(slug=fields["parent"])}
    with pytest.raises(ValidationError) as refusal:
        create_category(actor=alice, user=alice, **fields)
    assert list(refusal.value.message_dict) == [attr]
    assert not Category.objects.filter(user=alice).exists()


def test_another_persons_category_cannot_be_a_parent(alice, bob):
    theirs = create_category(actor=bob, user=bob, name="Bees")
    with pytest.raises(ValidationError):
        create_category(actor=alice, user=alice, name="Hives", parent=theirs)


def test_edit_keeps_the_slug_and_updates_children(alice):
    bees = create_category(actor=alice, user=alice, name="Bees")
    hives = create_category(actor=alice, user=alice, name="Hives", parent=bees)
    edited = edit_category(actor=alice, category=bees, name="Apiary", kind="income")
    hives.refresh_from_db()
    assert (edited.name, edited.slug, edited.kind, hives.kind) == (
        "Apiary",
        "bees",
        "income",
        "income",
    )
    with pytest.raises(ValidationError):
        edit_category(actor=alice, category=bees, parent=Category.objects.get(slug="food"))


def test_rows_of_a_deleted_category_move_to_its_parent_with_totals_and_history(alice, checking):
    food = Category.objects.get(slug="food")
    sushi = create_category(actor=alice, user=alice, name="Sushi", parent=food)
    for amount in ("-10.00", "-5.00"):
        make_transaction(account=checking, amount=amount, category=sushi)
    gone = make_transaction(account=checking, amount="-3.00", category=sushi)
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=gone.pk))
    make_transaction(account=checking, amount="-1.00", category=food)
    assert delete_category(actor=alice, category=sushi).row_count == 3
    assert totals() == [("food", Decimal(0), Decimal(16))]
    assert set(Transaction.objects.values_list("category__slug", flat=True)) == {"food"}
    assert CategoryChange.objects.filter(from_category=sushi, to_category=food).count() == 3
    restore_transactions(actor=alice, rows=Transaction.objects.filter(pk=gone.pk))
    assert totals() == [("food", Decimal(0), Decimal(19))]
    checking.refresh_from_db()
    assert checking.balance == 981
    assert not Category.objects.visible_to(alice).filter(pk=sushi.pk).exists()
    assert delete_category(actor=alice, category=sushi) is None


def test_without_a_parent_rows_become_uncategorized_and_children_top_level(alice, checking):
    bees = create_category(actor=alice, user=alice, name="Bees")
    hives = create_category(actor=alice, user=alice, name="Hives", parent=bees)
    row = make_transaction(account=checking, category=bees)
    delete_category(actor=alice, category=bees)
    row.refresh_from_db()
    hives.refresh_from_db()
    assert (row.category, row.category_source, hives.parent) == (None, "none", None)
    assert totals() == [(None, Decimal(0), Decimal(10))]
    event = AuditEvent.objects.get(action="transactions.category.deleted")
    assert event.changes == {
        **{"slug": "bees", "moved_count": 1, "moved_to": None},
        **{"rule_count": 0, "rules_moved_to": None},
    }


@pytest.fixture
def sushi(alice):
    """One of Alice's own categories, with two rules that assign it."""
    made = create_category(actor=alice, user=alice, name="Sushi")
    for words in ("sashimi", "maki"):
        create_rule(actor=alice, user=alice, category=made, keyword_pattern=words)
    return made


def test_rules_of_a_deleted_category_move_with_its_transactions(alice, checking, sushi):
    food = Category.objects.get(slug="food")
    row = make_transaction(account=checking, category=sushi)
    with pytest.raises(ValidationError, match="a different category of your own"):
        delete_category(actor=alice, category=sushi, target=sushi)
    delete_category(actor=alice, category=sushi, target=food)
    row.refresh_from_db()
    assert row.category == food
    rules = CategoryRule.objects.visible_to(alice).in_force()
    assert [rule.category for rule in rules] == [food, food]
    event = AuditEvent.objects.get(action="transactions.category.deleted")
    assert (event.changes["rule_count"], event.changes["rules_moved_to"]) == (2, "food")


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ({"rules": "move"}, []),
        ({"target": "food", "rules": "delete"}, []),
        ({"target": "food", "rules": "move"}, ["food", "food"]),
    ],
)
def test_page_and_api_ask_what_to_do_with_its_rules(alice, sushi, client_for, api_for, wish, left):
    page = client_for(alice)
    address = f"/transactions/categories/{sushi.pk}/delete/"
    text = page.get(address).content.decode()
    assert "“sashimi”" in text
    assert "“maki”" in text
    assert page.post(address, wish | {"target": "sushi"}).status_code == 422
    with db_transaction.atomic():
        assert page.post(address, wish).status_code == 302
        rules = CategoryRule.objects.visible_to(alice)
        assert [rule.category.slug for rule in rules] == left
        db_transaction.set_rollback(True)
    query = {"move_to": wish.get("target", ""), "rules": wish.get("rules", "move")}
    answer = api_for(alice).delete(f"/api/categories/{sushi.pk}", query_params=query)
    assert answer.status_code == 204
    assert [rule.category.slug for rule in CategoryRule.objects.visible_to(alice)] == left


# --- at the API ----------------------------------------------------------------------------------


def test_api_shows_the_tree_and_own_categories(alice, bob, api_for):
    create_category(actor=bob, user=bob, name="Bees")
    client = api_for(alice)
    made = client.post("/api/categories", {"name": "Sushi", "parent": "food", "icon": "fish"})
    assert made.status_code == 201
    body = made.json()
    assert body.pop("created_at")
    assert body.pop("updated_at")
    assert body == {
        "id": body["id"],
        "user": alice.pk,
        "slug": "sushi",
        "name": "Sushi",
        "kind": "expense",
        "parent": "food",
        "icon": "fish",
        "color": "#c2410c",
        "is_predefined": False,
    }
    listed = client.get("/api/categories").json()
    assert listed["next"] is None
    slugs = [row["slug"] for row in listed["results"]]
    assert "sushi" in slugs
    assert "bees" not in slugs
    assert len(slugs) == Category.objects.filter(user=None).count() + 1
    incomes = client.get("/api/categories?kind=income").json()["results"]
    assert {row["kind"] for row in incomes} == {"income"}


def test_only_own_categories_can_be_changed(alice, bob, api_for, groceries):
    theirs = create_category(actor=bob, user=bob, name="Bees")
    mine = create_category(actor=alice, user=alice, name="Sushi")
    client = api_for(alice)
    for method in ("put", "patch", "delete"):
        call = partial(getattr(client, method), data=None if method == "delete" else {"name": "X"})
        assert call(f"/api/categories/{groceries.pk}").status_code == 403
        foreign = call(f"/api/categories/{theirs.pk}")
        absent = call("/api/categories/999999")
        assert (foreign.status_code, foreign.content) == (404, absent.content)
    changed = client.patch(f"/api/categories/{mine.pk}", {"name": "Fish", "parent": "food"})
    assert (changed.json()["name"], changed.json()["parent"]) == ("Fish", "food")
    risen = client.put(f"/api/categories/{mine.pk}", {"name": "Fish", "parent": None})
    assert risen.json()["parent"] is None
    assert client.delete(f"/api/categories/{mine.pk}").status_code == 204
    assert client.get(f"/api/categories/{mine.pk}").status_code == 404


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_read_only_roles_cannot_create_categories(db, api_for, role):
    user = make_user("ro@example.com", role=role)
    assert api_for(user).post("/api/categories", {"name": "A"}).status_code == 403
    assert not Category.objects.filter(user=user).exists()


def test_unknown_parent_gives_a_clear_message(alice, api_for):
    answer = api_for(alice).post("/api/categories", {"name": "A", "parent": "zzz"})
    assert answer.json()["errors"] == [
        {"code": "does_not_exist", "detail": "Unknown category “zzz”.", "attr": "parent"}
    ]


def test_category_with_split_parts_cannot_become_a_transfer_category(alice, checking):
    own = create_category(actor=alice, user=alice, name="Own")
    row = make_transaction(account=checking, amount="-9.00")
    parts = [Part(Decimal("-4.00"), own), Part(Decimal("-5.00"))]
    split_transaction(actor=alice, transaction=row, parts=parts)
    with pytest.raises(ValidationError, match="can't be transfers"):
        edit_category(actor=alice, category=own, kind="transfer")
    transfer = Category.objects.filter(user=None, kind="transfer").first()
    with pytest.raises(ValidationError, match="can't be transfers"):
        delete_category(actor=alice, category=own, target=transfer)
    own.refresh_from_db()
    assert (own.kind, own.deleted_at) == ("expense", None)
    assert row.splits.filter(category=own).count() == 1


@pytest.mark.slow
def test_undo_does_not_restore_a_deleted_category(alice, checking):
    own = create_category(actor=alice, user=alice, name="Own")
    food = Category.objects.get(user=None, slug="food")
    row, other = (
        make_transaction(account=checking, category=own),
        make_transaction(account=checking),
    )
    rows, now = Transaction.objects.filter(user=alice), timezone.now()
    change = bulk_edit(actor=alice, rows=rows, at=now, category=food, notes="seen")
    delete_category(actor=alice, category=own)
    result = undo_change(actor=alice, change=change, at=now)
    assert (result.restored_count, result.left_ids) == (1, [row.pk])
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.category, row.notes) == (food, "")
    assert (other.category, other.notes) == (None, "")
    assert check_ledger().is_clean


@pytest.mark.slow
def test_large_category_is_deleted_at_once_and_its_rows_move_later(
    alice, checking, savings, settings, client_for, api_for
):
    settings.CHANGE_INLINE_ROWS = settings.CHANGE_STEP_ROWS = 3
    food = Category.objects.get(user=None, slug="food")
    mine, other = (create_category(actor=alice, user=alice, name=name) for name in "AB")
    made = [make_transaction(account=checking, category=mine) for _ in range(5)]
    whole = make_transaction(account=savings, amount="-10.00")
    parts = [Part(Decimal(-4), mine), Part(Decimal(-6), food)]
    split_transaction(actor=alice, transaction=whole, parts=parts)
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=made[0].pk))
    form = {"target": other.slug, "rules": "move"}
    answer = client_for(alice).post(f"/transactions/categories/{mine.pk}/delete/", form)
    change = Change.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/transactions/undo/{change.pk}/")
    assert (change.kind, change.status, change.total_count) == ("category", "running", 6)
    assert not Category.objects.visible_to(alice).filter(pk=mine.pk).exists()
    work, api = LongChange(change.pk), api_for(alice)
    assert work.step(at=timezone.now()) is True
    assert check_ledger().is_clean
    assert api.post(f"/api/undo/{change.pk}/stop").status_code == 400
    with pytest.raises(ValidationError, match="being moved to this category"):
        delete_category(actor=alice, category=other)
    tasks.run_change(change.pk)
    change.refresh_from_db()
    assert (change.status, change.row_count, change.may_be_undone(timezone.now())) == (
        "done",
        6,
        True,
    )
    assert Transaction.objects.filter(category=other).count() == 5
    assert [split.category for split in whole.splits.order_by("pk")] == [other, food]
    assert CategoryChange.objects.filter(from_category=mine, to_category=other).count() == 5
    assert "View categories" in client_for(alice).get(answer.url).content.decode()
    assert check_ledger().is_clean

    answer = api.delete(f"/api/categories/{other.pk}?move_to=")
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    rows = Transaction.objects.filter(category=other).live()
    wish = dispatching.edit_soon(alice, rows, at=timezone.now(), category=food)
    tasks.run_change(answer.json()["batch"])
    assert not Transaction.objects.filter(category=other).exists()
    # A move by the worker isn't anyone's choice, so a change requested after it still applies.
    tasks.run_change(wish.pk)
    wish.refresh_from_db()
    assert (wish.status, wish.row_count, wish.skipped_count) == ("done", 4, 0)
    assert Transaction.objects.filter(category=food, is_split=False).count() == 4
    assert check_ledger().is_clean
