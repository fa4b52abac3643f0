"""Questions about possible duplicates, and matched bank lines."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.fields import AmountField
from transactions.models.categories import Category
from transactions.models.imports import ImportBatch, ImportRow
from transactions.models.ledger import Transaction
from transactions.models.reasons import reason_text
from users.models import User


class ReviewItemQuerySet(models.QuerySet["ReviewItem"]):
    def visible_to(self, user: User) -> "ReviewItemQuerySet":
        """The user's own questions, about accounts outside the trash."""
        return self.filter(user=user, account__deleted_at=None)

    def open(self) -> "ReviewItemQuerySet":
        """Unanswered questions, except those about a manual entry in the trash, or about a pending
        transaction that has been booked or deleted since.
        """
        is_there = Q(entered=None) | Q(entered__deleted_at=None)
        pending = Transaction.Status.PENDING
        is_pending = Q(unlisted__status=pending, unlisted__deleted_at=None)
        still_waits = Q(unlisted=None) | is_pending
        return self.filter(is_there, still_waits, status=ReviewItem.Status.OPEN)

    def for_list(self) -> "ReviewItemQuerySet":
        """Load everything a list row shows, with a fixed number of queries."""
        return self.select_related("account", "candidate__category", "entered", "category")


class ReviewItem(models.Model):
    """One question: is this line the same payment as the candidate?

    An open line from a file or sync counts in no balance until answered. A manual entry (`entered`)
    is already posted; if it is the same payment, it is replaced by the candidate. Without a
    candidate the question is whether the line is correct.

    Or one about a pending transaction (`unlisted`) that the bank's later file (`unlisted_in`) does
    not list: whether to keep or remove it.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SAME = "same", _("Same payment")
        DIFFERENT = "different", _("Different payment")
        KEPT = "kept", _("Kept as pending")
        REMOVED = "removed", _("Removed")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="review_items"
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="review_items")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OPEN)
    # As `reasons` stores it; shown by `why`.
    reason = models.CharField(max_length=300)
    # The line's source: a file row, a sync ("plaid:12:9d03ab5c"), or the manual entry.
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
    unlisted = models.ForeignKey(
        Transaction, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    unlisted_in = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    # The transaction posted by the answer "different".
    posted = models.ForeignKey(
        Transaction, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Candidates that were ruled out for this line.
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
    # The candidate's text at the time of the question; the answer "same" is remembered for it.
    candidate_description = models.CharField(max_length=500, blank=True)
    # The candidate's previous values of the fields that the answer changed.
    undo = models.JSONField(default=dict, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewItemQuerySet.as_manager()

    class Meta:
        verbose_name = "review"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["user", "-id"], condition=Q(status="open"), name="review_item_open"
            ),
            models.Index(fields=["account", "status"], name="review_item_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.txn_date} {self.description}: {self.status}"

    @property
    def kind(self) -> str:
        """What is asked: "match" or "unlisted"."""
        return "unlisted" if self.unlisted_id else "match"

    @property
    def transaction_id(self) -> int | None:
        """The transaction in the ledger that the question is about: an entry, or a pending one."""
        return self.unlisted_id or self.entered_id

    @property
    def why(self) -> str:
        """Why this is asked, in the reader's words."""
        return reason_text(self.reason)


class BankLine(models.Model):
    """A bank's report of a transaction, by whose text or ID it is recognized again.

    Stored if it adds anything: another ID, another text, or a sync as its source. `before` holds
    the previous values of the fields it completed, so that the import or answer can be undone.
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
    # The bank has only announced the payment here, so a manual entry keeps its own data.
    is_pending = models.BooleanField(default=False)
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
