"""Monthly totals: each account's inflow, outflow and number of rows by month and category.

They are written with the rows they sum, under the account's lock, so that figures cost the same
after ten years as after ten days. Only posted rows outside the trash count, a split row by its
parts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from banking.fields import AmountField
from banking.periods import first_of_month
from transactions.models import MonthlyTotal, Transaction, TransactionQuerySet, TransactionSplit

ZERO = Value(Decimal(0), output_field=AmountField())


@dataclass(frozen=True, slots=True)
class TotalKey:
    """What one monthly total is about; `category_id` is None for rows without a category."""

    account_id: int
    month: date
    category_id: int | None


@dataclass(slots=True)
class Sums:
    """Money in and out, both positive, in the account's currency, and how many rows."""

    inflow: Decimal = Decimal(0)
    outflow: Decimal = Decimal(0)
    transaction_count: int = 0

    @property
    def net(self) -> Decimal:
        return self.inflow - self.outflow

    def add(self, other: "Sums", sign: int = 1) -> None:
        self.inflow += sign * other.inflow
        self.outflow += sign * other.outflow
        self.transaction_count += sign * other.transaction_count


SumsByKey = dict[TotalKey, Sums]


def sums_of_rows(rows: Iterable[Transaction]) -> SumsByKey:
    """What these rows in memory add to the totals; nothing for pending or deleted ones."""
    sums: SumsByKey = {}
    for row in rows:
        if row.status != Transaction.Status.POSTED or row.deleted_at is not None:
            continue
        month = first_of_month(row.txn_date)
        for part in row.splits.all() if row.is_split else (row,):
            key = TotalKey(row.account_id, month, part.category_id)
            sums.setdefault(key, Sums()).add(
                Sums(max(part.signed_amount, Decimal(0)), max(-part.signed_amount, Decimal(0)), 1)
            )
    return sums


def sums_in(rows: TransactionQuerySet) -> SumsByKey:
    """What the posted rows of a queryset add up to, by key, in two queries."""
    posted = rows.posted().order_by()
    parts = TransactionSplit.objects.filter(
        transaction__in=posted.filter(is_split=True).values("pk")
    )
    return merge(
        (_grouped(posted.filter(is_split=False), ""), 1), (_grouped(parts, "transaction__"), 1)
    )


def _grouped(rows: QuerySet, prefix: str) -> SumsByKey:
    """Sums by account, month and category; `prefix` leads from a part to its transaction."""
    grouped = (
        rows.order_by()
        .annotate(month=TruncMonth(f"{prefix}txn_date"))
        .values_list(f"{prefix}account_id", "month", "category_id")
        .annotate(
            inflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__gt=0)), ZERO),
            negative=Coalesce(Sum("signed_amount", filter=Q(signed_amount__lt=0)), ZERO),
            count=Count("id"),
        )
    )
    return {
        TotalKey(account_id, month, category_id): Sums(inflow, -negative, count)
        for account_id, month, category_id, inflow, negative, count in grouped
    }


def merge(*parts: tuple[Mapping[TotalKey, Sums], int]) -> SumsByKey:
    """The sum of several (sums, sign), without the keys that cancel out."""
    merged: SumsByKey = {}
    for sums, sign in parts:
        for key, value in sums.items():
            merged.setdefault(key, Sums()).add(value, sign)
    return {key: value for key, value in merged.items() if value != Sums()}


def apply_to_totals(user_id: int, deltas: Mapping[TotalKey, Sums]) -> None:
    """Add the deltas to the stored totals; the accounts concerned are locked by the caller.

    Three statements however many months an import spans.
    """
    if not deltas:
        return
    accounts = {key.account_id for key in deltas}
    stored = _stored_totals(accounts, deltas)
    table = connection.ops.quote_name(MonthlyTotal._meta.db_table)
    known = [(*_columns(delta), stored[key]) for key, delta in deltas.items() if key in stored]
    if known:
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET inflow = inflow + %s, outflow = outflow + %s,"  # noqa: S608
                " transaction_count = transaction_count + %s WHERE id = %s",
                known,
            )
    fresh = [
        MonthlyTotal(
            user_id=user_id,
            account_id=key.account_id,
            month=key.month,
            category_id=key.category_id,
            inflow=delta.inflow,
            outflow=delta.outflow,
            transaction_count=delta.transaction_count,
        )
        for key, delta in deltas.items()
        if key not in stored
    ]
    if fresh:
        MonthlyTotal.objects.bulk_create(fresh, batch_size=1000)
    if any(delta.transaction_count <= 0 for delta in deltas.values()):
        MonthlyTotal.objects.filter(account_id__in=accounts, transaction_count=0).delete()


def _stored_totals(accounts: set[int], deltas: Mapping[TotalKey, Sums]) -> dict[TotalKey, int]:
    """{key: primary key} of the totals that exist in the deltas' accounts and span of months."""
    months = [key.month for key in deltas]
    rows = MonthlyTotal.objects.filter(
        account_id__in=accounts, month__range=(min(months), max(months))
    )
    return {
        TotalKey(account_id, month, category_id): pk
        for pk, account_id, month, category_id in rows.values_list(
            "pk", "account_id", "month", "category_id"
        )
    }


def _columns(sums: Sums) -> tuple[int, int, int]:
    prepare = MonthlyTotal._meta.get_field("inflow").get_prep_value
    return prepare(sums.inflow), prepare(sums.outflow), sums.transaction_count
