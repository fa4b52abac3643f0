"""Concurrent rules, manual choices and undo: totals stay correct, and manual choices stay."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from tests.builders import make_account, make_transaction, make_user
from transactions import dispatching, tasks
from transactions.ledger_check import check_ledger
from transactions.models import Category, CategoryChange, Change, Transaction
from transactions.services import bulk_editing, rule_editing
from transactions.services.categorizing import set_category
from transactions.services.rule_applying import apply_rules
from transactions.services.undoing import undo_change

ROWS = 40


@pytest.fixture
def owner(transactional_db):
    user = make_user("owner@example.com")
    account = make_account(user=user, opening_balance="900.00")
    for number in range(ROWS):
        make_transaction(
            account=account, amount="-1.00", txn_date=date(2026, 1 + number % 5, 1 + number % 28)
        )
    coffee = Category.objects.get(user=None, slug="coffee")
    rule_editing.create_rule(actor=user, user=user, category=coffee, keyword_pattern="coffee")
    return user


def together(*works):
    """Run all functions at once, each on its own connection; returns their results."""
    barrier = Barrier(len(works))

    def run(work):
        try:
            barrier.wait(timeout=300)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works, timeout=300))


def apply(owner):
    return apply_rules(actor=owner, user=owner, at=timezone.now())


@pytest.mark.slow
def test_manual_choice_stays_in_either_order(owner):
    gifts = Category.objects.get(user=None, slug="gifts")
    chosen = list(Transaction.objects.order_by("pk")[:12])

    def choose():
        for row in chosen:
            set_category(actor=owner, transaction=row, category=gifts)

    together(choose, lambda: apply(owner), lambda: apply(owner))
    by_hand = Transaction.objects.filter(category=gifts, category_source="manual")
    assert sorted(by_hand.values_list("pk", flat=True)) == [row.pk for row in chosen]
    assert Transaction.objects.filter(category_source="rule").count() == ROWS - len(chosen)
    assert check_ledger().is_clean


@pytest.mark.slow
def test_applying_twice_concurrently_applies_once(owner):
    changes = together(lambda: apply(owner), lambda: apply(owner), lambda: apply(owner))
    assert [change.row_count for change in changes if change is not None] == [ROWS]
    assert CategoryChange.objects.count() == ROWS
    assert check_ledger().is_clean


@pytest.mark.slow
def test_undoing_twice_concurrently_undoes_once(owner):
    change = apply(owner)

    def undo():
        try:
            return undo_change(actor=owner, change=change, at=timezone.now()).restored_count
        except ValidationError:
            return None

    results = together(undo, undo, undo)
    assert sorted(results, key=str) == sorted([ROWS, None, None], key=str)
    assert not Transaction.objects.exclude(category=None).exists()
    assert check_ledger().is_clean


@pytest.mark.slow
def test_three_workers_on_one_large_change_do_and_undo_it_once(owner, settings):
    settings.CHANGE_INLINE_ROWS, settings.CHANGE_INLINE_SCAN, settings.CHANGE_STEP_ROWS = 5, 5, 7
    change = dispatching.apply_soon(owner, at=timezone.now())

    def work():
        tasks.run_change(change.pk)

    together(work, work, work)
    change.refresh_from_db()
    assert (change.status, change.row_count) == ("done", ROWS)
    assert CategoryChange.objects.count() == ROWS
    dispatching.undo_soon(owner, change, at=timezone.now())
    together(work, work, work)
    change.refresh_from_db()
    assert (change.status, change.undone_at is None) == ("done", False)
    assert not change.rows.filter(left_alone=True).exists()
    assert not Transaction.objects.exclude(category=None).exists()
    assert check_ledger().is_clean


@pytest.mark.slow
def test_concurrent_deleting_restoring_and_applying_keeps_the_ledger_correct(owner):
    rows = Transaction.objects.filter(user=owner)

    def throw_away_and_back():
        for _ in range(3):
            change = bulk_editing.bulk_delete(actor=owner, rows=rows, at=timezone.now())
            if change is not None:
                undo_change(actor=owner, change=change, at=timezone.now())

    def label():
        for number in range(3):
            bulk_editing.bulk_edit(
                actor=owner, rows=rows, at=timezone.now(), add_tags=[f"t{number}"], notes="n"
            )

    together(throw_away_and_back, label, lambda: apply(owner), throw_away_and_back)
    assert check_ledger().is_clean
    assert not Transaction.objects.exclude(deleted_at=None).exists()
    assert Change.objects.filter(kind="delete", undone_at=None).count() == 0
