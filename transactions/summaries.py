"""Sums of a list's transactions, separately for each currency.

In a list of one category, a split transaction counts by its parts in it, as in the category's
figure.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.models import reader, shared_account_ids
from banking.kernel.fields import AmountField
from banking.kernel.written_once import WrittenOnce
from transactions.models import Category, Transaction, TransactionQuerySet, TransactionSplit
from users.models import User

_ZERO = Value(Decimal(0), output_field=AmountField())
# A split transaction's own category does not count, and parts are never transfers.
_TRANSFER = Q(category__kind=Category.Kind.TRANSFER, is_split=False)
# NOT (NULL = x) is neither true nor false in SQL, so uncategorized rows need their own condition.
_OWN = Q(category=None) | ~_TRANSFER
_POSTED = Q(status=Transaction.Status.POSTED)


COUNTED = "counted_amount"


def counted_by_parts(
    rows: TransactionQuerySet, parts: QuerySet[TransactionSplit]
) -> TransactionQuerySet:
    """Annotate each row's counted amount as COUNTED: these parts of a split, or else the whole."""
    own = parts.filter(transaction=OuterRef("pk")).order_by().values("transaction")
    share = Subquery(own.annotate(share=Sum("signed_amount")).values("share"))
    amount = Case(When(is_split=True, then=share), default=F("signed_amount"))
    return rows.annotate(**{COUNTED: ExpressionWrapper(amount, output_field=AmountField())})


@dataclass(frozen=True, slots=True)
class CurrencySummary:
    """A list's income and spending in one currency: posted transactions without transfers."""

    currency: str
    count: int
    pending_count: int
    planned_count: int
    transfer_count: int
    inflow: Decimal
    outflow: Decimal
    transferred: Decimal

    @property
    def net(self) -> Decimal:
        return self.inflow - self.outflow


def summarize(rows: TransactionQuerySet) -> list[CurrencySummary]:
    """Count and sums of the rows in one query; the currency with the most rows first."""
    grouped: Any = rows.order_by().values("currency").annotate(**_sums(_counted(rows)))
    found = [
        CurrencySummary(
            currency=row["currency"],
            count=row["rows_count"],
            pending_count=row["pending_count"],
            planned_count=row["planned_count"],
            transfer_count=row["transfer_count"],
            inflow=row["inflow"],
            outflow=-row["negative"],
            transferred=row["transferred"],
        )
        for row in grouped
    ]
    return sorted(found, key=lambda summary: (-summary.count, summary.currency))


def _counted(rows: TransactionQuerySet) -> str:
    return COUNTED if COUNTED in rows.query.annotations else "signed_amount"


def _sums(amount: str) -> dict[str, Any]:
    return {
        "rows_count": Count("id"),
        "pending_count": Count("id", filter=Q(status=Transaction.Status.PENDING)),
        "planned_count": Count("id", filter=Q(status=Transaction.Status.PLANNED)),
        "transfer_count": Count("id", filter=_TRANSFER & _POSTED),
        "inflow": _sum(amount, _OWN & _POSTED & Q(**{f"{amount}__gt": 0})),
        "negative": _sum(amount, _OWN & _POSTED & Q(**{f"{amount}__lt": 0})),
        "transferred": _sum(amount, _TRANSFER & _POSTED),
    }


def _sum(amount: str, condition: Q) -> Coalesce:
    return Coalesce(Sum(amount, filter=condition), _ZERO)


DayNets = dict[date, list[tuple[str, Decimal]]]


def day_nets_among(rows: Iterable[Transaction]) -> DayNets:
    """As `day_nets`, of days with all their rows among these, which have `counted`."""
    sums: dict[tuple[date, str], Decimal] = {}
    for row in rows:
        kind = row.category.kind if row.category else None
        is_own = kind != Category.Kind.TRANSFER or row.is_split
        if is_own and row.status == Transaction.Status.POSTED:
            key = (row.txn_date, row.currency)
            sums[key] = sums.get(key, Decimal(0)) + (row.counted or 0)
    nets: DayNets = {}
    for (day, currency), net in sorted(sums.items()):
        nets.setdefault(day, []).append((currency, net))
    return nets


def day_nets(rows: TransactionQuerySet, days: Collection[date]) -> DayNets:
    """{day: [(currency, net)]} for whole days, even where a page shows only part of one.

    A day with only transfers and unposted transactions has no entry.
    """
    return _by_day(_nets_of(rows, days))


def day_nets_of_all(user: User, days: Collection[date]) -> DayNets:
    """As `day_nets`, of everything this user sees."""
    return _by_day(_OF_ALL.rows(user.pk, list(shared_account_ids(user)), days))


def _nets_of(rows: TransactionQuerySet, days: Collection[date]) -> QuerySet[Any, Any]:
    found: QuerySet[Any, Any] = (
        rows.filter(txn_date__in=days)
        .order_by("txn_date", "currency")
        .values("txn_date", "currency")
        .annotate(
            net=_sum(_counted(rows), _OWN & _POSTED), own_count=Count("id", filter=_OWN & _POSTED)
        )
        .filter(own_count__gt=0)
    )
    return found


_OF_ALL = WrittenOnce(
    lambda user_id, shared_ids, days: _nets_of(
        Transaction.objects.visible_to(reader(user_id, shared_ids)), days
    )
)


def _by_day(grouped: Iterable[dict[str, Any]]) -> DayNets:
    nets: DayNets = {}
    for row in grouped:
        nets.setdefault(row["txn_date"], []).append((row["currency"], row["net"]))
    return nets
