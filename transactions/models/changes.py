"""Bulk changes, each with the data to undo it for 30 days."""

import re
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from banking.kernel.formats import number
from banking.kernel.sentences import shown
from banking.limits import TRASH_FOR
from transactions.models.categories import Category
from transactions.models.ledger import Transaction
from users.models import User

_COUNTED = re.compile(r"([0-9,]+) transactions")


class ChangeQuerySet(models.QuerySet["Change"]):
    def visible_to(self, user: User) -> "ChangeQuerySet":
        """Only the owner can see their changes."""
        return self.filter(user=user)


class Change(models.Model):
    """One bulk action: an edit, a rule run or a deletion.

    A worker carries out and undoes large changes in many commits: everything up to the transaction
    at `cursor` is done, and nothing after it. A failed change waits until its owner retries or
    undoes it.
    """

    class Kind(models.TextChoices):
        BULK_EDIT = "bulk_edit", _("Bulk edit")
        RULE_RUN = "rule_run", _("Rules applied")
        DELETE = "delete", _("Deletion")
        # This kind cannot be undone.
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
    # The deleted category; none for other kinds.
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    row_count = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.DONE)
    # Progress: how many transactions have been processed, and the last one.
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    # Skipped, because somebody changed them after the request.
    skipped_count = models.PositiveIntegerField(default=0)
    # How many times the sweep has retried it since it last made progress.
    attempts = models.PositiveSmallIntegerField(default=0)
    # Why it stopped early, as `sentences.stored` writes it; shown by `problem`. The completed part
    # stays and can be undone.
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
        return self.title

    @property
    def title(self) -> str:
        """The summary, with its number in the reader's region format."""
        counted = _COUNTED.fullmatch(self.summary)
        if counted is None:
            return self.summary
        return f"{number(int(counted[1].replace(',', '')))} transactions"

    @property
    def problem(self) -> str:
        """Why it stopped early, in the reader's region format."""
        return shown(self.error)

    def may_be_undone(self, at: datetime) -> bool:
        """Whether it can be undone: not undone yet, not running, and within 30 days.

        A failed undo can continue for as long as a retry is possible.
        """
        if self.status == self.Status.UNDO_FAILED:
            return self.may_be_retried(at)
        if self.is_unfinished or self.undone_at is not None or not self.is_undoable:
            return False
        return at - self.created_at <= TRASH_FOR

    def may_be_retried(self, at: datetime) -> bool:
        """Whether a failed change can be retried, for 30 days. Deleting a category needs no stored
        data, so it always can.
        """
        if self.kind == self.Kind.CATEGORY and self.status == self.Status.FAILED:
            return True
        since = self.updated_at if self.status == self.Status.UNDO_FAILED else self.created_at
        return self.is_failed and at - since <= TRASH_FOR

    @property
    def is_undoable(self) -> bool:
        """Whether it can be undone at all. The first deletions of categories stored no data."""
        if self.kind == self.Kind.CATEGORY:
            return self.category_id is not None
        return self.kind != self.Kind.RESTORE

    @property
    def may_bring_back_category(self) -> bool:
        """Whether an undo, not begun yet, would bring its deleted category back first."""
        begun = (self.Status.UNDOING, self.Status.UNDO_FAILED)
        return self.undone_at is None and self.status not in begun

    @property
    def is_unfinished(self) -> bool:
        """Whether a worker is processing it or will."""
        return self.status in (self.Status.RUNNING, self.Status.UNDOING)

    @property
    def may_be_stopped(self) -> bool:
        """Whether it can stop here. A half-finished undo or category deletion may not."""
        return self.status == self.Status.RUNNING and self.kind != self.Kind.CATEGORY

    @property
    def is_failed(self) -> bool:
        """Whether it waits for its owner to retry it."""
        return self.status in (self.Status.FAILED, self.Status.UNDO_FAILED)

    @property
    def percent(self) -> int:
        """The worker's progress; 100 only when it has finished."""
        if self.status == self.Status.DONE:
            return 100
        return min(99, self.done_count * 100 // self.total_count) if self.total_count else 0


class ChangePlan(models.Model):
    """The transactions of an unfinished change, and what to do with them. Deleted when it
    is done.
    """

    change = models.OneToOneField(
        Change, on_delete=models.CASCADE, primary_key=True, related_name="plan"
    )
    wanted = models.JSONField()
    # In ascending order; the selection as of the request.
    ids = models.JSONField(default=list)

    def __str__(self) -> str:
        return str(self.change_id)


class ChangeRow(models.Model):
    """One transaction of a change: the values of the changed fields before and after."""

    # The unique constraint below serves as its index.
    change = models.ForeignKey(
        Change, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField()
    after = models.JSONField()
    # Not undone, because somebody had changed it since.
    left_alone = models.BooleanField(default=False)

    class Meta:
        verbose_name = "bulk change line"
        constraints = [
            models.UniqueConstraint(fields=["change", "transaction"], name="change_row_unique")
        ]

    def __str__(self) -> str:
        return f"{self.change_id}/{self.transaction_id}"


class ReferenceChange(models.Model):
    """Rows of one model, other than transactions, that a change updated.

    They all had the values of `before` and got those of `after`.
    """

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="references")
    # As Django names it, for example "bills.bill".
    model = models.CharField(max_length=60)
    ids = models.JSONField()
    before = models.JSONField()
    after = models.JSONField()
    # Those not undone, because they had been changed or deleted since.
    left = models.JSONField(default=list)

    class Meta:
        verbose_name = "reference of a bulk change"
        verbose_name_plural = "references of bulk changes"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.change_id}/{self.model}"

    @property
    def was_live(self) -> bool:
        """Whether the rows were outside the trash."""
        return self.before.get("deleted_at") is None

    @property
    def was_trashed(self) -> bool:
        """Whether the change moved the rows to the trash."""
        return self.was_live and self.after.get("deleted_at") is not None

    @property
    def model_name(self) -> str:
        """The model without its app, for example "bill"."""
        return self.model.rpartition(".")[2]

    @property
    def words(self) -> str:
        """How many rows of what moved, for example "2 bills"."""
        return self._counted(self.count)

    @property
    def left_words(self) -> str:
        """How many rows of what were not undone, for example "1 budget"; "" for none."""
        return self._counted(self.left_count) if self.left else ""

    def _counted(self, count: int) -> str:
        meta = apps.get_model(self.model)._meta
        return f"{number(count)} {meta.verbose_name if count == 1 else meta.verbose_name_plural}"

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def left_count(self) -> int:
        return len(self.left)
