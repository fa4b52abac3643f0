"""An account statement: opening balance, posted transactions with running balance, closing balance.

Only posted transactions count; pending ones are listed separately. Amounts are in the account's
currency, so nothing is converted. Build it inside `read_snapshot()`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import Account
from banking.kernel.periods import Period
from transactions.models import Category, Transaction, TransactionQuerySet, TransactionSplit
from transactions.running_balance import balance_before

ROWS_AT_ONCE = 2_000
UNCATEGORIZED, UNCATEGORIZED_COLOR = "Uncategorized", "#94a3b8"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One posted transaction and the balance after it."""

    on: date
    merchant: str
    description: str
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class CategorySum:
    """Money in and out (both positive) for one top-level category."""

    name: str
    color: str
    is_transfer: bool
    inflow: Decimal
    outflow: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Pending:
    """What the bank has not booked yet. Not part of any line, sum or balance here."""

    count: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """`opening` + every line = `opening` + `inflow` − `outflow` = `closing`, exactly."""

    account: Account
    period: Period
    opening: Decimal
    inflow: Decimal
    outflow: Decimal
    closing: Decimal
    lines: tuple[StatementLine, ...]
    categories: tuple[CategorySum, ...]
    pending: Pending

    @property
    def currency(self) -> str:
        return self.account.currency

    @property
    def spending(self) -> tuple[CategorySum, ...]:
        """Spending by category, largest first, without transfers between own accounts."""
        spent = [
            category
            for category in self.categories
            if category.outflow and not category.is_transfer
        ]
        return tuple(sorted(spent, key=lambda category: (-category.outflow, category.name)))


def build_statement(account: Account, period: Period) -> Statement:
    """The statement for one period, with its lines in date order."""
    opening = balance_before(account, period.start)
    lines = tuple(statement_lines(account, period, opening))
    return Statement(
        account=account,
        period=period,
        opening=opening,
        inflow=sum((line.amount for line in lines if line.amount > 0), Decimal(0)),
        outflow=-sum((line.amount for line in lines if line.amount < 0), Decimal(0)),
        closing=lines[-1].balance if lines else opening,
        lines=lines,
        categories=_category_sums(account, period),
        pending=_pending(account, period),
    )


def count_lines(account: Account, period: Period) -> int:
    """How many lines the statement would have."""
    return _rows(account, period).posted().count()


def statement_lines(account: Account, period: Period, opening: Decimal) -> Iterator[StatementLine]:
    """Yield the lines, with at most two thousand rows in memory."""
    balance = opening
    rows = _rows(account, period).posted().order_by("txn_date", "id")
    values = rows.values_list("txn_date", "merchant", "description", "signed_amount")
    for on, merchant, description, amount in values.iterator(chunk_size=ROWS_AT_ONCE):
        balance += amount
        yield StatementLine(on, merchant, description, amount, balance)


def _rows(account: Account, period: Period) -> TransactionQuerySet:
    return Transaction.objects.filter(account=account).live().in_period(period)


def _pending(account: Account, period: Period) -> Pending:
    waiting = _rows(account, period).filter(status=Transaction.Status.PENDING)
    found = waiting.aggregate(count=Count("id"), total=Sum("signed_amount"))
    return Pending(found["count"], found["total"] or Decimal(0))


def _category_sums(account: Account, period: Period) -> tuple[CategorySum, ...]:
    """Sums by top-level category, sorted by name; split transactions by part;
    uncategorized last.
    """
    counted = _rows(account, period).posted()
    parts = TransactionSplit.objects.filter(transaction__in=counted.filter(is_split=True))
    found = [*_by_category(counted.filter(is_split=False)), *_by_category(parts)]
    used = Category.objects.filter(pk__in={entry[0] for entry in found} - {None})
    tops = {category.pk: category.parent or category for category in used.select_related("parent")}
    sums: dict[Category | None, list[Any]] = {}
    for category_id, inflow, outflow, count in found:
        one = sums.setdefault(tops.get(category_id), [Decimal(0), Decimal(0), 0])
        one[0] += inflow or Decimal(0)
        one[1] -= outflow or Decimal(0)
        one[2] += count
    named = sorted(sums.items(), key=lambda item: (item[0] is None, item[0] and item[0].name))
    return tuple(_category_sum(category, *values) for category, values in named)


def _category_sum(
    category: Category | None, inflow: Decimal, outflow: Decimal, count: int
) -> CategorySum:
    return CategorySum(
        name=category.name if category else UNCATEGORIZED,
        color=(category and category.color) or UNCATEGORIZED_COLOR,
        is_transfer=category is not None and category.kind == Category.Kind.TRANSFER,
        inflow=inflow,
        outflow=outflow,
        count=count,
    )


def _by_category(rows: QuerySet) -> list[tuple]:
    return list(
        rows.order_by()
        .values("category_id")
        .annotate(
            inflow=Sum("signed_amount", filter=Q(signed_amount__gt=0)),
            outflow=Sum("signed_amount", filter=Q(signed_amount__lt=0)),
            count=Count("id"),
        )
        .values_list("category_id", "inflow", "outflow", "count")
    )
