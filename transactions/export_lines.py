"""Read transactions for export in batches, with a fixed number of queries each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q

from banking.kernel.bulk import batched
from transactions.category_names import CategoryNames
from transactions.models import (
    Category,
    Transaction,
    TransactionQuerySet,
    TransactionSplit,
    Transfer,
)
from transactions.summaries import COUNTED
from users.models import User

ROWS_AT_ONCE = 2_000
_COLUMNS = (
    *("pk", "user_id", "account_id", "txn_date", "posted_date", "signed_amount", "currency"),
    *("description", "merchant", "category_id", "notes", "status", "external_id"),
    *("account__name", "account__last_four"),
)


@dataclass(frozen=True, slots=True)
class ExportedPart:
    """One part of a split transaction."""

    category_id: int | None
    signed_amount: Decimal
    notes: str


@dataclass(frozen=True, slots=True)
class ExportedLine:
    """One transaction. `counted` is the amount that counts in the exported list: the parts in the
    category that the list is filtered by, or else the whole.
    """

    pk: int
    user_id: int
    account_id: int
    txn_date: date
    posted_date: date | None
    signed_amount: Decimal
    currency: str
    description: str
    merchant: str
    category_id: int | None
    notes: str
    status: str
    external_id: str
    account_name: str
    last_four: str
    counted: Decimal
    tags: tuple[str, ...]
    parts: tuple[ExportedPart, ...]
    transfer_with: int | None


def export_lines(rows: TransactionQuerySet, user: User) -> Iterator[list[ExportedLine]]:
    """Yield the rows in order, some thousands at a time, with at most four queries for each batch.

    Only the owner of a transfer's other side sees its name.
    """
    counted = COUNTED if COUNTED in rows.query.annotations else "signed_amount"
    columns = rows.prefetch_related(None).annotate(in_list=F(counted))
    found = columns.values_list(*_COLUMNS, "in_list").iterator(chunk_size=ROWS_AT_ONCE)
    pieces: Iterator[list[Any]] = batched(found, ROWS_AT_ONCE)
    for piece in pieces:
        ids = [values[0] for values in piece]
        tags, parts, others = _tags_of(ids), _parts_of(ids), _other_sides(ids, user)
        yield [
            ExportedLine(
                *[
                    *values,
                    tuple(tags.get(values[0], ())),
                    tuple(parts.get(values[0], ())),
                    others.get(values[0]),
                ]
            )
            for values in piece
        ]


def _tags_of(ids: list[int]) -> dict[int, list[str]]:
    links = Transaction.tags.through.objects.filter(transaction__in=ids).order_by("tag__name")
    found: dict[int, list[str]] = {}
    for transaction_id, name in links.values_list("transaction_id", "tag__name"):
        found.setdefault(transaction_id, []).append(name)
    return found


def _parts_of(ids: list[int]) -> dict[int, list[ExportedPart]]:
    parts = TransactionSplit.objects.filter(transaction__in=ids, transaction__is_split=True)
    columns = parts.order_by("pk").values_list(
        "transaction_id", "category_id", "signed_amount", "notes"
    )
    found: dict[int, list[ExportedPart]] = {}
    for transaction_id, category_id, amount, notes in columns:
        found.setdefault(transaction_id, []).append(ExportedPart(category_id, amount, notes))
    return found


def _other_sides(ids: list[int], user: User) -> dict[int, int]:
    touching = Q(outflow_transaction__in=ids) | Q(inflow_transaction__in=ids)
    pairs = Transfer.objects.visible_to(user).filter(touching, status=Transfer.Status.CONFIRMED)
    sides = pairs.order_by().values_list("outflow_transaction_id", "inflow_transaction_id")
    return {
        side: other_side for out, into in sides for side, other_side in ((out, into), (into, out))
    }


class OwnersCategories:
    """The categories of the owners of exported transactions, loaded once per owner."""

    def __init__(self) -> None:
        self._names: dict[int, CategoryNames] = {}
        self._by_id: dict[int, Category] = {}

    def label_of(self, owner_id: int, category_id: int | None) -> str:
        """The label that the owner's importer recognizes as this category."""
        return self._of(owner_id).label_of(category_id)

    def get(self, owner_id: int, category_id: int | None) -> Category | None:
        self._of(owner_id)
        return None if category_id is None else self._by_id.get(category_id)

    def _of(self, owner_id: int) -> CategoryNames:
        if owner_id not in self._names:
            found = list(Category.objects.filter(Q(user=None) | Q(user=owner_id)))
            self._by_id.update({category.pk: category for category in found})
            self._names[owner_id] = CategoryNames(found)
        return self._names[owner_id]
