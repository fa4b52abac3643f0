"""Write bulk changes in a form that can be undone.

The rows of a change are staged first, with old and new values; then the database updates them as
sets. The caller locks all accounts involved and records the audit event. Totals and balances move
by the difference in the rows' sums.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, NullIf

from accounts.models import Account
from banking.kernel.bulk import bulk_insert, bulk_update, insert_selected
from banking.kernel.fields import folded, folded_field
from transactions.models import (
    CategoryChange,
    Change,
    ChangeRow,
    Transaction,
    TransactionQuerySet,
    TransactionSplit,
)
from transactions.services.posting import book
from transactions.totals import SumsByKey, merge, sums_in
from users.models import User

ROWS_AT_ONCE = 2_000
CATEGORY, SOURCE, NOTES, TAGS, DELETED_AT, RULE, PARTS = (
    *("category", "category_source", "notes", "tags", "deleted_at", "rule", "parts"),
)
BEFORE, AFTER = "before", "after"
_ID = BigIntegerField()
_NOTHING = Value(0, output_field=_ID)


@dataclass(frozen=True, slots=True)
class Act:
    """The actor, the locked accounts and the time of a change."""

    actor: User | None
    accounts: Mapping[int, Account]
    at: datetime
    by: str = CategoryChange.By.USER


def stage(change: Change, changes: Iterable[tuple[int, str, str]]) -> int:
    """Stage (transaction ID, before, after), both as JSON. Returns how many.

    `category` and `category_source` belong together, with the `rule` that set them. `tags` lists
    which of the touched tags the row had and has, `parts` the category of each touched split.
    """
    return bulk_insert(
        ChangeRow._meta.db_table,
        ("change_id", "transaction_id", BEFORE, AFTER, "left_alone"),
        ((change.pk, pk, before, after, False) for pk, before, after in changes),
    )


def carry_out(
    change: Change, act: Act, fields: Iterable[str], ids: Iterable[int] | None = None
) -> None:
    """Apply the new values of the staged rows (all, or those of these transactions)."""
    rows, fields = rows_of(change, ids), set(fields)
    old = live_sums(rows)
    if CATEGORY in fields:
        write_categories(change, rows.filter(after__has_key=CATEGORY), AFTER, act)
    if PARTS in fields:
        write_parts(rows.filter(after__has_key=PARTS), AFTER)
    if NOTES in fields:
        write_notes(rows.filter(after__has_key=NOTES), AFTER, act.at)
    if TAGS in fields:
        write_tags(rows.filter(after__has_key=TAGS), AFTER)
    if DELETED_AT in fields:
        write_trash(rows, act.at, act.at)
    settle(rows, act, old)
    change.row_count = change.rows.count()
    change.save(update_fields=["row_count", "summary", "updated_at"])


def rows_of(change: Change, ids: Iterable[int] | None = None) -> QuerySet[ChangeRow]:
    """The rows of the change: all, or those of these transactions."""
    return change.rows.all() if ids is None else change.rows.filter(transaction__in=list(ids))


def transactions_of(rows: QuerySet[ChangeRow]) -> TransactionQuerySet:
    """The transactions that these change rows refer to."""
    return Transaction.objects.filter(pk__in=rows.order_by().values("transaction"))


def live_sums(rows: QuerySet[ChangeRow]) -> SumsByKey:
    """The change rows' current contribution to totals and balances."""
    return sums_in(transactions_of(rows).filter(deleted_at=None))


def settle(rows: QuerySet[ChangeRow], act: Act, old: SumsByKey) -> None:
    """Adjust totals and balances by the difference between the rows' current sums and `old`."""
    delta = merge((live_sums(rows), 1), (old, -1))
    if delta:
        book(act.accounts, delta)


def write_categories(change: Change, rows: QuerySet[ChangeRow], to: str, act: Act) -> None:
    """Set the category and source of some change rows to their old or new values, with history.

    `rows` may depend on the transactions: each statement reads before it writes.
    """
    _write_history(rows, BEFORE if to == AFTER else AFTER, to, act)
    staged = change.rows.filter(transaction=OuterRef("pk"))
    Transaction.objects.filter(pk__in=rows.order_by().values("transaction")).update(
        category_id=Subquery(staged.values_list(category_in(to))),
        category_source=Subquery(staged.values_list(KT(f"{to}__{SOURCE}"))),
        updated_at=act.at,
    )


def category_in(side: str) -> NullIf:
    """The category ID in a staged value, NULL for none."""
    # SQLite reads JSON null as the text “null”, which converts to 0.
    return NullIf(Cast(KT(f"{side}__{CATEGORY}"), _ID), _NOTHING)


