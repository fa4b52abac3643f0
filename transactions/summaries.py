"""What the rows of a list add up to, per currency: never one currency with another."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum, Value
from django.db.models.functions import Coalesce

from banking.fields import AmountField
from transactions.models import Category, Transaction, TransactionQuerySet

_ZERO = Value(Decimal(0), output_field=AmountField())
_TRANSFER = Q(category__kind=Category.Kind.TRANSFER)
# NOT (NULL = x) is neither true nor false in SQL, so rows without a category are named.
_OWN = Q(category=None) | ~_TRANSFER
_POSTED = Q(status=Transaction.Status.POSTED)


@dataclass(frozen=True, slots=True)
class CurrencySummary:
    """One currency's share of a list: income and spending without transfers and pending rows."""

    currency: str
    count: int
    pending_count: int
    transfer_count: int
    inflow: Decimal
    outflow: Decimal
    transferred: Decimal

    @property
    def net(self) -> Decimal:
        return self.inflow - self.outflow


def summarize(rows: TransactionQuerySet) -> list[CurrencySummary]:
    """Count and sums of the rows in one query, the currency with most rows first."""
    grouped = rows.order_by().values("currency").annotate(**_sums())
    found = [
        CurrencySummary(
            currency=row["currency"],
            count=row["rows_count"],
            pending_count=row["pending_count"],
            transfer_count=row["transfer_count"],
            inflow=row["inflow"],
            outflow=-row["negative"],
            transferred=row["transferred"],
        )
        for row in grouped
    ]
    return sorted(found, key=lambda one: (-one.count, one.currency))


def _sums() -> dict[str, Any]:
    return {
        "rows_count": Count("id"),
        "pending_count": Count("id", filter=~_POSTED),
        "transfer_count": Count("id", filter=_TRANSFER & _POSTED),
        "inflow": _sum(_OWN & _POSTED & Q(signed_amount__gt=0)),
        "negative": _sum(_OWN & _POSTED & Q(signed_amount__lt=0)),
        "transferred": _sum(_TRANSFER & _POSTED),
    }


def _sum(condition: Q) -> Coalesce:
    return Coalesce(Sum("signed_amount", filter=condition), _ZERO)


def day_nets(
    rows: TransactionQuerySet, days: Collection[date]
) -> dict[date, list[tuple[str, Decimal]]]:
    """{day: [(currency, net)]} of whole days, also where a page shows only a part of one.

    A day of transfers and pending rows alone has none.
    """
    nets: dict[date, list[tuple[str, Decimal]]] = {}
    grouped = (
        rows.filter(txn_date__in=days)
        .order_by("txn_date", "currency")
        .values("txn_date", "currency")
        .annotate(net=_sum(_OWN & _POSTED), counted=Count("id", filter=_OWN & _POSTED))
        .filter(counted__gt=0)
    )
    for row in grouped:
        nets.setdefault(row["txn_date"], []).append((row["currency"], row["net"]))
    return nets
