"""Large changes of transactions, carried out by a worker in many small commits.

Each step locks the accounts of its rows in key order, then the change. It processes the rows and
advances the change's cursor in one commit. A worker that dies, or two that race, therefore leave
nothing half done or done twice, and nobody waits long for an account. Undoing works the same way.
`long_change_requests` requests, stops and retries changes.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Count, F, Max, QuerySet

from banking.kernel.narrowing import sure
from banking.kernel.sentences import refusal_parts, stored
from banking.limits import CHANGE_ATTEMPTS
from transactions.models import (
    Category,
    CategoryChange,
    CategoryRule,
    Change,
    ChangePlan,
    Transaction,
    TransactionQuerySet,
)
from transactions.rules.rule_scan import RuleScan, ScannedRow, Verdict
from transactions.services.bulk_editing import (
    UNCHANGED,
    Edit,
    delete_some,
    edit_some,
    lock_accounts_of,
    restore_some,
)
from transactions.services.category_removal import move_transactions, rows_in
from transactions.services.changing import CATEGORY, NOTES, Act, carry_out, rows_of, stage
from transactions.services.rule_applying import rule_in_force, staged_changes
from transactions.services.transfer_sides import sides_made_here, with_partners
from transactions.services.undoing import put_back
from users.audit import trail
from users.models import User
from users.policy import Ability, may

Kind, Status = Change.Kind, Change.Status
Step = Callable[[Change, datetime], bool]
Work = Callable[[Change, Act, list[int]], None]
ROWS_SCANNED = 5_000
NOT_FINISHED = "This stopped partway several times. Try again, or undo the changes made so far."
HALF_DONE = "This stopped partway several times. Try again to continue where it stopped."
NOT_ALLOWED_HALFWAY = "This stopped because you no longer have permission to change it."
NOT_ALLOWED = "You no longer have permission to change this. Changes made so far are kept."
# The status of a running change that cannot continue.
FAILURES: dict[str, str] = {Status.RUNNING: Status.FAILED, Status.UNDOING: Status.UNDO_FAILED}
RULES, MOMENT, LAST, NOTED = "rule", "moment", "last", "noted"


# --- Steps ----------------------------------------------------------------------------------------


class LongChange:
    """A worker's handle on one change; it caches what must be read only once between steps."""

    def __init__(self, change_id: int) -> None:
        self.change_id = change_id
        self._plan: ChangePlan | None = None
        self._scan: RuleScan | None = None
        self._scan_of: tuple[Any, ...] = ()
        self._ahead: list[tuple[int, bool]] = []

    def step(self, *, at: datetime) -> bool:
        """Process the next rows in one commit. Returns whether more remain. Safe to repeat and to
        race.
        """
        change = Change.objects.select_related("user").filter(pk=self.change_id).first()
        # Finished by another worker, or deleted with its owner.
        if change is None or not change.is_unfinished:
            return False
        if not may(change.user, Ability.CHANGE_OWN_DATA):
            # Since the request, the owner was deactivated or became read-only.
            if change.may_be_stopped:
                end_change(change_id=change.pk, error=NOT_ALLOWED)
            else:
                fail_change(change_id=change.pk, error=NOT_ALLOWED_HALFWAY)
            return False
        try:
            return self._next(change)(change, at)
        except ChangePlan.DoesNotExist:
            # Another worker has just finished it.
            return False
        except ValidationError as error:
            end = end_change if change.may_be_stopped else fail_change
            end(change_id=change.pk, error=stored(refusal_parts(error), 300))
            return False

    def _next(self, change: Change) -> Step:
        if change.status == Status.UNDOING:
            return self._undo_step
        steps: dict[str, Callable[[Change, datetime], bool]] = {
            Kind.RULE_RUN: self._rule_step,
            Kind.CATEGORY: self._category_step,
        }
        return steps.get(change.kind, self._listed_step)

    @property
    def plan(self) -> ChangePlan:
        if self._plan is None:
            self._plan = ChangePlan.objects.get(change=self.change_id)
        return self._plan

    def _listed_step(self, change: Change, at: datetime) -> bool:
        """Process the next transactions of the selection."""
        start = bisect_right(self.plan.ids, change.cursor)
        ids = self.plan.ids[start : start + settings.CHANGE_STEP_ROWS]
        if not ids:
            return _finish(change)
        works: dict[str, Callable[[Change, Act, list[int]], None]] = {
            Kind.DELETE: self._delete,
            Kind.RESTORE: restore_some,
        }
        rows = Transaction.objects.filter(pk__in=ids, user=change.user)
        if change.kind in works:
            rows = with_partners(rows)
        work = works.get(change.kind, self._edit)
        return _in_one_commit(change, rows, work, at, ids[-1], start + len(ids))

    def _edit(self, change: Change, act: Act, ids: list[int]) -> None:
        wanted = self.plan.wanted
        category: Any = UNCHANGED
        if CATEGORY in wanted:
            pk = wanted[CATEGORY]
            category = None if pk is None else Category.objects.get(pk=pk)
        edit = Edit(
            category=category,
            add_ids=frozenset(wanted["add"]),
            remove_ids=frozenset(wanted["remove"]),
            notes=wanted.get(NOTES, UNCHANGED),
        )
        edit_some(change, act, edit, ids, wanted.get(NOTED))

    def _delete(self, change: Change, act: Act, ids: list[int]) -> None:
        # All with one timestamp, by which undoing finds them.
        moment = datetime.fromisoformat(self.plan.wanted[MOMENT])
        delete_some(change, replace(act, at=moment), ids)

    # --- Deleting a category ---

    def _category_step(self, change: Change, at: datetime) -> bool:
        """Move the next transactions that are still in the category. The cursor counts steps.

        Not paged by key, so that transactions added later are not missed.
        """
        left = rows_in(sure(change.category)).order_by("pk")
        ids = list(left.values_list("pk", flat=True)[: settings.CHANGE_STEP_ROWS])
        if not ids:
            return _finish(change)
        rows = Transaction.objects.filter(pk__in=ids)
        done = min(change.total_count, change.done_count + len(ids))
        return _in_one_commit(change, rows, self._move, at, change.cursor + 1, done)

    def _move(self, change: Change, act: Act, ids: list[int]) -> None:
        target = Category.objects.filter(pk=self.plan.wanted[CATEGORY]).first()
        rows = Transaction.objects.filter(pk__in=ids, account__in=list(act.accounts))
        among = list(rows.values_list("pk", flat=True))
        move_transactions(change, act, among, target)
        trail.record(
            actor=act.actor,
            action="transactions.transactions.edited",
            target=change,
            summary=change.summary,
            count=len(among),
        )

    # --- Applying rules ---

    def _rule_step(self, change: Change, at: datetime) -> bool:
        """Check the next rows without a lock, then check those that change again with locks."""
        self._look_up_rules(change.user)
        ahead = [row for row in self._ahead if row[0] > change.cursor] or self._look_ahead(change)
        if not ahead:
            return _finish(change)
        self._ahead = ahead
        changing = [pk for pk, changes in ahead if changes]
        ids = changing[: settings.CHANGE_STEP_ROWS]
        last = ahead[-1][0] if len(changing) == len(ids) else ids[-1]
        done = change.done_count + sum(pk <= last for pk, _ in ahead)
        chosen = Transaction.objects.filter(pk__in=ids)
        return _in_one_commit(change, chosen, self._apply, at, last, done)

    def _look_ahead(self, change: Change) -> list[tuple[int, bool]]:
        """The next few thousand rows after the cursor, and whether the rules would change them."""
        further = self._live(change).filter(pk__gt=change.cursor, pk__lte=self.plan.wanted[LAST])
        rows = _scanned(further.order_by("pk")[:ROWS_SCANNED])
        return [(row.pk, sure(self._scan).judge(row)[0] is Verdict.CHANGES) for row in rows]

    def _apply(self, change: Change, act: Act, ids: list[int]) -> None:
        self._look_up_rules(change.user)
        sure(self._scan).look_again(ids)
        rows = self._live(change).filter(pk__in=ids, account__in=list(act.accounts))
        judged = [(row, *sure(self._scan).judge(row)) for row in _scanned(rows.order_by("pk"))]
        changes = staged_changes(judged)
        if not changes:
            return
        stage(change, changes)
        carry_out(change, act, [CATEGORY], [pk for pk, _, _ in changes])
        trail.record(
            actor=act.actor,
            action="transactions.rules.applied",
            target=change,
            rule=self.plan.wanted[RULES],
            changed=len(changes),
        )

    def _live(self, change: Change) -> TransactionQuerySet:
        return Transaction.objects.filter(user=change.user).live()

    def _look_up_rules(self, user: User) -> None:
        """The current rules, reloaded only if one of them has changed."""
        pk = self.plan.wanted[RULES]
        mine = CategoryRule.objects.visible_to(user).in_force()
        now = tuple(mine.aggregate(Count("pk"), Max("updated_at")).values())
        if self._scan is None or now != self._scan_of:
            rule = rule_in_force(pk) if pk is not None else None
            self._scan, self._scan_of, self._ahead = RuleScan(user, rule), now, []

    # --- Undoing ---

    def _undo_step(self, change: Change, at: datetime) -> bool:
        """Undo the next rows of the change. Both sides of a transfer made here are restored
        together.
        """
        further = change.rows.filter(transaction_id__gt=change.cursor).order_by("transaction_id")
        ids = list(further.values_list("transaction_id", flat=True)[: settings.CHANGE_STEP_ROWS])
        if not ids:
            return _finish(change, undone_at=at)
        rows = Transaction.objects.filter(pk__in=ids)
        if change.kind == Kind.DELETE:
            rows = _not_back_yet(rows, change.cursor)
        done = change.done_count + len(ids)
        return _in_one_commit(change, rows, _put_back, at, ids[-1], done)


