"""Request, stop and retry changes of very many transactions.

`long_changes` does the work, step by step.
"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Count, Max

from transactions.models import (
    Category,
    CategoryRule,
    Change,
    ChangePlan,
    Transaction,
    TransactionQuerySet,
)
from transactions.services.bulk_editing import (
    UNCHANGED,
    deletable,
    read_edit,
    refuse_only_held,
    refuse_too_many_tags,
)
from transactions.services.category_removal import (
    PARENT,
    empty_later,
    keep_references,
    lock_owner,
    restore_category,
    rows_in,
)
from transactions.services.changed_since import mark_of
from transactions.services.changing import CATEGORY, NOTES
from transactions.services.long_changes import (
    LAST,
    MOMENT,
    NOTED,
    RULES,
    Kind,
    Status,
)
from transactions.services.rule_applying import rule_in_force, run_title
from transactions.services.transfer_sides import with_partners
from transactions.services.undoing import refuse_undo
from users.audit import trail
from users.models import User

NOT_RETRIED = "You can't retry this."
NOT_STOPPED = "You can't stop this now. It will finish soon."
FINISHED = "This is no longer running."
STOPPED = "Stopped. Changes made so far are kept."


@db_transaction.atomic
def begin_edit(*, actor: User, rows: TransactionQuerySet, **wanted: Any) -> Change:
    """Queue a `bulk_edit` of the rows selected now. Raises ValidationError.

    Errors known in advance are raised before anything changes. Later errors end the change.
    """
    own = rows.filter(user=actor)
    edit = read_edit(actor=actor, **wanted)
    refuse_too_many_tags(own, edit)
    plan: dict[str, Any] = {"add": sorted(edit.add_ids), "remove": sorted(edit.remove_ids)}
    if edit.category is not UNCHANGED:
        plan[CATEGORY] = edit.category.pk if edit.category else None
    if edit.notes is not UNCHANGED:
        plan[NOTES], plan[NOTED] = edit.notes, _marks_of_notes(own)
    return _begin(actor, Kind.BULK_EDIT, edit.summary, plan, _ids_of(own))


@db_transaction.atomic
def begin_deletion(*, actor: User, rows: TransactionQuerySet, at: datetime) -> Change:
    """Queue a `bulk_delete` of the rows selected now. Raises ValidationError."""
    ids = _ids_of(deletable(with_partners(rows.filter(user=actor))))
    if not ids:
        refuse_only_held(rows.filter(user=actor))
    plan = {MOMENT: at.isoformat()}
    return _begin(actor, Kind.DELETE, f"{len(ids):,} transactions", plan, ids)


@db_transaction.atomic
def begin_restoring(*, actor: User, rows: TransactionQuerySet) -> Change:
    """Queue a `bulk_restore` of the trashed rows selected now."""
    ids = _ids_of(with_partners(rows.filter(user=actor)).exclude(deleted_at=None))
    return _begin(actor, Kind.RESTORE, f"{len(ids):,} transactions", {}, ids)


@db_transaction.atomic
def begin_category_removal(
    *, actor: User, category: Category, target: Category | None = PARENT, with_rules: bool = True
) -> Change:
    """Delete a category now and queue moving its transactions. Raises ValidationError."""
    target, references = empty_later(
        actor=actor, category=category, target=target, with_rules=with_rules
    )
    plan = {CATEGORY: target.pk if target else None}
    total = rows_in(category).count()
    change = _begin(actor, Kind.CATEGORY, category.name, plan, [], total, category)
    keep_references(change, references)
    return change


@db_transaction.atomic
def begin_rules(*, actor: User, rule: CategoryRule | None = None) -> Change:
    """Queue `apply_rules` for the current rows. Raises ValidationError."""
    if rule is not None:
        rule = rule_in_force(rule.pk)
    live = Transaction.objects.filter(user=actor).live()
    there = live.aggregate(count=Count("pk"), last=Max("pk"))
    plan = {RULES: rule.pk if rule else None, LAST: there["last"] or 0}
    return _begin(actor, Kind.RULE_RUN, run_title(rule), plan, [], there["count"])


@db_transaction.atomic
def begin_undo(*, actor: User, change: Change, at: datetime) -> Change:
    """Queue `undo_change`, or continue a failed undo. A deleted category is back at once.

    Raises ValidationError.
    """
    lock_owner(change)
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    refuse_undo(change, at)
    if change.status != Status.UNDO_FAILED:
        ChangePlan.objects.filter(change=change).delete()
        change.cursor, change.done_count, change.total_count = 0, 0, change.rows.count()
        if change.kind == Kind.CATEGORY:
            restore_category(actor=actor, change=change, at=at)
    _set_to_work(actor, change, Status.UNDOING, "cursor", "done_count", "total_count")
    return change


@db_transaction.atomic
def retry_change(*, actor: User, change: Change, at: datetime) -> Change:
    """Continue a failed change. Raises ValidationError if it cannot be retried."""
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    if not change.may_be_retried(at):
        raise ValidationError(NOT_RETRIED)
    is_undoing = change.status == Status.UNDO_FAILED
    _set_to_work(actor, change, Status.UNDOING if is_undoing else Status.RUNNING)
    return change


@db_transaction.atomic
def stop_change(*, actor: User, change: Change) -> Change:
    """Stop a change between two commits. The completed part stays and can be undone.

    Raises ValidationError if nothing is running or it must not be left half done.
    """
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    if not change.may_be_stopped:
        raise ValidationError(NOT_STOPPED if change.is_unfinished else FINISHED)
    ChangePlan.objects.filter(change=change).delete()
    change.status, change.error = Status.DONE, STOPPED
    change.save(update_fields=["status", "error", "updated_at"])
    trail.record(
        actor=actor,
        action="transactions.batch.stopped",
        target=change,
        done=change.done_count,
        total=change.total_count,
    )
    return change


def _set_to_work(actor: User, change: Change, status: str, *fields: str) -> None:
    change.status, change.error, change.attempts = status, "", 0
    change.save(update_fields=["status", "error", "attempts", *fields, "updated_at"])
    _record_request(actor, change)


def _begin(
    actor: User,
    kind: str,
    summary: str,
    plan: dict[str, Any],
    ids: list[int],
    total: int | None = None,
    category: Category | None = None,
) -> Change:
    change = Change.objects.create(
        user=actor,
        kind=kind,
        summary=summary,
        category=category,
        status=Status.RUNNING,
        total_count=len(ids) if total is None else total,
    )
    ChangePlan.objects.create(change=change, wanted=plan, ids=ids)
    _record_request(actor, change)
    return change


def _ids_of(rows: TransactionQuerySet) -> list[int]:
    chosen = Transaction.objects.filter(pk__in=rows.order_by().values("pk"))
    return list(chosen.order_by("pk").values_list("pk", flat=True))


def _marks_of_notes(rows: TransactionQuerySet) -> dict[str, str]:
    """{ID: hash} of the current notes, if any."""
    noted = Transaction.objects.filter(pk__in=rows.order_by().values("pk")).exclude(notes="")
    return {str(pk): mark_of(notes) for pk, notes in noted.values_list("pk", "notes").iterator()}


def _record_request(actor: User, change: Change) -> None:
    trail.record(
        actor=actor,
        action="transactions.batch.requested",
        target=change,
        kind=change.kind,
        status=change.status,
        total=change.total_count,
    )
