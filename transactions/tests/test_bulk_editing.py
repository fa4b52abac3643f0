"""Bulk edits and deletions: one change for the whole set, undone field by field."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.builders import make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    CategoryChange,
    Change,
    MonthlyTotal,
    Tag,
    Transaction,
)
from transactions.services import bulk_editing, posting
from transactions.services.undoing import count_changed_since, undo_change
from users.models import AuditEvent


def category(slug):
    return Category.objects.get(user=None, slug=slug)


def edit(user, rows=None, **wanted):
    rows = Transaction.objects.filter(user=user) if rows is None else rows
    return bulk_editing.bulk_edit(actor=user, rows=rows, at=timezone.now(), **wanted)


def delete(user, rows=None):
    rows = Transaction.objects.filter(user=user) if rows is None else rows
    return bulk_editing.bulk_delete(actor=user, rows=rows, at=timezone.now())


def restore(user):
    rows = Transaction.objects.filter(user=user)
    return bulk_editing.bulk_restore(actor=user, rows=rows, at=timezone.now())


def undo(user, change):
    return undo_change(actor=user, change=change, at=timezone.now())


def standing(user):
    rows = Transaction.objects.filter(user=user).order_by("pk")
    totals = MonthlyTotal.objects.filter(user=user).order_by("account", "month", "category")
    columns = ("pk", "category", "category_source", "notes", "search_text", "deleted_at")
    return (
        list(rows.values_list(*columns)),
        list(rows.order_by("pk", "tags__name").values_list("pk", "tags__name")),
        list(totals.values_list("account", "category", "inflow", "outflow", "transaction_count")),
        list(user.accounts.order_by("pk").values_list("pk", "balance")),
    )


@pytest.fixture
def rows(checking, savings):
    return [
        make_transaction(account=checking, amount="-10.00", description="Bread", tags=["work"]),
        make_transaction(account=checking, amount="-20.00", description="Wine", notes="Ünder"),
        make_transaction(account=savings, amount="5.00", category=category("interest")),
    ]


@pytest.mark.slow
def test_category_tags_and_notes_change_together_and_undo_restores_them(alice, rows):
    before = standing(alice)
    change = edit(
        alice,
        category=category("groceries"),
        add_tags=["home", "work"],
        remove_tags=["nothing"],
        notes="Für ALLE",
    )
    assert (change.kind, change.row_count) == ("bulk_edit", 3)
    assert change.summary == "Category: Groceries, +home, +work, −nothing, Notes"
    for row in Transaction.objects.all():
        assert (row.category.slug, row.category_source, row.notes) == (
            "groceries",
            "manual",
            "Für ALLE",
        )
        assert row.search_text.endswith("\nfur alle")
        assert sorted(row.tags.values_list("name", flat=True)) == ["home", "work"]
    assert CategoryChange.objects.filter(by="user", actor=alice).count() == 3
    assert check_ledger().is_clean
    assert undo(alice, change).restored_count == 3
    assert standing(alice) == before
    assert check_ledger().is_clean
    assert Tag.objects.filter(name="home").exists()


def test_removing_a_category_lets_rules_categorize_again(alice, rows):
    edit(alice, category=category("groceries"))
    edit(alice, category=None)
    sources = Transaction.objects.order_by().values_list("category", "category_source").distinct()
    assert list(sources) == [(None, "none")]


def test_an_edit_without_effect_creates_no_change(alice, rows):
    edit(alice, category=category("groceries"), add_tags=["x"])
    assert edit(alice, category=category("groceries"), add_tags=["x"]) is None
    assert Change.objects.count() == 1


def test_undo_skips_fields_changed_since_and_restores_the_others(alice, rows):
    change = edit(alice, category=category("groceries"), notes="Bulk")
    posting.edit_transaction(actor=alice, transaction=rows[0], notes="Mine")
    result = undo(alice, change)
    assert (result.restored_count, result.left_ids) == (2, [rows[0].pk])
    row = Transaction.objects.get(pk=rows[0].pk)
    assert (row.notes, row.category) == ("Mine", None)


def test_other_peoples_rows_are_never_changed(alice, bob, bobs_account, rows):
    theirs = make_transaction(account=bobs_account)
    edit(alice, Transaction.objects.all(), category=category("groceries"))
    delete(alice, Transaction.objects.all())
    theirs.refresh_from_db()
    assert (theirs.category, theirs.deleted_at) == (None, None)


def test_rejected_edit_changes_nothing(alice, bob, rows):
    bobs = Category.objects.create(user=bob, slug="bobs", name="Bob's", kind="expense")
    before = standing(alice)
    for wanted, attr in (
        ({"category": bobs}, "category"),
        ({"notes": "x" * 4001}, "notes"),
        ({"add_tags": ["x" * 41]}, "tags"),
        ({"add_tags": ["x"], "remove_tags": ["work", "x"]}, "tags"),
    ):
        with pytest.raises(ValidationError) as caught:
            edit(alice, **wanted)
        assert list(caught.value.message_dict) == [attr]
    assert standing(alice) == before
    assert not Change.objects.exists()


def test_tag_limit_also_applies_to_bulk_edits(alice, rows):
    edit(alice, add_tags=[f"tag {number}" for number in range(19)])
    before = standing(alice)
    with pytest.raises(ValidationError, match="1 transaction would have more than 20 tags"):
        edit(alice, add_tags=["one more"])
    assert standing(alice) == before


@pytest.mark.slow
def test_deleted_rows_leave_balances_and_can_be_restored(alice, checking, rows):
    before = standing(alice)
    change = delete(alice)
    checking.refresh_from_db()
    assert (change.summary, checking.balance) == ("3 transactions", Decimal(1000))
    assert not MonthlyTotal.objects.exists()
    assert check_ledger().is_clean
    assert delete(alice) is None
    assert undo(alice, change).restored_count == 3
    assert standing(alice) == before


def test_deleting_one_row_names_the_change_after_it(alice, rows):
    assert delete(alice, Transaction.objects.filter(pk=rows[0].pk)).summary == "Bread"


@pytest.mark.slow
def test_undoing_a_deletion_skips_rows_restored_and_deleted_again(alice, rows):
    change = delete(alice)
    only = Transaction.objects.filter(pk=rows[0].pk)
    bulk_editing.bulk_restore(actor=alice, rows=only, at=timezone.now())
    again = delete(alice, only)
    result = undo(alice, change)
    assert (result.restored_count, result.left_ids) == (2, [rows[0].pk])
    assert undo(alice, again).restored_count == 1


@pytest.mark.slow
def test_row_imported_again_by_bank_id_stays_in_the_trash(alice, checking, rows):
    named = Transaction.objects.filter(pk=rows[0].pk)
    named.update(external_id="X1")
    change = delete(alice)
    twin = make_transaction(account=checking, amount="-10.00", description="Bread")
    Transaction.objects.filter(pk=twin.pk).update(external_id="X1")
    assert count_changed_since(change) == 1
    result = undo(alice, change)
    assert (result.restored_count, result.left_ids) == (2, [rows[0].pk])
    assert restore(alice) == bulk_editing.Restored(0, 1)
    assert check_ledger().is_clean


@pytest.mark.slow
def test_only_the_later_of_two_trashed_rows_with_one_bank_id_is_restored(alice, checking, rows):
    for number in (0, 1):
        Transaction.objects.filter(pk=rows[number].pk).update(external_id="X1")
        delete(alice, Transaction.objects.filter(pk=rows[number].pk))
    assert restore(alice) == bulk_editing.Restored(1, 1)
    assert Transaction.objects.get(external_id="X1", deleted_at=None).pk == rows[1].pk
    assert check_ledger().is_clean


def test_restoring_returns_the_number_of_restored_rows(alice, rows):
    before = standing(alice)
    delete(alice)
    assert restore(alice) == bulk_editing.Restored(3, 0)
    assert restore(alice) == bulk_editing.Restored(0, 0)
    assert standing(alice) == before
    actions = AuditEvent.objects.filter(action="transactions.transactions.restored")
    assert actions.get().changes == {"count": 3, "stayed": 0}


@pytest.mark.slow
@pytest.mark.once
def test_query_count_does_not_grow_with_rows(alice):
    account = make_account(user=alice, opening_balance="900")
    counts = []
    for number in (2, 20):
        for _ in range(number):
            make_transaction(account=account, amount="-1.00")
        with CaptureQueriesContext(connection) as queries:
            edit(alice, category=category("groceries"), add_tags=["a"], notes=f"n{number}")
        counts.append(len(queries))
        edit(alice, category=None, remove_tags=["a"], notes="")
    assert counts[0] == counts[1]
