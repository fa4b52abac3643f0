"""What people add to a transaction, and their saved lists."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from banking.kernel.fields import AmountField, FoldedField
from transactions.models.categories import Category
from transactions.models.ledger import Transaction
from users.models import User


class TransactionSplit(models.Model):
    """A part of a transaction with its own category. The parts add up to the whole."""

    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="splits")
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="splits"
    )
    signed_amount = AmountField(_("amount, money in positive"))
    notes = models.CharField(max_length=200, blank=True)
    notes_key = FoldedField("notes")

    class Meta:
        verbose_name = "split"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(signed_amount=0),
                name="split_amount_not_zero",
                violation_error_message=_("Enter an amount above zero."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.transaction_id}: {self.signed_amount}"


class Attachment(models.Model):
    """A receipt, stored in the database so that it is backed up, shared and erased with its
    transaction.
    """

    transaction = models.ForeignKey(
        Transaction, on_delete=models.CASCADE, related_name="attachments"
    )
    file_name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=60)
    byte_count = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "receipt"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.file_name


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> "SavedViewQuerySet":
        """Only the owner can see their saved views."""
        return self.filter(user=user)


class SavedView(models.Model):
    """A named filter of the transactions list: its query string and columns."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                name="saved_view_name_unique",
                violation_error_message=_("You already have a view with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name
