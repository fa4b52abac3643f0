"""check_ledger finds each kind of corruption, names the row, and runs a fixed number of queries."""

import json
from datetime import date
from decimal import Decimal
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Value
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from banking.kernel.fields import AmountField
from tests.builders import make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import (
    Category,
    CategoryChange,
    ConvertedMonth,
    DailyTotal,
    ImportBatch,
    ImportRow,
    MerchantTotal,
    MonthlyTotal,
    Tag,
    Transaction,
)
from transactions.services.categories import create_category
from transactions.services.posting import delete_transactions
from transactions.services.splitting import Part, split_transaction


@pytest.fixture
def row(checking, savings, groceries):
    """A small ledger with every kind of row, to be corrupted."""
    make_transaction(account=savings, amount="12.34")
    make_transaction(account=savings, amount="-5.00", status="pending")
    gone = make_transaction(account=checking, amount="-3.00", category=groceries)
    delete_transactions(actor=None, rows=Transaction.objects.filter(pk=gone.pk))
    return make_transaction(account=checking, amount="-10.00", category=groceries, tags=["a"])


def off(account_id=None):
    return {
        invariant.name: invariant.violation_count
        for invariant in check_ledger(account_id).invariants
        if invariant.violation_count
    }


def run(*arguments):
    out, status = StringIO(), 0
    try:
        call_command("check_ledger", *arguments, stdout=out, stderr=out)
    except SystemExit as stop:
        status = stop.code
    return status, out.getvalue()


def amount(text):
    return Value(Decimal(text), output_field=AmountField())


@pytest.mark.slow
def test_ledger_written_by_the_services_is_clean(row):
    assert off() == {}
    status, text = run("--json")
    report = json.loads(text)
    assert (status, report["ok"], report["violation_count"]) == (0, True, 0)
    assert report["invariants"]["balance"]["checked"] == 2
    assert run()[0] == 0


def test_empty_ledger_is_clean(db):
    assert run()[0] == 0


def test_wrong_balance_is_reported_with_both_figures(row, checking):
    Account.objects.filter(pk=checking.pk).update(balance=F("balance") + amount("0.01"))
    status, text = run("--json")
    found = json.loads(text)["invariants"]["balance"]
    assert status == 1
    assert found["violations"] == [
        {
            "table": "accounts.account",
            "id": checking.pk,
            "problem": "The balance doesn't match the sum of the transactions.",
            "account": checking.pk,
            "stored": "990.0100",
            "expected": "990.0000",
        }
    ]


@pytest.mark.slow
def test_row_deleted_without_the_services_is_found_in_every_figure(row):
    Transaction.objects.filter(pk=row.pk).update(deleted_at=row.created_at)
    assert off() == {
        "balance": 1,
        "daily_totals": 1,
        "monthly_totals": 1,
        "merchant_totals": 1,
    }


def test_row_moved_to_another_month_affects_two_totals_of_each_kind(row):
    Transaction.objects.filter(pk=row.pk).update(txn_date=date(2025, 1, 1))
    assert off() == {"daily_totals": 2, "monthly_totals": 2, "merchant_totals": 2, "derived": 1}


def test_row_moved_within_its_month_affects_two_days(row):
    Transaction.objects.filter(pk=row.pk).update(txn_date=row.txn_date.replace(day=2))
    assert off() == {"daily_totals": 2, "derived": 1}


@pytest.mark.slow
def test_missing_duplicate_or_wrong_daily_total_is_found(row, groceries):
    total = DailyTotal.objects.get(category=groceries)
    assert (total.day, total.outflow, total.transaction_count) == (row.txn_date, 10, 1)
    DailyTotal.objects.filter(pk=total.pk).update(transaction_count=2)
    assert off() == {"daily_totals": 1}
    total.delete()
    assert off() == {"daily_totals": 1}
    DailyTotal.objects.create(account=row.account, day=date(1999, 1, 1))
    assert off() == {"daily_totals": 2}


