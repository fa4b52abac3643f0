"""Undo a change: restore what it changed, except values that someone has changed since."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from accounts.services import lock_accounts
from banking.kernel.commands import command
from transactions.models import (
    Category,
    Change,
    ChangePlan,
    ChangeRow,
    ReferenceChange,
    Transaction,
    TransactionSplit,
)
from transactions.services.category_removal import lock_owner, restore_category
from transactions.services.changing import (
    AFTER,
    BEFORE,
    CATEGORY,
    DELETED_AT,
    NOTES,
    PARTS,
    SOURCE,
    TAGS,
    Act,
    StagedRow,
    category_in,
    in_pieces,
    live_sums,
    pieces_of,
    settle,
    transactions_of,
    write_categories,
    write_notes,
    write_parts,
    write_tags,
    write_trash,
)
from transactions.services.posting import post_passed
from transactions.services.returned_lines import has_returned
from users.audit import trail
from users.models import User
from users.timezones import local_date

ALREADY_UNDONE = "This has already been undone."
UNFINISHED = "This is still running. Undo it once it's finished."
HALF_UNDONE = "Undo is already running."
NOT_UNDOABLE = "You can't undo this."
TOO_OLD = "You can no longer undo this. Changes can be undone for 30 days."
KINDS = Change.Kind
_NOTHING = Value(0, output_field=BigIntegerField())
Rows = QuerySet[ChangeRow]


@dataclass(slots=True)
class Undone:
    """How many rows were fully restored, and which had later changes.

    `references` are the rows other than transactions, each with those left.
    """

    restored_count: int = 0
    left_ids: list[int] = field(default_factory=list)
    references: list[ReferenceChange] = field(default_factory=list)


@command
def undo_change(*, actor: User, change: Change, at: datetime) -> Undone:
    """Undo a change field by field, wherever the row still has the value it wrote.

    Raises ValidationError for a change that is already undone or older than 30 days.
    """
    touched = transactions_of(change.rows.all()).order_by()
    accounts = lock_accounts(touched.values_list("account_id", flat=True).distinct())
    lock_owner(change)
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    refuse_undo(change, at)
    if change.status == Change.Status.UNDO_FAILED:
        raise ValidationError(HALF_UNDONE)
    # A failed run must not be retried any more.
    ChangePlan.objects.filter(change=change).delete()
    change.status, change.error, change.undone_at = Change.Status.DONE, "", at
    change.save(update_fields=["status", "error", "undone_at", "updated_at"])
    if change.kind == KINDS.CATEGORY:
        restore_category(actor=actor, change=change, at=at)
    undone = put_back(change, change.rows.all(), Act(actor=actor, accounts=accounts, at=at))
    undone.references = list(change.references.all())
    return undone


def refuse_undo(change: Change, at: datetime) -> None:
    """Raise ValidationError for a change that is undone, still running or older than 30 days."""
    if change.undone_at is not None:
        raise ValidationError(ALREADY_UNDONE)
    if change.is_unfinished:
        raise ValidationError(UNFINISHED)
    if not change.is_undoable:
        raise ValidationError(NOT_UNDOABLE)
    if not change.may_be_undone(at):
        raise ValidationError(TOO_OLD)


def put_back(change: Change, rows: Rows, act: Act) -> Undone:
    """Restore these rows of a locked change, with their accounts locked."""
    for changed in _changed_since(change, rows):
        changed.update(left_alone=True)
    # A row that has just moved to an account that is not locked.
    rows.exclude(transaction__account__in=list(act.accounts)).update(left_alone=True)
    old = live_sums(rows)
    _write_back(change, rows.filter(transaction__account__in=list(act.accounts)), act)
    settle(rows, act, old)
    left = rows.filter(left_alone=True).order_by("transaction_id")
    result = Undone(
        restored_count=rows.filter(left_alone=False).count(),
        left_ids=list(left.values_list("transaction_id", flat=True)),
    )
    trail.record(
        actor=act.actor,
        action="transactions.batch.undone",
        target=change,
        kind=change.kind,
        restored=result.restored_count,
        left_alone=len(result.left_ids),
    )
    return result


def count_changed_since(change: Change) -> int:
    """How many rows undoing would leave unchanged, at least in part."""
    ids: set[int] = set()
    for changed in _changed_since(change, change.rows.all()):
        ids.update(changed.values_list("pk", flat=True))
    return len(ids)


def _write_back(change: Change, rows: Rows, act: Act) -> None:
    """Restore each field where it still has the written value. Each set is read before it is
    written.
    """
    if change.kind == KINDS.DELETE:
        held = rows.filter(transaction__deleted_at=_moment_of(change))
        back = held.exclude(has_returned("transaction__"))
        post_passed(transactions_of(back), local_date(change.user.timezone, act.at))
        write_trash(back, None, act.at)
        return
    write_categories(change, _with_category(rows, change).filter(_HOLDS_CATEGORY), BEFORE, act)
    if change.kind == KINDS.RULE_RUN:
        return
    if change.kind == KINDS.CATEGORY:
        write_parts(rows.filter(after__has_key=PARTS), BEFORE)
        return
    write_notes(_with_notes(rows).filter(_HOLDS_NOTES), BEFORE, act.at)
    left = [row.pk for piece in _other_tags(rows) for row in piece]
    write_tags(rows.filter(after__has_key=TAGS).exclude(pk__in=left), BEFORE)


def _changed_since(change: Change, rows: Rows) -> Iterator[Rows]:
    """For each field, the change's rows that no longer have the value it wrote."""
    if change.kind == KINDS.DELETE:
        moment = _moment_of(change)
        other = Q(transaction__deleted_at__lt=moment) | Q(transaction__deleted_at__gt=moment)
        yield rows.filter(Q(transaction__deleted_at=None) | other)
        yield rows.filter(has_returned("transaction__"))
        return
    yield _with_category(rows, change).exclude(_HOLDS_CATEGORY)
    if change.kind == KINDS.RULE_RUN:
        return
    if change.kind == KINDS.CATEGORY:
        for piece in _other_parts(rows):
            yield rows.filter(pk__in=[row.pk for row in piece])
        return
    yield _with_notes(rows).exclude(_HOLDS_NOTES)
    for piece in _other_tags(rows):
        yield rows.filter(pk__in=[row.pk for row in piece])