def _put_back(change: Change, act: Act, ids: list[int]) -> None:
    put_back(change, rows_of(change, ids), act)


def _not_back_yet(rows: TransactionQuerySet, cursor: int) -> TransactionQuerySet:
    """The rows and their partners, without those already restored with an earlier partner."""
    pairs = sides_made_here(rows)
    back = {pk for pair in pairs if min(pair) <= cursor for pk in pair}
    partners = {pk for pair in pairs for pk in pair}
    ids = {*rows.values_list("pk", flat=True), *partners} - back
    return Transaction.objects.filter(pk__in=ids)


def _scanned(rows: TransactionQuerySet) -> list[ScannedRow]:
    return [ScannedRow(*values) for values in rows.values_list(*ScannedRow._fields)]


@db_transaction.atomic
def _in_one_commit(
    change: Change,
    rows: TransactionQuerySet,
    work: Work,
    at: datetime,
    cursor: int,
    done_count: int,
) -> bool:
    """Lock, do the work, advance the cursor. Does nothing if another worker was faster. Always
    True.
    """
    accounts = lock_accounts_of(rows)
    locked = Change.objects.select_for_update(of=("self",), no_key=True)
    now = locked.select_related("user").get(pk=change.pk)
    if (now.status, now.cursor) != (change.status, change.cursor):
        return True
    now.cursor, now.done_count, now.attempts = cursor, done_count, 0
    # Before the work, because its audit event is locked last.
    now.save(update_fields=["cursor", "done_count", "attempts", "updated_at"])
    by = CategoryChange.By.USER
    if now.kind == Kind.RULE_RUN and now.status == Status.RUNNING:
        by = CategoryChange.By.RULE
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    work(now, Act(actor=now.user, accounts=accounts, at=at, by=by), ids)
    return True


