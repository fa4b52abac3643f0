"""The proof of the totals: each kind added up again from the rows, side by side with what stands.

Both sides are streamed, sorted by account and month; one account's month is held at a time, so
that no database's order of merchants' names matters.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from heapq import merge as merge_sorted
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import BigIntegerField, Case, Count, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from banking.fields import AmountField
from transactions.ledger_report import CHUNK, Invariant, Violation, counting
from transactions.models import Transaction, TransactionSplit

_ZERO = Value(Decimal(0), output_field=AmountField())
_BY_CATEGORY = ("account_id", "month", "kind")
_AT_MERCHANT = ("account_id", "month", "kind", "merchant")
_SUMS = ("inflow", "outflow", "transaction_count", "pk")


def monthly_totals(rows: QuerySet, totals: QuerySet) -> Invariant:
    """Each account's month by category; a split row counts by its parts."""
    found = Invariant("monthly_totals", "each monthly total = Σ of its transactions")
    counted = _counted(rows)
    parts = TransactionSplit.objects.filter(
        transaction__in=counted.filter(is_split=True).order_by().values("pk")
    )
    category = Coalesce("category_id", Value(0))
    right = merge_sorted(
        _summed(counted.filter(is_split=False), "", category, _BY_CATEGORY),
        _summed(parts, "transaction__", category, _BY_CATEGORY),
        key=lambda row: row[:2],
    )
    stored = totals.annotate(kind=category).values_list(*_BY_CATEGORY, *_SUMS)
    _compare(found, right, stored, _named_by_category)
    return found


def merchant_totals(rows: QuerySet, totals: QuerySet) -> Invariant:
    """Each account's month by merchant and category; a split row counts whole, under none."""
    found = Invariant("merchant_totals", "each merchant's total = Σ of its transactions")
    category = Coalesce("category_id", Value(0))
    own = Case(When(is_split=True, then=Value(0)), default=category, output_field=BigIntegerField())
    right = _summed(_counted(rows), "", own, _AT_MERCHANT)
    stored = totals.annotate(kind=category).values_list(*_AT_MERCHANT, *_SUMS)
    _compare(found, right, stored, _named_by_merchant)
    return found


def _counted(rows: QuerySet) -> QuerySet:
    return rows.filter(deleted_at=None, status=Transaction.Status.POSTED)


def _summed(rows: QuerySet, prefix: str, kind: Any, names: tuple[str, ...]) -> Iterator[tuple]:
    """(account, month, category or 0[, merchant], in, -out, count), by account and month."""
    fields = [f"{prefix}{name}" if name == "account_id" else name for name in names]
    return (
        rows.order_by()
        .annotate(month=TruncMonth(f"{prefix}txn_date"), kind=kind)
        .values(*fields)
        .annotate(
            inflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__gt=0)), _ZERO),
            negative=Coalesce(Sum("signed_amount", filter=Q(signed_amount__lt=0)), _ZERO),
            count=Count("id"),
        )
        .order_by(f"{prefix}account_id", "month")
        .values_list(*fields, "inflow", "negative", "count")
        .iterator(chunk_size=CHUNK)
    )


def _compare(
    found: Invariant,
    right: Iterable[tuple],
    stored: QuerySet,
    named: Callable[[tuple], tuple[str, str]],
) -> None:
    """Add what differs, whichever side has it."""
    recomputed = ((key, _added(group)) for key, group in groupby(right, itemgetter(0, 1)))
    kept = counting(stored.order_by("account_id", "month"), found)
    by_month = ((key, list(group)) for key, group in groupby(kept, itemgetter(0, 1)))
    for _month, expected, rows in _merged(recomputed, by_month):
        left = dict(expected or {})
        for *key, inflow, outflow, count, pk in rows or ():
            sums, value = left.pop(tuple(key), None), (inflow, outflow, count)
            if sums != value:
                found.add(_violation(named, tuple(key), sums, value, pk))
        for key, sums in left.items():
            found.add(_violation(named, key, sums, None, None))


def _added(group: Iterable[tuple]) -> dict[tuple, tuple[Decimal, Decimal, int]]:
    sums: dict[tuple, tuple[Decimal, Decimal, int]] = {}
    for *key, inflow, negative, count in group:
        was = sums.get(tuple(key), (Decimal(0), Decimal(0), 0))
        sums[tuple(key)] = (was[0] + inflow, was[1] - negative, was[2] + count)
    return sums


def _merged(first: Iterable, second: Iterable) -> Iterator[tuple[Any, Any, Any]]:
    """Two streams sorted by one key side by side; a side that lacks a key gives None."""
    lefts, rights = iter(first), iter(second)
    left, right = next(lefts, None), next(rights, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            yield left[0], left[1], None
            left = next(lefts, None)
        elif left is None or right[0] < left[0]:
            yield right[0], None, right[1]
            right = next(rights, None)
        else:
            yield left[0], left[1], right[1]
            left, right = next(lefts, None), next(rights, None)


def _violation(
    named: Callable[[tuple], tuple[str, str]],
    key: tuple,
    expected: Any,
    value: Any,
    pk: int | None,
) -> Violation:
    problem = "missing" if value is None else "not needed" if expected is None else "wrong"
    table, about = named(key)
    return Violation(
        table,
        pk,
        f"The total of {about} is {problem}.",
        key[0],
        _sums_text(value),
        _sums_text(expected),
    )


def _named_by_category(key: tuple) -> tuple[str, str]:
    _account, month, category = key
    return "transactions.monthlytotal", f"{month:%Y-%m}, category {category or 'none'}"


def _named_by_merchant(key: tuple) -> tuple[str, str]:
    _account, month, category, merchant = key
    about = f"{month:%Y-%m} at “{merchant}”, category {category or 'none'}"
    return "transactions.merchanttotal", about


def _sums_text(sums: tuple[Decimal, Decimal, int] | None) -> str:
    return "" if sums is None else f"in {sums[0]:f}, out {sums[1]:f}, {sums[2]} rows"
