"""Changes of many rows at once, each with what undoes it for 30 days."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from banking.limits import TRASH_FOR
from transactions.models.ledger import Transaction
from users.models import User


class ChangeQuerySet(models.QuerySet["Change"]):
    def visible_to(self, user: User) -> "ChangeQuerySet":
        """Batches are their owner's alone."""
        return self.filter(user=user)


class Change(models.Model):
    """One act on many transactions: a bulk edit, a rule's run, a deletion.

    A very large one is done, and undone, by a worker in many commits: everything up to the
    transaction at `cursor` is done, nothing behind it is. One that could not be carried on waits
    as it is for its owner to try it again, or to undo it.
    """

    class Kind(models.TextChoices):
        BULK_EDIT = "bulk_edit", _("Bulk edit")
        RULE_RUN = "rule_run", _("Rules applied")
        DELETE = "delete", _("Deletion")
        # These two are not undone by the change itself.
        RESTORE = "restore", _("Restored from trash")
        CATEGORY = "category", _("Category deleted")

    class Status(models.TextChoices):
        RUNNING = "running", _("In progress")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Undoing")
        FAILED = "failed", _("Couldn't be finished")
        UNDO_FAILED = "undo_failed", _("Undo couldn't be finished")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="changes"
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    summary = models.CharField(max_length=200)
    row_count = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.DONE)
    # Of the transactions that are to be looked at or undone: how many have been, and up to which.
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    # Changed by somebody after it was asked for, and left so.
    skipped_count = models.PositiveIntegerField(default=0)
    # How often the sweep has taken it up since it last moved.
    attempts = models.PositiveSmallIntegerField(default=0)
    # Why it ended before its end; what was done until then stays, and can be undone.
    error = models.CharField(max_length=300, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "bulk change"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="change_by_user"),
            models.Index(
                fields=["updated_at"],
                condition=models.Q(status__in=("running", "undoing")),
                name="change_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return self.summary

    def may_be_undone(self, at: datetime) -> bool:
        """Whether it still can be: not undone yet, not at work, within the 30 days.

        One whose undoing failed goes on for as long as that can be tried again.
        """
        if self.status == self.Status.UNDO_FAILED:
            return self.may_be_retried(at)
        if self.is_unfinished or self.undone_at is not None or not self.is_undoable:
            return False
        return at - self.created_at <= TRASH_FOR

    def may_be_retried(self, at: datetime) -> bool:
        """Whether one that failed can be carried on: for 30 days there is what that takes."""
        if self.kind == self.Kind.CATEGORY:
            return self.is_failed
        since = self.updated_at if self.status == self.Status.UNDO_FAILED else self.created_at
        return self.is_failed and at - since <= TRASH_FOR

    @property
    def is_undoable(self) -> bool:
        """Whether a change of this kind can be undone at all."""
        return self.kind not in (self.Kind.RESTORE, self.Kind.CATEGORY)

    @property
    def is_unfinished(self) -> bool:
        """Whether a worker has it, or is to get it."""
        return self.status in (self.Status.RUNNING, self.Status.UNDOING)

    @property
    def may_be_stopped(self) -> bool:
        """Whether it can end here: half an undoing, or half a category gone, is no state."""
        return self.status == self.Status.RUNNING and self.kind != self.Kind.CATEGORY

    @property
    def is_failed(self) -> bool:
        """Whether it waits for its owner to try it again."""
        return self.status in (self.Status.FAILED, self.Status.UNDO_FAILED)

    @property
    def percent(self) -> int:
        """How far the worker is; 100 only when it has finished."""
        if self.status == self.Status.DONE:
            return 100
        return min(99, self.done_count * 100 // self.total_count) if self.total_count else 0


class ChangePlan(models.Model):
    """What a change at work, or failed, is to do to which transactions; gone when it is done."""

    change = models.OneToOneField(
        Change, on_delete=models.CASCADE, primary_key=True, related_name="plan"
    )
    wanted = models.JSONField()
    # Ascending; the selection as it was when it was asked for.
    ids = models.JSONField(default=list)

    def __str__(self) -> str:
        return str(self.change_id)


class ChangeRow(models.Model):
    """One transaction of a change: what the fields the change touched held before and after."""

    # The unique constraint below serves as its index.
    change = models.ForeignKey(
        Change, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField()
    after = models.JSONField()
    # Undoing found it changed by somebody since, and left it so.
    left_alone = models.BooleanField(default=False)

    class Meta:
        verbose_name = "bulk change line"
        constraints = [
            models.UniqueConstraint(fields=["change", "transaction"], name="change_row_unique")
        ]

    def __str__(self) -> str:
        return f"{self.change_id}/{self.transaction_id}"
