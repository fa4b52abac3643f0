"""Writing changes of many transactions as one batch that can be undone.

The caller holds the locks of every account concerned and records the audit event. Rows are
written a few thousand at a time; totals and balances move by what the rows' sums moved by.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Account
from banking.bulk import bulk_insert, bulk_update
from banking.fields import FoldedField
from transactions.models import (
    CategoryChange,
    ChangeBatch,
    ChangeBatchRow,
    Transaction,
    TransactionQuerySet,
)
from transactions.services.posting import book
from transactions.totals import SumsByKey, merge, sums_in
from users.models import User

ROWS_AT_ONCE = 2_000
CATEGORY, SOURCE, NOTES, TAGS, DELETED_AT = (
    *("category", "category_source", "notes", "tags", "deleted_at"),
)


@dataclass(slots=True)
class RowChange:
    """One row's touched fields before and after, as a batch keeps them in JSON.

    `category` and `category_source` go together; `tags` are those of the touched tags' ids that
    the row had, and has.
    """

    pk: int
    before: dict[str, Any]
    after: dict[str, Any]
    rule_id: int | None = None


@dataclass(slots=True)
class Writing:
    """One act on many rows, while it is written."""

    actor: User | None
    accounts: Mapping[int, Account]
    at: datetime
    by: str = CategoryChange.By.USER
    delta: SumsByKey = field(default_factory=dict)
    count: int = 0

    def write(self, changes: list[RowChange], batch: ChangeBatch | None = None) -> None:
        """Write one piece (at most a few thousand rows); for a batch, with what undoes it."""
        if not changes:
            return
        rows = Transaction.objects.filter(pk__in=[change.pk for change in changes])
        before = _live_sums(rows)
        if batch is not None:
            _keep(batch, changes)
        _write_categories(changes, self.at)
        _write_history(changes, self)
        _write_notes(rows, changes, self.at)
        _write_tags(changes)
        _write_trash(changes, self.at)
        self.delta = merge((self.delta, 1), (_live_sums(rows), 1), (before, -1))
        self.count += len(changes)

    def finish(self, batch: ChangeBatch | None = None) -> None:
        """Move balances and totals, and store how many rows it were."""
        if self.delta:
            book(self.accounts, self.delta)
        if batch is not None:
            batch.row_count = self.count
            batch.save(update_fields=["row_count", "summary"])


def _live_sums(rows: TransactionQuerySet) -> SumsByKey:
    return sums_in(rows.filter(deleted_at=None))


def _keep(batch: ChangeBatch, changes: list[RowChange]) -> None:
    bulk_insert(
        ChangeBatchRow._meta.db_table,
        ("batch_id", "transaction_id", "before", "after", "left_alone"),
        (
            (batch.pk, change.pk, json.dumps(change.before), json.dumps(change.after), False)
            for change in changes
        ),
    )


def _write_categories(changes: list[RowChange], at: datetime) -> None:
    bulk_update(
        Transaction,
        ("category", "category_source", "updated_at"),
        (
            (change.pk, change.after[CATEGORY], change.after[SOURCE], at)
            for change in changes
            if CATEGORY in change.after
        ),
    )


def _write_history(changes: list[RowChange], writing: Writing) -> None:
    moved = [
        change
        for change in changes
        if CATEGORY in change.after and change.after[CATEGORY] != change.before[CATEGORY]
    ]
    actor_id = writing.actor.pk if writing.actor else None
    created = CategoryChange._meta.get_field("created_at")
    at, by = created.get_db_prep_save(writing.at, connection), str(writing.by)
    columns = ("transaction_id", "from_category_id", "to_category_id", "by", "rule_id", "actor_id")
    bulk_insert(
        CategoryChange._meta.db_table,
        (*columns, "created_at"),
        ((c.pk, c.before[CATEGORY], c.after[CATEGORY], by, c.rule_id, actor_id, at) for c in moved),
    )


def _write_notes(rows: TransactionQuerySet, changes: list[RowChange], at: datetime) -> None:
    noted = {change.pk: change.after[NOTES] for change in changes if NOTES in change.after}
    if not noted:
        return
    searched = Transaction._meta.get_field("search_text")
    bulk_update(
        Transaction,
        ("notes", "search_text", "updated_at"),
        (
            (row.pk, row.notes, searched.text_of(row), at)
            for row in _with_notes(rows, searched, noted)
        ),
    )


def _with_notes(
    rows: TransactionQuerySet, searched: FoldedField, noted: Mapping[int, str]
) -> Iterable[Transaction]:
    for row in list(rows.filter(pk__in=list(noted)).only(*searched.sources)):
        row.notes = noted[row.pk]
        yield row


def _write_tags(changes: list[RowChange]) -> None:
    links = Transaction.tags.through
    lost: dict[int, list[int]] = {}
    gained: list[tuple[int, int]] = []
    for change in changes:
        if TAGS not in change.after:
            continue
        before, after = set(change.before[TAGS]), set(change.after[TAGS])
        gained += [(change.pk, tag_id) for tag_id in sorted(after - before)]
        for tag_id in before - after:
            lost.setdefault(tag_id, []).append(change.pk)
    for tag_id, ids in lost.items():
        links.objects.filter(tag=tag_id, transaction__in=ids).delete()
    bulk_insert(links._meta.db_table, ("transaction_id", "tag_id"), gained)


def _write_trash(changes: list[RowChange], at: datetime) -> None:
    bulk_update(
        Transaction,
        ("deleted_at", "updated_at"),
        (
            (change.pk, _moment(change.after[DELETED_AT]), at)
            for change in changes
            if DELETED_AT in change.after
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def in_pieces(ids: list[int], size: int = ROWS_AT_ONCE) -> Iterable[list[int]]:
    """The ids, a few thousand at a time."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
