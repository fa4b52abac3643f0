"""Transfers between two accounts of one person."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from transactions.models.categories import Category
from transactions.models.ledger import Transaction
from users.models import User


class TransferQuerySet(models.QuerySet["Transfer"]):
    def visible_to(self, user: User) -> "TransferQuerySet":
        """Transfers between the user's own accounts."""
        return self.filter(user=user)


class Transfer(models.Model):
    """An outflow and an inflow that form one transfer. Once confirmed, neither counts in any
    figure.

    Stores the categories both transactions had before, to restore them if the pair is rejected.
    """

    class Status(models.TextChoices):
        SUGGESTED = "suggested", _("Suggested")
        CONFIRMED = "confirmed", _("Confirmed")
        REJECTED = "rejected", _("Rejected")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="transfers"
    )
    outflow_transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="transfers_out"
    )
    inflow_transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="transfers_in"
    )
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.SUGGESTED)
    outflow_category_before = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    outflow_source_before = models.CharField(max_length=8, blank=True)
    inflow_category_before = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    inflow_source_before = models.CharField(max_length=8, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["outflow_transaction", "inflow_transaction"], name="transfer_pair_unique"
            ),
            models.UniqueConstraint(
                fields=["outflow_transaction"],
                condition=Q(status="confirmed"),
                name="transfer_outflow_confirmed_once",
            ),
            models.UniqueConstraint(
                fields=["inflow_transaction"],
                condition=Q(status="confirmed"),
                name="transfer_inflow_confirmed_once",
            ),
            models.CheckConstraint(
                condition=~Q(outflow_transaction=F("inflow_transaction")),
                name="transfer_of_two_transactions",
            ),
        ]
        indexes = [models.Index(fields=["user", "status", "-id"], name="transfer_by_status")]

    def __str__(self) -> str:
        return f"{self.outflow_transaction_id} → {self.inflow_transaction_id} ({self.status})"