def _write_history(rows: QuerySet[ChangeRow], origin: str, to: str, act: Act) -> None:
    moved = rows.annotate(
        old_id=Coalesce(category_in(origin), _NOTHING), new_id=Coalesce(category_in(to), _NOTHING)
    ).exclude(old_id=F("new_id"))
    rule = NullIf(Cast(KT(f"{to}__{RULE}"), _ID), _NOTHING)
    actor_id = act.actor.pk if act.actor else None
    insert_selected(
        CategoryChange,
        ("transaction", "from_category", "to_category", "by", "rule", "actor", "created_at"),
        moved.order_by().values_list(
            "transaction_id",
            NullIf("old_id", _NOTHING),
            NullIf("new_id", _NOTHING),
            Value(str(act.by), output_field=CharField()),
            rule,
            Value(actor_id, output_field=_ID),
            Value(act.at, output_field=DateTimeField()),
        ),
    )


def write_parts(rows: QuerySet[ChangeRow], to: str) -> None:
    """Set the categories of the touched parts that still have the other side's one."""
    origin = BEFORE if to == AFTER else AFTER
    for piece in pieces_of(rows):
        moves: dict[tuple[int | None, int | None], list[int]] = {}
        for row in piece:
            old, new = getattr(row, origin)[PARTS], getattr(row, to)[PARTS]
            for pk in old:
                moves.setdefault((old[pk], new[pk]), []).append(int(pk))
        for (old_id, new_id), ids in moves.items():
            for some in in_pieces(ids):
                parts = TransactionSplit.objects.filter(pk__in=some, category=old_id)
                parts.update(category=new_id)


def write_notes(rows: QuerySet[ChangeRow], to: str, at: datetime) -> None:
    """Write the notes and update the search text."""
    sources = folded_field(Transaction, "search_text").sources
    place = sources.index(NOTES)
    for piece in pieces_of(rows):
        noted = {row.transaction_id: getattr(row, to)[NOTES] for row in piece}
        found = Transaction.objects.filter(pk__in=list(noted)).values_list("pk", *sources)
        values = []
        for pk, *texts in list(found):
            texts[place] = noted[pk]
            values.append((pk, noted[pk], folded("\n".join(texts)), at))
        bulk_update(Transaction, (NOTES, "search_text", "updated_at"), values)


def write_tags(rows: QuerySet[ChangeRow], to: str) -> None:
    """Set which of the touched tags the rows have."""
    links = Transaction.tags.through
    for piece in pieces_of(rows):
        gained: list[tuple[int, int]] = []
        lost: dict[int, list[int]] = {}
        for row in piece:
            sides = {BEFORE: set(row.before[TAGS]), AFTER: set(row.after[TAGS])}
            target = sides.pop(to)
            (origin,) = sides.values()
            gained += [(row.transaction_id, tag_id) for tag_id in sorted(target - origin)]
            for tag_id in origin - target:
                lost.setdefault(tag_id, []).append(row.transaction_id)
        for tag_id, ids in lost.items():
            links.objects.filter(tag=tag_id, transaction__in=ids).delete()
        bulk_insert(links._meta.db_table, ("transaction_id", "tag_id"), gained)


def write_trash(rows: QuerySet[ChangeRow], deleted_at: datetime | None, at: datetime) -> None:
    """Move rows to the trash or restore them."""
    chosen = Transaction.objects.filter(pk__in=rows.order_by().values("transaction"))
    chosen.update(deleted_at=deleted_at, updated_at=at)


class StagedRow(NamedTuple):
    """A change row as a plain tuple, cheaper than a model instance."""

    pk: int
    transaction_id: int
    before: dict[str, Any]
    after: dict[str, Any]


def pieces_of(rows: QuerySet[ChangeRow]) -> Iterator[list[StagedRow]]:
    """The rows of a change, a few thousand at a time, in the order of their transactions.

    Which rows they are is asked once: with other tables in `rows`, PostgreSQL reads them all.
    """
    ids = list(rows.order_by("transaction_id").values_list("pk", flat=True))
    for some in in_pieces(ids):
        found = ChangeRow.objects.filter(pk__in=some).order_by("transaction_id")
        yield [StagedRow(*row) for row in found.values_list(*StagedRow._fields)]


def in_pieces(ids: list[int], size: int = ROWS_AT_ONCE) -> Iterable[list[int]]:
    """The IDs, a few thousand at a time."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def packed(value: Mapping[str, Any]) -> str:
    """One side (before or after) of a change row as stored."""
    return json.dumps(value, separators=(",", ":"))
