"""Stored totals of each account: inflow, outflow and number of transactions.

One kind is by day and category, one by month and category, one by month, merchant and category.
They are updated together with the transactions, under the account's lock, so that figures cost the
same after ten years as after ten days. Only posted transactions outside the trash count. By
category, split transactions count by their parts; by merchant, as a whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Model, Q, Sum, Value
from django.db.models.functions import Coalesce

from banking.kernel.bulk import add_or_insert, bulk_add, bulk_insert
from banking.kernel.fields import AmountField
from banking.kernel.money import to_units
from banking.kernel.periods import first_of_month
from transactions.models import (
    DailyTotal,
    MerchantTotal,
    MonthlyTotal,
    Transaction,
    TransactionQuerySet,
    TransactionSplit,
)

ZERO = Value(Decimal(0), output_field=AmountField())
# Up to this many totals are added or inserted in one statement; of more, new ones are copied in.
_FEW = 100
# Up to this many merchants are looked up by name, as when one row is posted; otherwise by month.
_MERCHANTS_BY_NAME = 200
# Up to this many days are looked up one by one, as when scattered rows change; otherwise as a span.
_DAYS_BY_DATE = 2_000
_SUMS = ("inflow", "outflow", "transaction_count")


class TotalKey(NamedTuple):
    """The key of one change; `category_id` is None for uncategorized transactions.

    Without a merchant it is the day of a category total; each day counts in its month too. With one
    it is a merchant total ("" is unnamed), and `on` is the first day of the month.
    """

    account_id: int
    on: date
    category_id: int | None
    merchant: str | None = None


@dataclass(slots=True)
class Sums:
    """Money in and out, both positive, in the account's currency; the number of rows and of
    expenses.

    The number of expenses is stored for merchants only, to calculate the average purchase.
    """

    inflow: Decimal = Decimal(0)
    outflow: Decimal = Decimal(0)
    transaction_count: int = 0
    outflow_count: int = 0

    @property
    def net(self) -> Decimal:
        return self.inflow - self.outflow

    @property
    def is_nothing(self) -> bool:
        """Whether adding these sums changes nothing."""
        has_money = self.inflow or self.outflow
        return not (has_money or self.transaction_count or self.outflow_count)

    def add(self, other: "Sums", sign: int = 1) -> None:
        self.inflow += sign * other.inflow
        self.outflow += sign * other.outflow
        self.transaction_count += sign * other.transaction_count
        self.outflow_count += sign * other.outflow_count


SumsByKey = dict[TotalKey, Sums]


def sums_of_rows(rows: Iterable[Transaction]) -> SumsByKey:
    """The contribution of rows in memory to the totals; pending and deleted ones add nothing."""
    sums: SumsByKey = {}
    for row in rows:
        if row.status != Transaction.Status.POSTED or row.deleted_at is not None:
            continue
        month = first_of_month(row.txn_date)
        for part in row.splits.all() if row.is_split else (row,):
            key = TotalKey(row.account_id, row.txn_date, part.category_id)
            sums.setdefault(key, Sums()).add(_sums_of(part.signed_amount))
        category_id = None if row.is_split else row.category_id
        key = TotalKey(row.account_id, month, category_id, row.merchant)
        sums.setdefault(key, Sums()).add(_sums_of(row.signed_amount))
    return sums


def _sums_of(amount: Decimal) -> Sums:
    return Sums(max(amount, Decimal(0)), max(-amount, Decimal(0)), 1, int(amount < 0))


def sums_in(rows: TransactionQuerySet) -> SumsByKey:
    """The sums of the posted rows of a queryset by key, with two queries."""
    posted = rows.posted().order_by()
    sums: SumsByKey = {}
    grouped: Any = posted.values_list(
        "account_id", "txn_date", "is_split", "category_id", "merchant"
    )
    for account_id, on, is_split, category_id, merchant, *columns in _summed(grouped):
        one = _sums_of_columns(columns)
        if not is_split:
            sums.setdefault(TotalKey(account_id, on, category_id), Sums()).add(one)
        own = None if is_split else category_id
        key = TotalKey(account_id, first_of_month(on), own, merchant)
        sums.setdefault(key, Sums()).add(one)
    parts = TransactionSplit.objects.filter(
        transaction__in=posted.filter(is_split=True).values("pk")
    )
    for account_id, on, category_id, *columns in _summed(
        parts.order_by().values_list(
            "transaction__account_id", "transaction__txn_date", "category_id"
        )
    ):
        key = TotalKey(account_id, on, category_id)
        sums.setdefault(key, Sums()).add(_sums_of_columns(columns))
    return sums


def _summed(grouped: Any) -> Iterable[tuple]:
    return grouped.annotate(
        inflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__gt=0)), ZERO),
        negative=Coalesce(Sum("signed_amount", filter=Q(signed_amount__lt=0)), ZERO),
        count=Count("id"),
        outflow_count=Count("id", filter=Q(signed_amount__lt=0)),
    )


def _sums_of_columns(columns: Iterable[Any]) -> Sums:
    inflow, negative, count, outflow_count = columns
    return Sums(inflow, -negative, count, outflow_count)


def merge(*parts: tuple[Mapping[TotalKey, Sums], int]) -> SumsByKey:
    """Add up several (sums, sign), without keys whose sums cancel out."""
    filled = [(sums, sign) for sums, sign in parts if sums]
    if len(filled) == 1 and filled[0][1] == 1:
        return {key: value for key, value in filled[0][0].items() if not value.is_nothing}
    merged: SumsByKey = {}
    for sums, sign in filled:
        for key, value in sums.items():
            merged.setdefault(key, Sums()).add(value, sign)
    return {key: value for key, value in merged.items() if not value.is_nothing}


def net_by_account(sums: Mapping[TotalKey, Sums]) -> dict[int, Decimal]:
    """The change in each account's balance. Every row counts once."""
    changes: dict[int, Decimal] = {}
    for key, value in sums.items():
        if key.merchant is None:
            changes[key.account_id] = changes.get(key.account_id, Decimal(0)) + value.net
    return changes


