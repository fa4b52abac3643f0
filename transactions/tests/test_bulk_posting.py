"""Posting a history in bulk gives the same result as posting its lines one by one."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account
from transactions.models import Category, MonthlyTotal, Transaction
from transactions.services.bulk_posting import HistoryRow, post_many
from transactions.services.posting import post_transaction
from users.models import AuditEvent

pytestmark = pytest.mark.django_db


def line(amount: str = "-10.00", **over) -> HistoryRow:
    fields = {"txn_date": date(2026, 3, 1), "description": "Café BAR"} | over
    return HistoryRow(signed_amount=Decimal(amount), **fields)


def contents(account) -> tuple:
    rows = Transaction.objects.filter(account=account).order_by("txn_date", "signed_amount")
    names = (
        "signed_amount", "amount", "txn_date", "description", "merchant", "category", "status",
        "category_source", "fingerprint", "search_text", "merchant_key", "currency", "user",
        "notes", "origin", "deleted_at", "tags__name",
    )  # fmt: skip
    totals = MonthlyTotal.objects.filter(account=account).order_by("month", "category")
    return (
        list(rows.values_list(*names)),
        list(totals.values_list("month", "category", "inflow", "outflow", "transaction_count")),
        Account.objects.get(pk=account.pk).balance,
    )


def test_bulk_posting_equals_posting_one_by_one(alice, checking, savings, groceries):
    rows = [
        line("-10.00", category=groceries, category_source="provider", merchant="Bar"),
        line("-20.00", txn_date=date(2026, 2, 28), tags=("trip",), notes="with Jo"),
        line("55.50", status="pending", txn_date=date(2026, 3, 2)),
        line("70.00", txn_date=date(2026, 3, 3)),
    ]
    assert post_many(actor=alice, account=checking, rows=rows) == 4
    for row in rows:
        post_transaction(
            actor=alice,
            account=savings,
            **{name: getattr(row, name) for name in row.__slots__},
        )
    one, other = contents(checking), contents(savings)
    assert one[:2] == other[:2]
    assert one[2] - checking.balance == other[2] - savings.balance == Decimal("40.00")


def test_history_records_one_event(alice, checking):
    before = AuditEvent.objects.count()
    post_many(actor=alice, account=checking, rows=[line(), line()])
    assert AuditEvent.objects.count() == before + 1
    event = AuditEvent.objects.order_by("-id").first()
    assert event.action == "transactions.history.posted"
    assert event.changes == {"count": 2, "net": "-20.00"}


def test_balance_limit_is_not_enforced_for_history(alice, checking):
    post_many(actor=alice, account=checking, rows=[line("-5000.00")])
    assert Account.objects.get(pk=checking.pk).balance == Decimal("-4000.00")


@pytest.mark.parametrize("bad", [line("0"), line("1.001"), line(txn_date=date(1900, 1, 1))])
def test_one_invalid_line_rejects_all(alice, checking, bad):
    with pytest.raises(ValidationError):
        post_many(actor=alice, account=checking, rows=[line(), bad])
    assert not Transaction.objects.exists()
    assert Account.objects.get(pk=checking.pk).balance == Decimal("1000.00")


def test_another_persons_category_is_rejected(alice, bob, checking):
    foreign = Category.objects.create(user=bob, slug="b", name="B", kind="expense")
    with pytest.raises(ValidationError, match="one of your own"):
        post_many(actor=alice, account=checking, rows=[line(category=foreign)])
    assert not Transaction.objects.exists()
