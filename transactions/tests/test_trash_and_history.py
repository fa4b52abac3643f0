"""Trash and undo pages, the purge after 30 days, and the history of imports."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from tests.builders import make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    CategoryChange,
    Change,
    ChangeRow,
    Transaction,
    Transfer,
)
from transactions.services import bulk_editing, rule_editing
from transactions.services.categories import create_category
from transactions.services.category_removal import delete_category
from transactions.services.import_confirming import confirm_import, revert_import
from transactions.services.long_change_requests import begin_undo
from transactions.services.posting import delete_transactions, restore_transactions
from transactions.services.purging import purge
from transactions.services.returned_lines import BROUGHT_AGAIN
from transactions.services.rule_applying import apply_rules
from transactions.services.undoing import undo_change
from transactions.tasks import run_change
from transactions.tests.import_samples import MARCH, checked, csv_of, imported
from users.models import AuditEvent


def category(slug):
    return Category.objects.get(user=None, slug=slug)


def delete(user, rows=None, at=None):
    rows = Transaction.objects.filter(user=user) if rows is None else rows
    return bulk_editing.bulk_delete(actor=user, rows=rows, at=at or timezone.now())


@pytest.fixture
def rows(checking):
    return [
        make_transaction(account=checking, amount=f"-{n}.00", description=f"Row {n}")
        for n in (1, 2, 3)
    ]


# --- Trash ---------------------------------------------------------------------------------------


def test_trash_shows_deleted_rows_and_the_days_left(alice, bob, client_for, rows):
    delete(alice, at=timezone.now() - timedelta(days=9, hours=1))
    page = client_for(alice).get("/transactions/trash/")
    assert [(row.title, row.days_left) for row in page.context["rows"]] == [
        ("Row 3", 21),
        ("Row 2", 21),
        ("Row 1", 21),
    ]
    assert client_for(bob).get("/transactions/trash/").context["rows"] == []


@pytest.mark.slow
def test_selected_rows_are_restored_and_others_stay(alice, bob, client_for, rows):
    delete(alice)
    wanted = {"ids": [rows[0].pk, rows[2].pk]}
    client_for(bob).post("/transactions/trash/restore/", wanted)
    assert not Transaction.objects.filter(deleted_at=None).exists()
    answer = client_for(alice).post("/transactions/trash/restore/", wanted, follow=True)
    assert "2 transactions restored." in answer.content.decode()
    assert list(Transaction.objects.exclude(deleted_at=None)) == [rows[1]]
    client_for(alice).post("/transactions/trash/restore/", {"all": "1"})
    assert Transaction.objects.filter(deleted_at=None).count() == 3
    assert check_ledger().is_clean


def test_empty_selection_restores_nothing(alice, client_for, rows):
    delete(alice)
    answer = client_for(alice).post("/transactions/trash/restore/", {"ids": ["x"]}, follow=True)
    assert "Choose what to restore first." in answer.content.decode()
    assert not Transaction.objects.filter(deleted_at=None).exists()


def test_read_only_users_cannot_restore(alice, client_for, rows):
    change = delete(alice)
    alice.role = "viewer"
    alice.save(update_fields=["role"])
    client = client_for(alice)
    page = client.get("/transactions/trash/").content.decode()
    assert ("Row 1" in page, "Restore selected" in page) == (True, False)
    assert client.post("/transactions/trash/restore/", {"all": "1"}).status_code == 403
    assert client.post(f"/transactions/undo/{change.pk}/undo/").status_code == 403
    assert not Transaction.objects.filter(deleted_at=None).exists()


@pytest.mark.slow
def test_reimported_line_stays_in_the_trash_and_two_identical_ones_are_restored(
    alice, client_for, checking
):
    first = imported(checking, csv_of(MARCH))
    revert_import(actor=alice, batch=first, at=timezone.now())
    second = imported(checking, csv_of(MARCH))
    client = client_for(alice)
    old = first.transactions.filter(deleted_at__isnull=False)
    for row in (old.first(), old.filter(description="Corner Café").first()):
        said = client.post(f"/transactions/{row.pk}/restore/", follow=True).content.decode()
        assert "A later import added this transaction again" in said
    every = client.post("/transactions/trash/restore/", {"all": "1"}, follow=True)
    assert "5 stay in the trash because a later import added them again." in every.content.decode()
    assert set(Transaction.objects.filter(deleted_at=None)) == set(second.transactions.all())
    # With both generations in the trash, one copy of each line is restored and no other.
    revert_import(actor=alice, batch=second, at=timezone.now())
    client.post("/transactions/trash/restore/", {"all": "1"})
    assert set(Transaction.objects.filter(deleted_at=None)) == set(second.transactions.all())
    delete(alice, second.transactions.all())
    back = first.transactions.get(description="Rent March")
    restore_transactions(actor=alice, rows=Transaction.objects.filter(pk=back.pk))
    twin = second.transactions.get(fingerprint=back.fingerprint)
    with pytest.raises(ValidationError) as refusal:
        restore_transactions(actor=alice, rows=Transaction.objects.filter(pk=twin.pk))
    assert refusal.value.messages == [BROUGHT_AGAIN]
    assert check_ledger().is_clean


@pytest.mark.slow
def test_one_of_two_identical_lines_can_be_deleted_and_restored(alice, checking):
    imported(checking, csv_of(MARCH))
    coffees = Transaction.objects.filter(description="Corner Café")
    one = Transaction.objects.filter(pk=coffees[0].pk)
    delete_transactions(actor=alice, rows=one)
    assert restore_transactions(actor=alice, rows=one) == 1
    assert (
        undo_change(actor=alice, change=delete(alice, one), at=timezone.now()).restored_count == 1
    )
    assert coffees.filter(deleted_at=None).count() == 2


# --- Undo ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_recent_changes_and_imports_are_listed_and_undone(alice, client_for, checking, rows):
    imported(checking, csv_of(["2026-03-01,Zylo,-4.00,EUR"]))
    change = bulk_editing.bulk_edit(
        actor=alice,
        rows=Transaction.objects.filter(user=alice),
        at=timezone.now(),
        category=category("gifts"),
    )
    client = client_for(alice)
    acts = client.get("/transactions/undo/").context["acts"]
    assert (acts[0].summary, acts[0].count) == ("Category: Gifts & donations", 4)
    assert (acts[1].count, acts[1].undo_url) == (1, "")
    detail = client.get(f"/transactions/undo/{change.pk}/")
    lines = [line.changes for line in detail.context["rows"]]
    assert lines[0] == [("Category", "No category", "Gifts & donations")]
    answer = client.post(f"/transactions/undo/{change.pk}/undo/", follow=True)
    assert "4 transactions are back to how they were." in answer.content.decode()
    assert Transaction.objects.filter(category__slug="gifts").count() == 0
    again = client.post(f"/transactions/undo/{change.pk}/undo/", follow=True)
    assert "already been undone" in again.content.decode()


@pytest.mark.slow
def test_change_page_lists_what_undo_skips(alice, client_for, rows):
    change = bulk_editing.bulk_edit(
        actor=alice, rows=Transaction.objects.all(), at=timezone.now(), notes="Bulk"
    )
    row = Transaction.objects.get(pk=rows[0].pk)
    bulk_editing.bulk_edit(
        actor=alice, rows=Transaction.objects.filter(pk=row.pk), at=timezone.now(), notes="Mine"
    )
    client = client_for(alice)
    assert client.get(f"/transactions/undo/{change.pk}/").context["changed_since_count"] == 1
    client.post(f"/transactions/undo/{change.pk}/undo/")
    page = client.get(f"/transactions/undo/{change.pk}/?only=left")
    assert [line.row.transaction_id for line in page.context["rows"]] == [row.pk]


@pytest.mark.slow
@pytest.mark.once
def test_page_query_counts_do_not_grow_with_rows(
    alice, client_for, rows, checking, django_assert_max_num_queries
):
    client = client_for(alice)
    # A session's first request also records its last use.
    client.get("/transactions/trash/")

    def visit():
        change = bulk_editing.bulk_edit(
            actor=alice,
            rows=Transaction.objects.filter(user=alice),
            at=timezone.now(),
            notes=str(timezone.now()),
            add_tags=[str(Transaction.objects.count())],
        )
        deleted = delete(alice)
        counts = []
        for path in ("trash/", "undo/", f"undo/{change.pk}/", f"undo/{deleted.pk}/"):
            with django_assert_max_num_queries(22) as queries:
                assert client.get(f"/transactions/{path}").status_code == 200
            counts.append(len(queries))
        bulk_editing.bulk_restore(
            actor=alice, rows=Transaction.objects.filter(user=alice), at=timezone.now()
        )
        return counts

    few = visit()
    for number in range(12):
        make_transaction(account=checking, amount="-1.00", description=f"More {number}")
    assert visit() == few


# --- Purge ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_purge_after_thirty_days_also_deletes_dependent_data(alice, rows, savings):
    now = timezone.now()
    partner = make_transaction(account=savings, amount="1.00")
    Transfer.objects.create(
        user=alice, outflow_transaction=rows[0], inflow_transaction=partner, status="rejected"
    )
    bulk_editing.bulk_edit(
        actor=alice, rows=Transaction.objects.all(), at=now, category=category("gifts")
    )
    delete(alice, Transaction.objects.filter(pk=rows[0].pk), at=now)
    assert purge(at=now + timedelta(days=29))["transactions"] == 0
    purged = purge(at=now + timedelta(days=31))
    assert (purged["transactions"], Transaction.objects.count()) == (1, 3)
    assert not Transfer.objects.exists()
    assert not CategoryChange.objects.filter(transaction=rows[0].pk).exists()
    assert (ChangeRow.objects.count(), Change.objects.count()) == (0, 2)
    assert check_ledger().is_clean
    event = AuditEvent.objects.get(action="transactions.trash.purged")
    assert event.changes == {"count": 1}
    again = purge(at=now + timedelta(days=31))
    assert (again["transactions"], again["changes"]) == (0, 0)


@pytest.mark.slow
def test_running_undo_is_protected_from_the_purge(alice, rows):
    now = timezone.now()
    change = bulk_editing.bulk_delete(actor=alice, rows=Transaction.objects.all(), at=now)
    begin_undo(actor=alice, change=change, at=now + timedelta(days=30))
    purged = purge(at=now + timedelta(days=31))
    assert (purged["transactions"], purged["changes"]) == (0, 0)
    run_change(change.pk)
    assert Transaction.objects.filter(deleted_at=None).count() == len(rows)
    assert check_ledger().is_clean


# --- Imports -------------------------------------------------------------------------------------

LINES = csv_of(
    ["2026-03-01,LIDL 123,-4.00,EUR", "2026-03-02,Zxq Books,-5.00,EUR", "2026-03-03,Zxq,-6.00,EUR"]
)


def test_import_assigns_categories_and_its_history_names_the_rule(alice, checking):
    rule = rule_editing.create_rule(
        actor=alice, user=alice, category=category("books"), keyword_pattern="zxq books"
    )
    imported(checking, LINES)
    found = Transaction.objects.order_by("txn_date")
    assert [(row.category and row.category.slug, row.category_source) for row in found] == [
        ("groceries", "import"),
        ("books", "rule"),
        (None, "none"),
    ]
    changes = CategoryChange.objects.order_by("transaction__txn_date")
    assert [
        (change.by, change.to_category.slug, change.rule_id, change.actor_id) for change in changes
    ] == [
        ("import", "groceries", None, alice.pk),
        ("rule", "books", rule.pk, alice.pk),
    ]


def test_category_deleted_between_check_and_confirm_is_not_assigned(alice, checking):
    mine = create_category(actor=alice, user=alice, name="Mine")
    rule_editing.create_rule(actor=alice, user=alice, category=mine, keyword_pattern="zxq")
    batch = checked(checking, LINES)
    delete_category(actor=alice, category=mine)
    confirm_import(actor=alice, batch_id=batch.pk, at=timezone.now())
    assert not Transaction.objects.filter(category=mine).exists()
    assert check_ledger().is_clean


def test_rule_without_its_category_does_not_apply(alice, checking):
    mine = create_category(actor=alice, user=alice, name="Mine")
    rule_editing.create_rule(actor=alice, user=alice, category=mine, keyword_pattern="zxq")
    delete_category(actor=alice, category=mine)
    imported(checking, LINES)
    assert apply_rules(actor=alice, user=alice, at=timezone.now()) is None
    assert not Transaction.objects.filter(category=mine).exists()


def test_urls_are_as_specified():
    assert reverse("transactions:trash") == "/transactions/trash/"
    assert reverse("transactions:change_list") == "/transactions/undo/"
    assert reverse("transactions:rule_list") == "/transactions/rules/"
