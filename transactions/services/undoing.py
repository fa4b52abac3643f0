"""Undoing a batch: what it changed goes back, what somebody changed since is left alone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from accounts.services import lock_accounts
from transactions.models import ChangeBatch, ChangeBatchRow, Transaction
from transactions.services.change_batches import (
    CATEGORY,
    DELETED_AT,
    NOTES,
    ROWS_AT_ONCE,
    SOURCE,
    TAGS,
    RowChange,
    Writing,
)
from users import audit
from users.models import User

ALREADY_UNDONE = "This has been undone already."
TOO_OLD = "This can no longer be undone: 30 days have passed."
# What goes back together.
FIELDS = ((CATEGORY, SOURCE), (NOTES,), (TAGS,), (DELETED_AT,))
COLUMNS = ("category_id", "category_source", "notes", "deleted_at", "account_id", "external_id")


@dataclass(slots=True)
class Undone:
    """How many rows went back, and which were left because they had changed since."""

    restored_count: int = 0
    left_ids: list[int] = field(default_factory=list)


@db_transaction.atomic
def undo_batch(*, actor: User, batch: ChangeBatch, at: datetime) -> Undone:
    """Put back what a batch changed, field by field, where the row still holds what it wrote.

    Raises ValidationError for a batch undone before, or older than 30 days.
    """
    touched = Transaction.objects.filter(pk__in=batch.rows.values("transaction"))
    accounts = lock_accounts(touched.order_by().values_list("account_id", flat=True).distinct())
    batch = ChangeBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if batch.undone_at is not None:
        raise ValidationError(ALREADY_UNDONE)
    if not batch.may_be_undone(at):
        raise ValidationError(TOO_OLD)
    batch.undone_at = at
    batch.save(update_fields=["undone_at"])
    result, writing = Undone(), Writing(actor=actor, accounts=accounts, at=at)
    for kept in _kept_rows(batch):
        changes, left = plan_undo(kept, writing.accounts)
        writing.write(changes)
        _mark_left(left)
        result.left_ids += [row.transaction_id for row in left]
    writing.finish()
    result.restored_count = writing.count
    audit.record(
        actor=actor,
        action="transactions.batch.undone",
        target=batch,
        kind=batch.kind,
        restored=result.restored_count,
        left_alone=len(result.left_ids),
    )
    return result


def count_changed_since(batch: ChangeBatch) -> int:
    """How many rows undoing would leave as they are, at least in part."""
    return sum(len(plan_undo(kept)[1]) for kept in _kept_rows(batch))


def _kept_rows(batch: ChangeBatch) -> Any:
    last = 0
    while True:
        piece = list(batch.rows.filter(pk__gt=last).order_by("pk")[:ROWS_AT_ONCE])
        if piece:
            yield piece
        if len(piece) < ROWS_AT_ONCE:
            return
        last = piece[-1].pk


def _mark_left(rows: list[ChangeBatchRow]) -> None:
    ChangeBatchRow.objects.filter(pk__in=[row.pk for row in rows]).update(left_alone=True)


def plan_undo(
    kept: list[ChangeBatchRow], account_ids: Any = None
) -> tuple[list[RowChange], list[ChangeBatchRow]]:
    """What undoing these rows would write, and which of them have changed since."""
    ids = [row.transaction_id for row in kept]
    now = {
        values["pk"]: values | {CATEGORY: values["category_id"]}
        for values in Transaction.objects.filter(pk__in=ids).values("pk", *COLUMNS)
    }
    tags = _tags_now(kept)
    returned = _returned([pk for pk in ids if now[pk]["deleted_at"]], now)
    changes, left = [], []
    for row in kept:
        current = now[row.transaction_id]
        current[TAGS] = tags.get(row.transaction_id, set())
        change, is_whole = _reverse(row, current, row.transaction_id in returned)
        if account_ids is not None and current["account_id"] not in account_ids:
            # It has just come to an account that is not locked.
            change, is_whole = None, False
        if change is not None:
            changes.append(change)
        if not is_whole:
            left.append(row)
    return changes, left


def _reverse(
    row: ChangeBatchRow, now: dict[str, Any], has_returned: bool
) -> tuple[RowChange | None, bool]:
    """The change back, if any of it can go back, and whether that is all of it."""
    touched = [names for names in FIELDS if names[0] in row.after]
    held = [names for names in touched if _still_holds(row, now, names)]
    if has_returned:
        held = [names for names in held if names[0] != DELETED_AT]
    if not held:
        return None, False
    back = [name for names in held for name in names]
    change = RowChange(
        pk=row.transaction_id,
        before={name: row.after[name] for name in back},
        after={name: row.before[name] for name in back},
    )
    return change, len(held) == len(touched)


def _still_holds(row: ChangeBatchRow, now: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Whether the row's fields are as the batch left them."""
    if names[0] == TAGS:
        return now[TAGS] == set(row.after[TAGS])
    if names[0] == DELETED_AT:
        return now[DELETED_AT] == datetime.fromisoformat(row.after[DELETED_AT])
    return all(now[name] == row.after[name] for name in names)


def _tags_now(kept: list[ChangeBatchRow]) -> dict[int, set[int]]:
    """Which of the tags a batch touched the rows have now."""
    tagged = [row for row in kept if TAGS in row.after]
    if not tagged:
        return {}
    touched = {tag for row in tagged for tag in (*row.before[TAGS], *row.after[TAGS])}
    links = Transaction.tags.through.objects.filter(
        transaction__in=[row.transaction_id for row in tagged], tag__in=touched
    )
    found: dict[int, set[int]] = {}
    for transaction_id, tag_id in links.values_list("transaction_id", "tag_id"):
        found.setdefault(transaction_id, set()).add(tag_id)
    return found


def _returned(deleted_ids: list[int], now: dict[int, dict[str, Any]]) -> set[int]:
    """Deleted rows whose bank's id has come into the account again: they stay in the trash."""
    named = {pk: now[pk]["external_id"] for pk in deleted_ids if now[pk]["external_id"]}
    if not named:
        return set()
    live = Transaction.objects.filter(
        account__in={now[pk]["account_id"] for pk in named},
        external_id__in=set(named.values()),
        deleted_at=None,
    )
    back = set(live.values_list("account_id", "external_id"))
    return {pk for pk, external_id in named.items() if (now[pk]["account_id"], external_id) in back}