@db_transaction.atomic
def _finish(change: Change, *, undone_at: datetime | None = None) -> bool:
    """Finish a completed change. Always False: nothing remains."""
    locked = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    if (locked.status, locked.cursor) == (change.status, change.cursor):
        ChangePlan.objects.filter(change=locked).delete()
        locked.status = Status.DONE
        locked.done_count = locked.total_count
        locked.undone_at = undone_at or locked.undone_at
        locked.save(update_fields=["status", "done_count", "undone_at", "updated_at"])
    return False


def end_change(*, change_id: int, error: str) -> None:
    """Stop a change early with a reason. The completed part stays and can be undone."""
    _end(change_id, {Status.RUNNING: Status.DONE}, error)


def fail_change(*, change_id: int, error: str) -> None:
    """Mark a change or undo as failed, with a reason, until its owner retries it."""
    _end(change_id, FAILURES, error)


@db_transaction.atomic
def _end(change_id: int, ends: dict[str, str], error: str, *, attempts: int = 0) -> bool:
    """End a running change that has made no progress in this many attempts."""
    change = Change.objects.select_for_update(no_key=True).get(pk=change_id)
    if change.status not in ends or change.attempts < attempts:
        return False
    change.status, change.error = ends[change.status], error[:300]
    if change.status == Status.DONE:
        ChangePlan.objects.filter(change=change).delete()
    change.save(update_fields=["status", "error", "updated_at"])
    trail.record(
        actor=None,
        action="transactions.batch.ended",
        target=change,
        status=change.status,
        done=change.done_count,
        total=change.total_count,
    )
    return True


# --- Retrying -------------------------------------------------------------------------------------


def claim_waiting(*, before: datetime, at: datetime, limit: int) -> list[int]:
    """Claim the changes that no worker has touched since `before`, longest waiting first."""
    waiting = _silent(before).filter(attempts__lt=CHANGE_ATTEMPTS)
    found = list(waiting.order_by("updated_at").values_list("pk", "updated_at")[:limit])
    # Compared in the database, so that two sweeps never claim the same change. Counted before the
    # attempt, which may crash the worker.
    return [
        pk
        for pk, touched_at in found
        if Change.objects.filter(pk=pk, updated_at=touched_at).update(
            updated_at=at, attempts=F("attempts") + 1
        )
    ]


def give_up_changes(*, before: datetime) -> int:
    """Mark changes as failed that no attempt could advance, so their owners see it. Returns how
    many.
    """
    stuck = _silent(before).filter(attempts__gte=CHANGE_ATTEMPTS)
    count = 0
    for change in stuck[:100]:
        has_choice = change.may_be_stopped and change.is_undoable
        error = NOT_FINISHED if has_choice else HALF_DONE
        count += _end(change.pk, FAILURES, error, attempts=CHANGE_ATTEMPTS)
    return count


def _silent(before: datetime) -> QuerySet[Change]:
    return Change.objects.filter(status__in=list(FAILURES), updated_at__lt=before)
