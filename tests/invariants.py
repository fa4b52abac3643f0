"""The ledger's invariants, recomputed from the rows one by one."""

from collections import defaultdict
from decimal import Decimal

from accounts.models import Account
from transactions.ledger_check import check_ledger
from transactions.models import DailyTotal, MerchantTotal, MonthlyTotal, Transaction


def assert_ledger_holds() -> None:
    """Assert balance = opening + Σ posted, stored totals = recomputed totals, and that check_ledger
    agrees.
    """
    balances = dict(Account.objects.values_list("pk", "opening_balance"))
    totals: dict = defaultdict(lambda: [Decimal(0), Decimal(0), 0])
    by_day: dict = defaultdict(lambda: [Decimal(0), Decimal(0), 0])
    at_merchants: dict = defaultdict(lambda: [Decimal(0), Decimal(0), 0, 0])
    for row in Transaction.objects.filter(deleted_at=None, status="posted").prefetch_related(
        "splits"
    ):
        balances[row.account_id] += row.signed_amount
        parts = list(row.splits.all()) if row.is_split else [row]
        assert sum(part.signed_amount for part in parts) == row.signed_amount
        own = None if row.is_split else row.category_id
        sums = at_merchants[(row.account_id, row.txn_date.replace(day=1), row.merchant, own)]
        sums[0 if row.signed_amount > 0 else 1] += abs(row.signed_amount)
        sums[2] += 1
        sums[3] += row.signed_amount < 0
        for part in parts:
            for sums in (
                totals[(row.account_id, row.txn_date.replace(day=1), part.category_id)],
                by_day[(row.account_id, row.txn_date, part.category_id)],
            ):
                sums[0 if part.signed_amount > 0 else 1] += abs(part.signed_amount)
                sums[2] += 1
    assert dict(Account.objects.values_list("pk", "balance")) == balances
    stored = {
        (row.account_id, row.month, row.category_id): [
            row.inflow,
            row.outflow,
            row.transaction_count,
        ]
        for row in MonthlyTotal.objects.all()
    }
    assert stored == dict(totals)
    stored = {
        (row.account_id, row.day, row.category_id): [
            row.inflow,
            row.outflow,
            row.transaction_count,
        ]
        for row in DailyTotal.objects.all()
    }
    assert stored == dict(by_day)
    stored = {
        (row.account_id, row.month, row.merchant, row.category_id): [
            row.inflow,
            row.outflow,
            row.transaction_count,
            row.outflow_count,
        ]
        for row in MerchantTotal.objects.all()
    }
    assert stored == dict(at_merchants)
    report = check_ledger()
    assert report.is_clean, report.as_dict()
