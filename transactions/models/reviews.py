"""Lines that are, or may be, a transaction the account holds already."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.fields import AmountField
from transactions.models.categories import Category
from transactions.models.imports import ImportBatch, ImportRow
from transactions.models.ledger import Transaction
from users.models import User


class ReviewItemQuerySet(models.QuerySet["ReviewItem"]):
    def visible_to(self, user: User) -> "ReviewItemQuerySet":
        """The user's own questions, about accounts outside the trash."""
        return self.filter(user=user, account__deleted_at=None)

    def open(self) -> "ReviewItemQuerySet":
        """Those nobody has answered yet; an entered line in the trash asks nothing."""
        is_there = Q(entered=None) | Q(entered__deleted_at=None)
        return self.filter(is_there, status=ReviewItem.Status.OPEN)

    def for_list(self) -> "ReviewItemQuerySet":
        """With everything a list row shows, in a fixed number of queries."""
        return self.select_related("account", "candidate__category", "entered", "category")


class ReviewItem(models.Model):
    """One question: is this line the candidate, or a payment of its own?

    An open line from a file or a sync is in no balance until it is answered. A line somebody
    entered (`entered`) is posted already; called the same, it gives way to the candidate. Without
    a candidate the question is whether the line is right as it is.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SAME = "same", _("Same payment")
        DIFFERENT = "different", _("Different payment")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="review_items"
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="review_items")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OPEN)
    reason = models.CharField(max_length=300)
    # Where the line comes from: the row of a file, a sync ("plaid:12"), or the line entered here.
    import_row = models.OneToOneField(
        ImportRow, on_delete=models.CASCADE, null=True, blank=True, related_name="review_item"
    )
    source = models.CharField(max_length=40, blank=True)
    entered = models.ForeignKey(
        Transaction, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    candidate = models.ForeignKey(
        Transaction, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # What the answer "different" has added.
    posted = models.ForeignKey(
        Transaction, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Candidates this line was told apart from.
    told_apart = models.JSONField(default=list, blank=True)
    txn_date = models.DateField()
    posted_date = models.DateField(null=True, blank=True)
    signed_amount = AmountField()
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=500)
    merchant = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    category_source = models.CharField(
        max_length=8,
        choices=Transaction.CategorySource.choices,
        default=Transaction.CategorySource.NONE,
    )
    notes = models.TextField(blank=True)
    is_pending = models.BooleanField(default=False)
    fingerprint = models.BigIntegerField()
    # The candidate's words when the question was asked: "the same" is remembered for such wordings.
    candidate_description = models.CharField(max_length=500, blank=True)
    # What the candidate held of what the answer gave it.
    undo = models.JSONField(default=dict, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewItemQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["user", "-id"], condition=Q(status="open"), name="review_item_open"
            ),
            models.Index(fields=["account", "status"], name="review_item_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.txn_date} {self.description}: {self.status}"


class BankLine(models.Model):
    """A bank's telling of a transaction: by its words or id the transaction is known again.

    Kept where it says more than the transaction itself: another id, other words, or a sync as its
    source. `before` is what the transaction held of the fields it completed, so that the import or
    the answer that brought it can be taken back.
    """

    transaction = models.ForeignKey(
        Transaction, on_delete=models.CASCADE, related_name="bank_lines"
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    import_batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, null=True, blank=True, related_name="bank_lines"
    )
    review_item = models.ForeignKey(
        ReviewItem, on_delete=models.SET_NULL, null=True, blank=True, related_name="bank_lines"
    )
    source = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    fingerprint = models.BigIntegerField()
    description = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["account", "fingerprint"], name="bank_line_by_fingerprint"),
            models.Index(
                fields=["account", "external_id"],
                condition=~Q(external_id=""),
                name="bank_line_by_external_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.description} ({self.transaction_id})"