@pytest.mark.slow
def test_missing_duplicate_or_wrong_total_is_found(row, groceries):
    total = MonthlyTotal.objects.get(category=groceries)
    MonthlyTotal.objects.filter(pk=total.pk).update(transaction_count=2)
    assert off() == {"monthly_totals": 1}
    total.delete()
    assert off() == {"monthly_totals": 1}
    MonthlyTotal.objects.create(user=row.user, account=row.account, month=date(1999, 1, 1))
    assert off() == {"monthly_totals": 2}


@pytest.mark.slow
def test_missing_duplicate_or_wrong_merchant_total_is_found(row):
    total = MerchantTotal.objects.get(account=row.account)
    assert (total.merchant, total.outflow, total.transaction_count) == ("", 10, 1)
    MerchantTotal.objects.filter(pk=total.pk).update(transaction_count=2)
    assert off() == {"merchant_totals": 1}
    MerchantTotal.objects.filter(pk=total.pk).update(transaction_count=1, merchant="Elsewhere")
    assert off() == {"merchant_totals": 2}
    total.delete()
    assert off() == {"merchant_totals": 1}


@pytest.mark.slow
def test_migration_adds_up_existing_rows(row, checking, groceries):
    make_transaction(account=checking, amount="-3.00", merchant="Café", category=groceries)
    whole = make_transaction(account=checking, amount="-9.00", merchant="Café")
    halves = [Part(Decimal(-4), groceries), Part(Decimal(-5))]
    split_transaction(actor=checking.user, transaction=whole, parts=halves)
    make_transaction(account=checking, amount="-7.00", merchant="Café", status="pending")
    totals = MerchantTotal.objects.order_by("merchant", "category", "inflow", "outflow")
    stood = list(totals.values("merchant", "category", "inflow", "outflow", "transaction_count"))
    totals.delete()
    assert off()["merchant_totals"] == len(stood) == 4
    migration = import_module("transactions.migrations.0012_merchant_totals")
    migration.add_up_what_there_is(apps, SimpleNamespace(connection=connection))
    assert off() == {}
    assert stood == list(
        totals.values("merchant", "category", "inflow", "outflow", "transaction_count")
    )


@pytest.mark.slow
def test_migration_adds_up_days_and_opens_the_months_of_foreign_accounts(alice, row, groceries):
    abroad = make_account(user=alice, currency="GBP", opening_balance="100")
    make_transaction(account=abroad, amount="-3.00", category=groceries)
    whole = make_transaction(account=abroad, amount="-9.00")
    halves = [Part(Decimal(-4), groceries), Part(Decimal(-5))]
    split_transaction(actor=alice, transaction=whole, parts=halves)
    make_transaction(account=abroad, amount="-7.00", status="pending")
    totals = DailyTotal.objects.order_by("account", "category", "inflow", "outflow")
    stood = list(totals.values("account", "category", "inflow", "outflow", "transaction_count"))
    totals.delete()
    ConvertedMonth.objects.all().delete()
    assert off()["daily_totals"] == len(stood) == 4
    migration = import_module("transactions.migrations.0023_daily_totals")
    migration.add_up_what_there_is(apps, SimpleNamespace(connection=connection))
    migration.open_months(apps, SimpleNamespace(connection=connection))
    assert off() == {}
    assert stood == list(
        totals.values("account", "category", "inflow", "outflow", "transaction_count")
    )
    opened = ConvertedMonth.objects.get(account=abroad)
    expected = (whole.txn_date.replace(day=1), alice.base_currency, "")
    assert (opened.month, opened.currency, opened.sums) == expected


@pytest.mark.slow
def test_wrong_currency_or_fraction_of_a_cent_is_found(row):
    Transaction.objects.filter(pk=row.pk).update(currency="USD")
    assert off() == {"money": 1, "derived": 1}
    Transaction.objects.filter(pk=row.pk).update(currency="EUR", signed_amount=amount("-10.0001"))
    assert off()["money"] == 1
    Transaction.objects.filter(pk=row.pk).update(signed_amount=amount("-9000000000000"))
    assert off()["money"] == 1