def by_month(sums: Mapping[TotalKey, Sums]) -> SumsByKey:
    """The sums of days added up by month."""
    months: SumsByKey = {}
    for key, value in sums.items():
        month = TotalKey(key.account_id, first_of_month(key.on), key.category_id)
        months.setdefault(month, Sums()).add(value)
    return months


@dataclass(frozen=True, slots=True)
class _Kind:
    """One table of totals: its date column, its other key columns, and its sums."""

    model: type[Model]
    dated: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("account_id", self.dated, "category_id", *self.keys)

    def key_of(self, key: TotalKey) -> tuple[Any, ...]:
        return (
            key.account_id,
            key.on,
            key.category_id,
            *(getattr(key, name) for name in self.keys),
        )


_BY_DAY = _Kind(DailyTotal, "day", (), _SUMS)
_BY_MONTH = _Kind(MonthlyTotal, "month", (), _SUMS)
_BY_MERCHANT = _Kind(MerchantTotal, "month", ("merchant",), (*_SUMS, "outflow_count"))


def apply_to_totals(user_id: int, deltas: Mapping[TotalKey, Sums]) -> None:
    """Add the deltas to the stored totals. The caller locks the accounts.

    The number of statements depends on the number of deltas alone, never on the history.
    """
    by_category = {key: one for key, one in deltas.items() if key.merchant is None}
    by_merchant = {key: one for key, one in deltas.items() if key.merchant is not None}
    _apply(_BY_DAY, by_category, {})
    _apply(_BY_MONTH, by_month(by_category), {"user_id": user_id})
    _apply(_BY_MERCHANT, by_merchant, {})


def _apply(kind: _Kind, deltas: Mapping[TotalKey, Sums], fixed: Mapping[str, Any]) -> None:
    deltas = {key: delta for key, delta in deltas.items() if not delta.is_nothing}
    if len(deltas) > _FEW:
        _add_many(kind, deltas, fixed)
    elif deltas:
        _add_few(kind, deltas, fixed)
    if any(delta.transaction_count < 0 for delta in deltas.values()):
        _around(kind, deltas).filter(transaction_count=0).delete()


def _add_few(kind: _Kind, deltas: Mapping[TotalKey, Sums], fixed: Mapping[str, Any]) -> None:
    # Totals without a category have a unique index of their own.
    dated = ", ".join(("account_id", kind.dated, *kind.keys))
    for is_categorized, unique in (
        (True, f"({dated}, category_id) WHERE category_id IS NOT NULL"),
        (False, f"({dated}) WHERE category_id IS NULL"),
    ):
        rows = [
            (*fixed.values(), *kind.key_of(key), *(getattr(delta, name) for name in kind.sums))
            for key, delta in deltas.items()
            if (key.category_id is not None) is is_categorized
        ]
        if rows:
            columns = (*fixed, *kind.columns, *kind.sums)
            add_or_insert(kind.model, columns, rows, added=kind.sums, unique=unique)


def _add_many(kind: _Kind, deltas: Mapping[TotalKey, Sums], fixed: Mapping[str, Any]) -> None:
    stored = _stored(kind, deltas)
    known = [
        (stored[key], *(getattr(delta, name) for name in kind.sums))
        for key, delta in deltas.items()
        if key in stored
    ]
    bulk_add(kind.model, kind.sums, known)
    if len(known) < len(deltas):
        fresh = (
            (*fixed.values(), *kind.key_of(key), *_columns(delta, kind.sums))
            for key, delta in deltas.items()
            if key not in stored
        )
        bulk_insert(kind.model._meta.db_table, (*fixed, *kind.columns, *kind.sums), fresh)


def _around(kind: _Kind, deltas: Mapping[TotalKey, Sums]) -> Any:
    """The stored totals for the accounts and dates of the deltas."""
    dates = {key.on for key in deltas}
    if kind.dated == "day" and len(dates) <= _DAYS_BY_DATE:
        dated: dict[str, Any] = {"day__in": sorted(dates)}
    else:
        dated = {f"{kind.dated}__range": (min(dates), max(dates))}
    return kind.model._default_manager.filter(
        account_id__in={key.account_id for key in deltas}, **dated
    )


def _stored(kind: _Kind, deltas: Mapping[TotalKey, Sums]) -> dict[TotalKey, int]:
    """{key: primary key} of existing totals; may include others."""
    rows = _around(kind, deltas)
    merchants = {key.merchant for key in deltas}
    if kind.keys and len(merchants) <= _MERCHANTS_BY_NAME:
        rows = rows.filter(merchant__in=merchants)
    return {TotalKey(*key): pk for *key, pk in rows.values_list(*kind.columns, "pk")}


def _columns(sums: Sums, names: tuple[str, ...]) -> list[int]:
    """The sums as stored in the columns, money first."""
    counts = [getattr(sums, name) for name in names[2:]]
    return [to_units(sums.inflow), to_units(sums.outflow), *counts]
