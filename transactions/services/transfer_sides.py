"""How changing or deleting one side of a confirmed transfer affects the other.

A transfer made here is one unit: its amounts are fixed, and both sides are deleted and restored
together. A pair of existing transactions is dissolved when one side is deleted: both get their
previous categories back. Callers lock every account involved.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from accounts.models import Account
from transactions.models import (
    Category,
    CategoryChange,
    Transaction,
    TransactionQuerySet,
    Transfer,
)
from transactions.totals import SumsByKey, merge, sums_of_rows
from users.models import User

MADE_HERE = (
    "This is one side of a transfer you made here, so you can't change its account, amount, date "
    "or category. Delete it to undo the transfer."
)
CONFIRMED = (
    "This is one side of a transfer. Mark it as not a transfer on the Transfers page before "
    "you change its account, amount, date or category."
)
Wanted = tuple[Transaction, Category | None, str]


def confirmed_pairs(rows: QuerySet[Any]) -> QuerySet[Transfer]:
    """The confirmed transfers that have one of these rows as a side."""
    ids = rows.order_by().values("pk")
    touches = Q(outflow_transaction__in=ids) | Q(inflow_transaction__in=ids)
    return Transfer.objects.filter(touches, status=Transfer.Status.CONFIRMED)


def rows_in_pairs(ids: Iterable[int]) -> set[int]:
    """Which of these transactions, and their partners, belong to confirmed transfers."""
    pairs = confirmed_pairs(Transaction.objects.filter(pk__in=list(ids)))
    sides = pairs.values_list("outflow_transaction_id", "inflow_transaction_id")
    return {pk for pair in sides for pk in pair}


def refuse_side(row: Transaction, attr: str) -> None:
    """Raise ValidationError at `attr` for a row that belongs to a confirmed transfer."""
    if confirmed_pairs(Transaction.objects.filter(pk=row.pk)).exists():
        made_here = row.origin == Transaction.Origin.TRANSFER
        raise ValidationError({attr: MADE_HERE if made_here else CONFIRMED})


def with_partners(rows: TransactionQuerySet) -> TransactionQuerySet:
    """The rows, plus the other sides of transfers made here."""
    ids = {pk for pair in sides_made_here(rows) for pk in pair}
    if not ids:
        return rows
    return Transaction.objects.filter(Q(pk__in=rows.order_by().values("pk")) | Q(pk__in=ids))


def sides_made_here(rows: QuerySet[Any]) -> list[tuple[int, int]]:
    """The IDs of both sides of each transfer made here that involves one of these rows."""
    made_here = confirmed_pairs(rows).filter(
        outflow_transaction__origin=Transaction.Origin.TRANSFER
    )
    sides = made_here.order_by().values_list("outflow_transaction_id", "inflow_transaction_id")
    return list(sides)


def accounts_of_pairs(rows: QuerySet[Any]) -> set[int]:
    """The accounts of both sides of these rows' transfers, to be locked too."""
    sides = confirmed_pairs(rows).values_list(
        "outflow_transaction__account_id", "inflow_transaction__account_id"
    )
    return {pk for pair in sides.order_by() for pk in pair}


def dissolve_pairs(
    *, actor: User | None, rows: QuerySet[Any], accounts: Mapping[int, Account]
) -> SumsByKey:
    """Dissolve the pairs of rows about to be deleted. Returns the change in totals for the caller
    to book.

    Transfers made here stay, because both sides are deleted together.
    """
    pairs = list(
        confirmed_pairs(rows)
        .exclude(outflow_transaction__origin=Transaction.Origin.TRANSFER)
        .select_related(
            "outflow_transaction__category",
            "inflow_transaction__category",
            "outflow_category_before",
            "inflow_category_before",
        )
    )
    wanted: list[Wanted] = []
    for pair in pairs:
        sides = (
            (pair.outflow_transaction, pair.outflow_category_before, pair.outflow_source_before),
            (pair.inflow_transaction, pair.inflow_category_before, pair.inflow_source_before),
        )
        if any(side.account_id not in accounts for side, _, _ in sides):
            raise ValidationError("A transfer was just confirmed. Please try again.")
        wanted += [(side, *_still_there(category, source)) for side, category, source in sides]
    delta = give_categories(actor, wanted)
    Transfer.objects.filter(pk__in=[pair.pk for pair in pairs]).delete()
    return delta


def _still_there(category: Category | None, source: str) -> tuple[Category | None, str]:
    if category is None or category.deleted_at is not None:
        return None, Transaction.CategorySource.NONE
    return category, source


def give_categories(actor: User | None, wanted: list[Wanted]) -> SumsByKey:
    """Set the categories of locked rows, with history. Returns the change in totals."""
    rows = [row for row, _, _ in wanted]
    before = sums_of_rows(rows)
    for row, category, source in wanted:
        if row.category_id != (category.pk if category else None):
            CategoryChange.objects.create(
                transaction=row,
                from_category=row.category,
                to_category=category,
                by=CategoryChange.By.USER,
                actor=actor,
            )
        row.category, row.category_source = category, source
        row.save(update_fields=["category", "category_source", "updated_at"])
    return merge((sums_of_rows(rows), 1), (before, -1))
