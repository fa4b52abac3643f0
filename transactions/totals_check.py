"""Verify the totals: recompute each kind from the rows and compare it with the stored values.

Both sides are streamed, sorted by account and date. Only one account's month is in memory at a
time, so the database's sort order for merchant names does not matter.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from heapq import merge as merge_sorted
from itertools import groupby
from operator import add, itemgetter
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from accounts.exchange import RateTable
from banking.kernel.fields import AmountField
from transactions.converted import add_up, holding, is_same
from transactions.ledger_report import CHUNK, Invariant, Violation, counting
from transactions.models import DailyTotal, Transaction, TransactionSplit

_ZERO = Value(Decimal(0), output_field=AmountField())
_BY_DAY = ("account_id", "day", "kind")
_BY_CATEGORY = ("account_id", "month", "kind")
_AT_MERCHANT = ("account_id", "month", "kind", "merchant")
_SUMS = ("inflow", "outflow", "transaction_count")


def daily_totals(rows: QuerySet, totals: QuerySet) -> Invariant:
    """Each account's day by category; split transactions count by their parts."""
    found = Invariant("daily_totals", "each daily total = Σ of its transactions")
    return _by_category(found, rows, totals, _BY_DAY, _named_by_day)


def monthly_totals(rows: QuerySet, totals: QuerySet) -> Invariant:
    """Each account's month by category; split transactions count by their parts."""
    found = Invariant("monthly_totals", "each monthly total = Σ of its transactions")
    return _by_category(found, rows, totals, _BY_CATEGORY, _named_by_category)


def _by_category(
    found: Invariant,
    rows: QuerySet,
    totals: QuerySet,
    names: tuple[str, ...],
    named: Callable[[tuple], tuple[str, str]],
) -> Invariant:
    counted = _counted(rows)
    parts = TransactionSplit.objects.filter(
        transaction__in=counted.filter(is_split=True).order_by().values("pk")
    )
    category = Coalesce("category_id", Value(0))
    right = merge_sorted(
        _summed(counted.filter(is_split=False), "", category, names, _SUMS),
        _summed(parts, "transaction__", category, names, _SUMS),
        key=lambda row: row[0][:2],
    )
    stored = totals.annotate(kind=category).values_list("pk", *names, *_SUMS)
    _compare(found, right, stored, named, names)
    return found


def merchant_totals(rows: QuerySet, totals: QuerySet) -> Invariant:
    """Each account's month by merchant and category; a split transaction counts once,
    uncategorized.
    """
    found = Invariant("merchant_totals", "each merchant's total = Σ of its transactions")
    category = Coalesce("category_id", Value(0))
    own = Case(When(is_split=True, then=Value(0)), default=category, output_field=BigIntegerField())
    right = _summed(_counted(rows), "", own, _AT_MERCHANT, (*_SUMS, "outflow_count"))
    stored = totals.annotate(kind=category).values_list(
        "pk", *_AT_MERCHANT, *_SUMS, "outflow_count"
    )
    _compare(found, right, stored, _named_by_merchant, _AT_MERCHANT)
    return found


def converted_months(converted: QuerySet) -> Invariant:
    """What figures read of foreign accounts is what their daily totals and rates give.

    Open months and those with outdated rates are read by nobody.
    """
    found = Invariant("converted_months", "each converted month = Σ of its days at their rates")
    kept = holding(converted).order_by("account_id", "month", "currency")
    totals = DailyTotal.objects.filter(account__in=converted.values("account")).order_by(
        "account_id", "day", "category_id"
    )
    days = set(totals.order_by().values_list("day", flat=True).distinct())
    targets: dict[str, set[str]] = {}
    for to, from_currency in kept.order_by().values_list("currency", "account__currency"):
        targets.setdefault(to, set()).add(from_currency)
    tables = RateTable.for_targets(targets, days)
    by_month = groupby(
        totals.iterator(chunk_size=CHUNK),
        lambda total: (total.account_id, total.day.replace(day=1)),
    )
    streamed = ((key, list(group)) for key, group in by_month)
    rows = counting(kept.select_related("account"), found)
    stored = groupby(rows, lambda row: (row.account_id, row.month))
    for _key, of_days, of_month in _merged(streamed, ((key, list(group)) for key, group in stored)):
        for row in of_month or ():
            right = add_up(of_days or (), row.account.currency, tables[row.currency])
            if not is_same(row.sums, right):
                found.add(
                    Violation(
                        "transactions.convertedmonth",
                        row.pk,
                        f"The conversion of {row.month:%Y-%m} into {row.currency} is wrong.",
                        row.account_id,
                        row.sums[:200],
                        right[:200],
                    )
                )
    return found


