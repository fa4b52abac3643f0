"""Changes of many rows at once, each with what undoes it for 30 days."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from transactions.models.ledger import Transaction
from users.models import User

UNDO_FOR = timedelta(days=30)


class ChangeBatchQuerySet(models.QuerySet["ChangeBatch"]):
    def visible_to(self, user: User) -> "ChangeBatchQuerySet":
        """Batches are their owner's alone."""
        return self.filter(user=user)


class ChangeBatch(models.Model):
    """One act on many transactions: a bulk edit, a rule's run, a deletion."""

    class Kind(models.TextChoices):
        BULK_EDIT = "bulk_edit", _("Bulk edit")
        RULE_RUN = "rule_run", _("Rules applied")
        DELETE = "delete", _("Deletion")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="change_batches"
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    summary = models.CharField(max_length=200)
    row_count = models.PositiveIntegerField(default=0)
    undone_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChangeBatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "change batches"
        ordering = ["-id"]
        indexes = [models.Index(fields=["user", "-id"], name="change_batch_by_user")]

    def __str__(self) -> str:
        return self.summary

    def may_be_undone(self, at: datetime) -> bool:
        """Whether it still can be: not done yet, within the 30 days."""
        return self.undone_at is None and at - self.created_at <= UNDO_FOR


class ChangeBatchRow(models.Model):
    """One transaction of a batch: what the fields the batch touched held before and after."""

    # The unique constraint below serves as its index.
    batch = models.ForeignKey(
        ChangeBatch, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField()
    after = models.JSONField()
    # Undoing found it changed by somebody since, and left it so.
    left_alone = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "transaction"], name="change_batch_row_unique")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.transaction_id}"
