"""Monthly totals: each account's inflow, outflow and number of rows by month and category.

They are written with the rows they sum, under the account's lock, so that figures cost the same
after ten years as after ten days. Only posted rows outside the trash count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from banking.fields import AmountField
from banking.periods import first_of_month
from transactions.models import MonthlyTotal, Transaction, TransactionQuerySet


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
        key = TotalKey(row.account_id, first_of_month(row.txn_date), row.category_id)
        sums.setdefault(key, Sums()).add(
            Sums(max(row.signed_amount, Decimal(0)), max(-row.signed_amount, Decimal(0)), 1)
        )
    return sums


def sums_in(rows: TransactionQuerySet) -> SumsByKey:
    """What the posted rows of a queryset add up to, by key, in one query."""
    zero = Value(Decimal(0), output_field=AmountField())
    grouped = (
        rows.posted()
        .order_by()
        .annotate(month=TruncMonth("txn_date"))
        .values("account_id", "month", "category_id")
        .annotate(
            inflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__gt=0)), zero),
            negative=Coalesce(Sum("signed_amount", filter=Q(signed_amount__lt=0)), zero),
            count=Count("id"),
        )
    )
    return {
        TotalKey(row["account_id"], row["month"], row["category_id"]): Sums(
            row["inflow"], -row["negative"], row["count"]
        )
        for row in grouped
    }


def merge(*parts: tuple[Mapping[TotalKey, Sums], int]) -> SumsByKey:
    """The sum of several (sums, sign), without the keys that cancel out."""
    merged: SumsByKey = {}
    for sums, sign in parts:
        for key, value in sums.items():
            merged.setdefault(key, Sums()).add(value, sign)
    return {key: value for key, value in merged.items() if value != Sums()}


def apply_to_totals(user_id: int, deltas: Mapping[TotalKey, Sums]) -> None:
    """Add the deltas to the stored totals; the accounts concerned are locked by the caller."""
    shrinking = False
    for key, delta in deltas.items():
        shrinking = shrinking or delta.transaction_count <= 0
        identity = {
            "account_id": key.account_id,
            "month": key.month,
            "category_id": key.category_id,
        }
        updated = MonthlyTotal.objects.filter(**identity).update(
            inflow=F("inflow") + Value(delta.inflow, output_field=AmountField()),
            outflow=F("outflow") + Value(delta.outflow, output_field=AmountField()),
            transaction_count=F("transaction_count") + delta.transaction_count,
        )
        if not updated:
            MonthlyTotal.objects.create(
                user_id=user_id,
                **identity,
                inflow=delta.inflow,
                outflow=delta.outflow,
                transaction_count=delta.transaction_count,
            )
    if shrinking:
        accounts = {key.account_id for key in deltas}
        MonthlyTotal.objects.filter(account_id__in=accounts, transaction_count=0).delete()