def _counted(rows: QuerySet) -> QuerySet:
    return rows.filter(deleted_at=None, status=Transaction.Status.POSTED)


def _summed(
    rows: QuerySet, prefix: str, kind: Any, names: tuple[str, ...], sums: tuple[str, ...]
) -> Iterator[tuple]:
    """Yield (key, sums) of the rows, each a tuple of these names, by account and date."""
    dated = names[1]
    on: Any = F(f"{prefix}txn_date") if dated == "day" else TruncMonth(f"{prefix}txn_date")
    fields = [f"{prefix}{name}" if name == "account_id" else name for name in names]
    grouped = (
        rows.order_by()
        .annotate(**{dated: on}, kind=kind)
        .values(*fields)
        .annotate(
            inflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__gt=0)), _ZERO),
            outflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__lt=0)), _ZERO),
            transaction_count=Count("id"),
            outflow_count=Count("id", filter=Q(signed_amount__lt=0)),
        )
        .order_by(f"{prefix}account_id", dated)
        .values_list(*fields, *sums)
        .iterator(chunk_size=CHUNK)
    )
    size = len(fields)
    # Expenses are negated here, because SQL would treat -1 as an amount in whole ten-thousandths.
    return ((row[:size], (row[size], -row[size + 1], *row[size + 2 :])) for row in grouped)


def _compare(
    found: Invariant,
    right: Iterable[tuple],
    stored: QuerySet,
    named: Callable[[tuple], tuple[str, str]],
    names: tuple[str, ...],
) -> None:
    """Report the differences in either direction."""
    size = len(names)
    dates = groupby(right, lambda row: row[0][:2])
    recomputed = ((on, _added(group)) for on, group in dates)
    kept = counting(stored.order_by(*names[:2]), found)
    by_date = ((on, list(group)) for on, group in groupby(kept, itemgetter(1, 2)))
    for _on, expected, rows in _merged(recomputed, by_date):
        left = dict(expected or {})
        for pk, *columns in rows or ():
            key, value = tuple(columns[:size]), tuple(columns[size:])
            sums = left.pop(key, None)
            if sums != value:
                found.add(_violation(named, key, sums, value, pk))
        for key, sums in left.items():
            found.add(_violation(named, key, sums, None, None))


def _added(group: Iterable[tuple[tuple, tuple]]) -> dict[tuple, tuple]:
    """Merge the sums that whole rows and parts have for the same key."""
    found: dict[tuple, tuple] = {}
    for key, sums in group:
        was = found.get(key)
        found[key] = tuple(map(add, was, sums)) if was else tuple(sums)
    return found


def _merged(first: Iterable, second: Iterable) -> Iterator[tuple[Any, Any, Any]]:
    """Merge two streams sorted by the same key. A missing side gives None."""
    lefts, rights = iter(first), iter(second)
    left: Any = next(lefts, None)
    right: Any = next(rights, None)
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


def _named_by_day(key: tuple) -> tuple[str, str]:
    _account, day, category = key
    return "transactions.dailytotal", f"{day:%Y-%m-%d}, category {category or 'none'}"


def _named_by_category(key: tuple) -> tuple[str, str]:
    _account, month, category = key
    return "transactions.monthlytotal", f"{month:%Y-%m}, category {category or 'none'}"


def _named_by_merchant(key: tuple) -> tuple[str, str]:
    _account, month, category, merchant = key
    about = f"{month:%Y-%m} at “{merchant}”, category {category or 'none'}"
    return "transactions.merchanttotal", about


def _sums_text(sums: tuple | None) -> str:
    return "" if sums is None else f"in {sums[0]:f}, out {sums[1]:f}, {sums[2]} rows"