def test_account_with_a_fraction_of_a_yen_is_found(alice):
    account = make_account(user=alice, currency="JPY", opening_balance="100")
    Account.objects.filter(pk=account.pk).update(
        balance=amount("100.5"), opening_balance=amount("100.5")
    )
    assert off() == {"money": 1}


@pytest.mark.slow
def test_row_of_another_user_or_with_another_users_category_is_found(row, alice, bob):
    Transaction.objects.filter(pk=row.pk).update(user=bob)
    assert off() == {"owners": 1, "orphans": 1}
    theirs = create_category(actor=bob, user=bob, name="Bees")
    Transaction.objects.filter(pk=row.pk).update(user=alice, category=theirs)
    for model in (DailyTotal, MonthlyTotal, MerchantTotal):
        model.objects.filter(account=row.account).update(category=theirs)
    assert off() == {"owners": 2}


@pytest.mark.slow
def test_another_users_tag_or_import_is_found(row, alice, bob, savings):
    row.tags.add(Tag.objects.create(user=bob, name="theirs"))
    assert off() == {"orphans": 1}
    batch = ImportBatch.objects.create(user=alice, account=savings, file_name="a", sha256="b")
    Transaction.objects.filter(pk=row.pk).update(import_batch=batch)
    assert off() == {"orphans": 2}


def test_category_changes_and_import_lines_that_refer_to_nothing_are_found(row, alice):
    gone = 10**9
    change = CategoryChange.objects.create(transaction=row, to_category=row.category, by="user")
    for name in ("to_category_id", "from_category_id", "rule_id", "actor_id"):
        CategoryChange.objects.filter(pk=change.pk).update(**{name: gone})
        assert off() == {"references": 1}
        CategoryChange.objects.filter(pk=change.pk).update(**{name: None})
    batch = ImportBatch.objects.create(user=alice, account=row.account, file_name="a", sha256="b")
    line = ImportRow.objects.create(batch=batch, row_number=1, raw="", verdict="new")
    assert off() == {}
    for name in ("category_id", "rule_id", "batch_id"):
        ImportRow.objects.filter(pk=line.pk).update(**{name: gone})
        assert off() == {"references": 1}


def test_outdated_fingerprint_or_search_text_is_found(row):
    Transaction.objects.filter(pk=row.pk).update(fingerprint=1)
    assert off() == {"derived": 1}
    Transaction.objects.filter(pk=row.pk).update(search_text="x", merchant_key="y")
    assert off() == {"derived": 3}


@pytest.mark.slow
@pytest.mark.django_db
def test_a_single_account_can_be_checked(row, checking, savings):
    Account.objects.filter(pk=checking.pk).update(balance=amount("1"))
    assert off(savings.pk) == {}
    assert off(checking.pk) == {"balance": 1}
    assert run("--account", str(savings.pk))[0] == 0
    status, text = run("--account", "987654")
    assert (status, text) == (2, "There is no account 987654.\n")


@pytest.mark.slow
@pytest.mark.once
def test_query_count_does_not_grow(row, alice):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            check_ledger()
        return len(captured)

    before = queries()
    for name in ("a", "b", "c"):
        account = make_account(user=alice, name=name, opening_balance="100")
        for day in range(1, 8):
            make_transaction(account=account, txn_date=date(2026, day, 1), amount="-1.00")
    assert queries() == before


@pytest.mark.slow
def test_lists_are_limited_and_counts_are_complete(row, checking):
    for month in range(130):
        MonthlyTotal.objects.create(
            user=row.user, account=checking, month=date(1960 + month // 12, month % 12 + 1, 1)
        )
    found = next(
        invariant for invariant in check_ledger().invariants if invariant.name == "monthly_totals"
    )
    assert (found.violation_count, len(found.violations)) == (130, 100)
    assert Category.objects.filter(user=None).exists()
