"""Posting keeps balance and monthly totals equal to the rows."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from tests.builders import make_account, make_transaction
from transactions.models import CategoryChange, MonthlyTotal, Transaction
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    post_transaction,
    restore_transactions,
)
from users.models import AuditEvent


def balance_of(account):
    account.refresh_from_db()
    return account.balance


def totals_of(account):
    return [
        (str(row.month), row.inflow, row.outflow, row.transaction_count)
        for row in MonthlyTotal.objects.filter(account=account).order_by("month", "id")
    ]


def test_expense_lowers_balance_and_counts_in_its_months_total(checking):
    make_transaction(account=checking, amount="-12.50", txn_date=date(2026, 3, 31))
    assert balance_of(checking) == Decimal("987.50")
    assert totals_of(checking) == [("2026-03-01", Decimal(0), Decimal("12.50"), 1)]


def test_expense_beyond_the_limit_is_rejected_and_changes_nothing(checking):
    with pytest.raises(ValidationError) as refusal:
        make_transaction(account=checking, amount="-1000.01")
    assert refusal.value.message_dict == {
        "amount": ["Everyday has €1,000.00 available. You need €1,000.01."]
    }
    assert balance_of(checking) == Decimal("1000.00")
    assert not Transaction.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="transactions.").exists()


def test_overdraft_limit_can_be_used_to_the_last_cent(alice):
    account = make_account(user=alice, opening_balance="10.00", overdraft_limit="50.00")
    make_transaction(account=account, amount="-60.00")
    assert balance_of(account) == Decimal("-50.00")


def test_pending_transaction_counts_nowhere_until_posted(checking, alice):
    row = make_transaction(account=checking, amount="-5.00", status="pending")
    assert balance_of(checking) == Decimal("1000.00")
    assert totals_of(checking) == []
    edit_transaction(actor=alice, transaction=row, status="posted")
    assert balance_of(checking) == Decimal("995.00")
    assert totals_of(checking) == [("2026-03-01", Decimal(0), Decimal("5.00"), 1)]


def test_edit_moves_money_between_months_and_accounts(checking, savings, alice):
    row = make_transaction(account=checking, amount="-20.00")
    edit_transaction(
        actor=alice,
        transaction=row,
        account=savings,
        signed_amount=Decimal("-25.00"),
        txn_date=date(2026, 4, 1),
    )
    assert balance_of(checking) == Decimal("1000.00")
    assert balance_of(savings) == Decimal("4975.00")
    assert totals_of(checking) == []
    assert totals_of(savings) == [("2026-04-01", Decimal(0), Decimal("25.00"), 1)]


def test_deleting_and_restoring_gives_the_same_figures(checking, alice):
    row = make_transaction(account=checking, amount="-20.00")
    mine = Transaction.objects.in_reach_of(alice).filter(pk=row.pk)
    assert delete_transactions(actor=alice, rows=mine) == 1
    assert balance_of(checking) == Decimal("1000.00")
    assert totals_of(checking) == []
    assert delete_transactions(actor=alice, rows=mine) == 0
    assert restore_transactions(actor=alice, rows=mine) == 1
    assert balance_of(checking) == Decimal("980.00")
    assert totals_of(checking) == [("2026-03-01", Decimal(0), Decimal("20.00"), 1)]


def test_bank_data_stays_as_imported(checking, alice):
    row = make_transaction(account=checking, amount="-20.00", origin="import")
    with pytest.raises(ValidationError) as refusal:
        edit_transaction(actor=alice, transaction=row, signed_amount=Decimal("-2.00"))
    assert refusal.value.message_dict == {
        "amount": ["You can't change details that came from your bank."]
    }
    assert balance_of(checking) == Decimal("980.00")
    edit_transaction(actor=alice, transaction=row, merchant="Corner Café", notes="with Sam")
    row.refresh_from_db()
    assert (row.merchant, row.notes) == ("Corner Café", "with Sam")


def test_category_chosen_by_hand_is_locked_and_in_the_history(checking, alice, groceries):
    row = make_transaction(account=checking, amount="-20.00")
    edit_transaction(actor=alice, transaction=row, category=groceries)
    row.refresh_from_db()
    assert (row.category, row.category_source) == (groceries, "manual")
    change = CategoryChange.objects.get()
    assert (change.from_category, change.to_category, change.by) == (None, groceries, "user")
    assert list(MonthlyTotal.objects.values_list("category__slug", "outflow")) == [
        ("groceries", Decimal("20.00"))
    ]


def test_yen_have_no_decimals(alice):
    account = make_account(user=alice, currency="JPY", opening_balance="5000")
    with pytest.raises(ValidationError) as refusal:
        make_transaction(account=account, amount="-10.5")
    assert refusal.value.message_dict == {"amount": ["JPY has no decimals."]}


def test_row_with_another_currency_than_its_account_is_rejected(checking, alice):
    row = make_transaction(account=checking)
    dollars = make_account(user=alice, name="Dollars", currency="USD")
    with pytest.raises(ValidationError) as refusal:
        edit_transaction(actor=alice, transaction=row, account=dollars)
    assert refusal.value.message_dict == {"account": ["Choose an account in EUR."]}


def test_tags_belong_to_the_owner(checking, alice):
    row = post_transaction(
        actor=alice,
        account=checking,
        signed_amount=Decimal("-1.00"),
        txn_date=date(2026, 3, 1),
        description="Bus",
        tags=["travel", " work  trip "],
    )
    assert sorted(row.tags.values_list("name", flat=True)) == ["travel", "work trip"]
    edit_transaction(actor=alice, transaction=row, tags=["travel"])
    assert list(row.tags.values_list("name", flat=True)) == ["travel"]


def test_two_trashed_rows_with_one_bank_id_are_not_both_restored(checking, alice):
    rows = [make_transaction(account=checking, origin="import") for _ in range(2)]
    chosen = Transaction.objects.filter(pk__in=[row.pk for row in rows])
    delete_transactions(actor=alice, rows=chosen)
    chosen.update(external_id="FIT-1")
    with pytest.raises(ValidationError) as refusal:
        restore_transactions(actor=alice, rows=chosen)
    assert refusal.value.messages == [
        "Two of these are the same bank transaction. Restore only one."
    ]
    assert not Transaction.objects.filter(deleted_at=None).exists()
    assert restore_transactions(actor=alice, rows=chosen.filter(pk=rows[0].pk)) == 1