# A deleted category is not restored to a row.
_HOLDS_CATEGORY = Q(
    now_id=F("written_id"), transaction__category_source=F("written_source"), is_gone=False
)
_HOLDS_NOTES = Q(transaction__notes=F("written_notes"))


def _with_category(rows: Rows, change: Change) -> Rows:
    gone = Category.objects.filter(pk=OuterRef("before_id")).exclude(deleted_at=None)
    if change.category_id is not None and change.may_bring_back_category:
        gone = gone.exclude(pk=change.category_id)
    return rows.filter(after__has_key=CATEGORY).annotate(
        before_id=category_in(BEFORE),
        is_gone=Exists(gone),
        now_id=Coalesce("transaction__category_id", _NOTHING),
        written_id=Coalesce(category_in(AFTER), _NOTHING),
        written_source=KT(f"{AFTER}__{SOURCE}"),
    )


def _with_notes(rows: Rows) -> Rows:
    return rows.filter(after__has_key=NOTES).annotate(written_notes=KT(f"{AFTER}__{NOTES}"))


def _other_tags(rows: Rows) -> Iterator[list[StagedRow]]:
    """Rows whose touched tags differ from what the change left."""
    for piece in pieces_of(rows.filter(after__has_key=TAGS)):
        touched = {tag for row in piece for tag in (*row.before[TAGS], *row.after[TAGS])}
        links = Transaction.tags.through.objects.filter(
            transaction__in=[row.transaction_id for row in piece], tag__in=touched
        )
        now: dict[int, set[int]] = {}
        for transaction_id, tag_id in links.values_list("transaction_id", "tag_id"):
            now.setdefault(transaction_id, set()).add(tag_id)
        yield [row for row in piece if now.get(row.transaction_id, set()) != set(row.after[TAGS])]


def _other_parts(rows: Rows) -> Iterator[list[StagedRow]]:
    """Rows whose touched parts are gone or have another category than the change gave them."""
    for piece in pieces_of(rows.filter(after__has_key=PARTS)):
        ids = [int(pk) for row in piece for pk in row.after[PARTS]]
        now: dict[str, int | None] = {}
        for some in in_pieces(ids):
            parts = TransactionSplit.objects.filter(pk__in=some)
            now |= {str(pk): held for pk, held in parts.values_list("pk", "category_id")}
        yield [
            row
            for row in piece
            if any(pk not in now or now[pk] != held for pk, held in row.after[PARTS].items())
        ]


def _moment_of(change: Change) -> datetime | None:
    """The time at which a change deleted its rows, the same for all of them."""
    first = change.rows.order_by("transaction_id").first()
    return datetime.fromisoformat(first.after[DELETED_AT]) if first else None
