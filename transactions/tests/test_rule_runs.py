"""Preview, apply and undo rules: the preview is exact, and undo restores everything."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.builders import make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    CategoryChange,
    CategoryRule,
    Change,
    MonthlyTotal,
    Transaction,
    Transfer,
)
from transactions.rules.rule_preview import matching_rows, preview_rules
from transactions.rules.rule_scan import RuleScan, Verdict
from transactions.services import rule_applying, rule_editing
from transactions.services.categorizing import set_category
from transactions.services.undoing import undo_change
from users.models import AuditEvent


def category(slug):
    return Category.objects.get(user=None, slug=slug)


def make_rule(user, word, slug, **fields):
    return rule_editing.create_rule(
        actor=user, user=user, category=category(slug), keyword_pattern=word, **fields
    )


def apply(user, rule=None):
    return rule_applying.apply_rules(actor=user, user=user, at=timezone.now(), rule=rule)


def undo(user, change, at=None):
    return undo_change(actor=user, change=change, at=at or timezone.now())


def standing(user):
    """Everything that must be the same after an undo."""
    rows = Transaction.objects.filter(user=user).order_by("pk")
    totals = MonthlyTotal.objects.filter(user=user).order_by("account", "month", "category")
    return (
        list(rows.values_list("pk", "category", "category_source", "notes", "deleted_at")),
        list(
            totals.values_list(
                "account", "month", "category", "inflow", "outflow", "transaction_count"
            )
        ),
    )


@pytest.fixture
def coffees(checking):
    """Three coffees in March, one in February, one set by hand, one pending, one bread."""
    row = {"account": checking, "description": "CORNER COFFEE"}
    rows = [
        make_transaction(**row, amount="-3.00", txn_date=date(2026, 3, 1)),
        make_transaction(**row, amount="-4.00", txn_date=date(2026, 3, 2)),
        make_transaction(
            **row, amount="-5.00", txn_date=date(2026, 3, 3), category=category("groceries"),
            category_source="import",
        ),
        make_transaction(**row, amount="-6.00", txn_date=date(2026, 2, 3)),
        make_transaction(
            **row, amount="-7.00", txn_date=date(2026, 3, 4), category=category("gifts")
        ),
        make_transaction(**row, amount="-8.00", txn_date=date(2026, 3, 5), status="pending"),
        make_transaction(account=checking, description="BREAD", amount="-2.00"),
    ]  # fmt: skip
    return rows


# --- Preview -------------------------------------------------------------------------------------


def test_preview_shows_what_changes_what_stays_and_what_another_rule_keeps(alice, coffees):
    rule = make_rule(alice, "coffee", "coffee")
    make_rule(alice, "corner", "restaurants", priority=1, amount_min=Decimal(6))
    before = standing(alice)
    preview = preview_rules(alice, rule)
    assert (
        preview.match_count,
        preview.change_count,
        preview.manual_count,
        preview.kept_count,
        preview.same_count,
    ) == (6, 3, 1, 2, 0)
    assert [(row.transaction.pk, row.before and row.before.slug, row.after.slug) for row in
            preview.rows] == [
        (coffees[2].pk, "groceries", "coffee"),
        (coffees[1].pk, None, "coffee"),
        (coffees[0].pk, None, "coffee"),
    ]  # fmt: skip
    kept = preview_rules(alice, rule, listed=Verdict.KEPT).rows
    assert {(row.transaction.pk, row.rule.keyword_pattern) for row in kept} == {
        (coffees[3].pk, "corner"),
        (coffees[5].pk, "corner"),
    }
    manual = preview_rules(alice, rule, listed=Verdict.LOCKED).rows
    assert [row.transaction.pk for row in manual] == [coffees[4].pk]
    assert standing(alice) == before


def test_preview_shows_each_months_categories_before_and_after(alice, coffees):
    rule = make_rule(alice, "coffee", "coffee")
    effects = preview_rules(alice, rule).effects
    march, february = date(2026, 3, 1), date(2026, 2, 1)
    assert [
        (e.month, e.category and e.category.slug, e.measure, e.before, e.after) for e in effects
    ] == [
        (march, "coffee", "spent", 0, 12),
        (march, None, "net", -9, -2),
        (march, "groceries", "spent", 5, 0),
        (february, "coffee", "spent", 0, 6),
        (february, None, "net", -6, 0),
    ]
    apply(alice, rule)
    assert preview_rules(alice, rule).effects == []


def test_large_preview_covers_the_latest_rows_and_whole_months(
    alice, coffees, settings, client_for
):
    rule = make_rule(alice, "coffee", "coffee")
    # Seven in total; without February's and the first two of March.
    settings.RULE_PREVIEW_ROWS = 4
    preview = preview_rules(alice, rule)
    assert (preview.scanned_count, preview.total_count, preview.is_partial) == (4, 7, True)
    assert (preview.change_count, preview.manual_count) == (2, 1)
    assert (preview.effects, preview.month_count) == ([], 0), "March is not complete"
    text = client_for(alice).get(f"/transactions/rules/{rule.pk}/preview/").content.decode()
    assert "This preview covers the latest 4 of your 7 transactions." in text
    assert "Apply to all transactions" in text
    settings.RULE_PREVIEW_ROWS = 7
    assert len(preview_rules(alice, rule).effects) == 5


def test_preview_pages_show_every_row_once(alice, coffees):
    rule = make_rule(alice, "coffee", "coffee")
    seen, cursor = [], None
    while True:
        preview = preview_rules(alice, rule, cursor=cursor, page_size=2)
        assert preview.change_count == 5
        seen += [row.transaction.pk for row in preview.rows]
        cursor = preview.next_cursor
        if cursor is None:
            break
    assert seen == [coffees[i].pk for i in (5, 2, 1, 0, 3)]


def test_unsaved_rule_shows_the_latest_rows_it_matches(alice, coffees):
    draft = CategoryRule(user=alice, category=category("coffee"), keyword_pattern="coffee")
    found = matching_rows(alice, draft, limit=1000, page_size=2)
    assert (found.match_count, len(found.rows), found.manual_count) == (6, 2, 1)
    assert matching_rows(alice, draft, limit=1, page_size=2).match_count == 0


@pytest.mark.slow
@pytest.mark.once
def test_preview_query_count_does_not_grow_with_rows(alice, coffees, django_assert_max_num_queries):
    rule = make_rule(alice, "coffee", "coffee")
    with django_assert_max_num_queries(9):
        preview_rules(alice, rule)
    for _ in range(12):
        make_transaction(account=coffees[0].account, description="CORNER COFFEE")
    with django_assert_max_num_queries(9):
        preview_rules(alice, rule)


# --- Apply ---------------------------------------------------------------------------------------


def test_applying_changes_what_the_preview_showed_with_history(alice, coffees):
    rule = make_rule(alice, "coffee", "coffee")
    shown = [row.transaction.pk for row in preview_rules(alice, rule).rows]
    change = apply(alice, rule)
    assert (change.kind, change.row_count, change.summary) == (
        "rule_run",
        5,
        "Rule “coffee” → Coffee & snacks",
    )
    changed = Transaction.objects.filter(category__slug="coffee", category_source="rule")
    assert sorted(changed.values_list("pk", flat=True)) == sorted(shown)
    history = CategoryChange.objects.filter(by="rule")
    assert {(entry.transaction_id, entry.rule_id, entry.actor_id) for entry in history} == {
        (pk, rule.pk, alice.pk) for pk in shown
    }
    hand = Transaction.objects.get(pk=coffees[4].pk)
    assert (hand.category.slug, hand.category_source) == ("gifts", "manual")
    assert check_ledger().is_clean
    event = AuditEvent.objects.get(action="transactions.rules.applied")
    assert event.changes == {"rule": rule.pk, "changed": 5}


def test_applying_again_changes_nothing_and_creates_no_change(alice, coffees):
    rule = make_rule(alice, "coffee", "coffee")
    apply(alice, rule)
    before = standing(alice)
    assert apply(alice, rule) is None
    assert standing(alice) == before
    assert (Change.objects.count(), CategoryChange.objects.filter(by="rule").count()) == (1, 5)


@pytest.mark.slow
def test_all_rules_apply_in_order(alice, coffees):
    make_rule(alice, "coffee", "coffee", priority=2)
    make_rule(alice, "corner", "restaurants", priority=1, amount_max=Decimal(3))
    make_rule(alice, "bread", "groceries", priority=3)
    change = apply(alice)
    rows = Transaction.objects.filter(pk__in=change.rows.values("transaction")).order_by("pk")
    assert [(row.pk, row.category.slug) for row in rows] == [
        (coffees[0].pk, "restaurants"),
        (coffees[1].pk, "coffee"),
        (coffees[2].pk, "coffee"),
        (coffees[3].pk, "coffee"),
        (coffees[5].pk, "coffee"),
        (coffees[6].pk, "groceries"),
    ]
    assert apply(alice) is None
    assert check_ledger().is_clean


def test_rules_skip_trash_splits_and_confirmed_transfers(alice, coffees, savings):
    rule = make_rule(alice, "coffee", "coffee")
    Transaction.objects.filter(pk=coffees[0].pk).update(is_split=True)
    partner = make_transaction(account=savings, amount="4.00", description="From checking")
    Transfer.objects.create(
        user=alice,
        outflow_transaction=coffees[1],
        inflow_transaction=partner,
        status=Transfer.Status.CONFIRMED,
    )
    preview = preview_rules(alice, rule)
    assert (preview.change_count, preview.manual_count) == (3, 3)
    assert apply(alice, rule).row_count == 3


def test_other_peoples_rows_are_never_touched(alice, bob, bobs_account, coffees):
    theirs = make_transaction(account=bobs_account, description="CORNER COFFEE")
    apply(alice, make_rule(alice, "coffee", "coffee"))
    theirs.refresh_from_db()
    assert theirs.category is None


def test_inactive_rule_is_not_applied(alice, coffees):
    rule = make_rule(alice, "coffee", "coffee", is_active=False)
    with pytest.raises(ValidationError, match="is off"):
        apply(alice, rule)
    assert not Change.objects.exists()


# --- Undo ----------------------------------------------------------------------------------------


def test_undo_restores_categories_sources_and_totals_and_history_shows_both(alice, coffees):
    before = standing(alice)
    change = apply(alice, make_rule(alice, "coffee", "coffee"))
    assert standing(alice) != before
    result = undo(alice, change)
    assert (result.restored_count, result.left_ids) == (5, [])
    assert standing(alice) == before
    first = CategoryChange.objects.filter(transaction=coffees[2]).order_by("pk")
    assert [(c.from_category.slug, c.to_category.slug, c.by) for c in first] == [
        ("groceries", "coffee", "rule"),
        ("coffee", "groceries", "user"),
    ]
    event = AuditEvent.objects.get(action="transactions.batch.undone")
    assert event.changes == {"kind": "rule_run", "restored": 5, "left_alone": 0}


@pytest.mark.slow
def test_undo_skips_and_names_rows_changed_since(alice, coffees):
    change = apply(alice, make_rule(alice, "coffee", "coffee"))
    set_category(actor=alice, transaction=coffees[0], category=category("gifts"))
    result = undo(alice, change)
    assert (result.restored_count, result.left_ids) == (4, [coffees[0].pk])
    assert Transaction.objects.get(pk=coffees[0].pk).category.slug == "gifts"
    assert [row.transaction_id for row in change.rows.filter(left_alone=True)] == [coffees[0].pk]
    assert check_ledger().is_clean


def test_change_is_undone_only_once(alice, coffees):
    change = apply(alice, make_rule(alice, "coffee", "coffee"))
    undo(alice, change)
    before = standing(alice)
    with pytest.raises(ValidationError, match="already been undone"):
        undo(alice, change)
    assert standing(alice) == before


def test_change_cannot_be_undone_after_thirty_days(alice, coffees):
    change = apply(alice, make_rule(alice, "coffee", "coffee"))
    before = standing(alice)
    with pytest.raises(ValidationError, match="30 days"):
        undo(alice, change, at=timezone.now() + timedelta(days=30, minutes=1))
    assert standing(alice) == before
    change.refresh_from_db()
    assert change.undone_at is None


@pytest.mark.slow
def test_two_changes_to_the_same_rows_are_undone_in_reverse_order(alice, coffees):
    before = standing(alice)
    first = apply(alice, make_rule(alice, "coffee", "coffee"))
    second = apply(alice, make_rule(alice, "corner", "restaurants", priority=1))
    undo(alice, second)
    undo(alice, first)
    assert standing(alice) == before


@pytest.mark.slow
def test_many_batches_are_one_change(alice, monkeypatch):
    account = make_account(user=alice, opening_balance="500")
    for day in range(1, 8):
        make_transaction(account=account, txn_date=date(2026, 3, day), description="Coffee")
    monkeypatch.setattr("transactions.rules.rule_scan.ROWS_AT_ONCE", 3)
    monkeypatch.setattr("transactions.services.changing.ROWS_AT_ONCE", 2)
    before = standing(alice)
    change = apply(alice, make_rule(alice, "coffee", "coffee"))
    assert (change.row_count, check_ledger().is_clean) == (7, True)
    assert undo(alice, change).restored_count == 7
    assert standing(alice) == before


@pytest.mark.slow
def test_repeated_text_is_matched_once_and_a_book_is_one_automaton(alice):
    account = make_account(user=alice, opening_balance="500")
    for _ in range(5):
        make_transaction(account=account, description="Coffee")
    rows = [
        CategoryRule(user=alice, category=category("coffee"), keyword_pattern=f"word {i}",
                     merchant_pattern=f"shop{i}.*")
        for i in range(300)
    ]  # fmt: skip
    CategoryRule.objects.bulk_create(rows)
    scan = RuleScan(alice)
    assert list(scan.pieces()) == [[]]
    assert len(scan._asked._remembered) == 1
    assert scan._asked.automaton_count == 2
