"""Uploaded files on their way into an account, their lines, and their receipts."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.fields import AmountField
from transactions.models.categories import Category
from transactions.models.ledger import Transaction
from transactions.models.notices import notice_text, notice_texts
from transactions.models.reasons import reason_text
from users.models import User

# The formats that can be read in several ways: a mapping says in which.
MAPPED_FORMATS = ("csv", "xlsx", "qif")


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def visible_to(self, user: User) -> "ImportBatchQuerySet":
        """The user's own uploads. Sharing an account shares its transactions, not its files."""
        return self.filter(user=user)

    def together_with(self, batch: "ImportBatch") -> "ImportBatchQuerySet":
        """All imports of one upload, in the order of their accounts."""
        one = self.filter(user=batch.user_id)
        one = one.filter(group=batch.group) if batch.group else one.filter(pk=batch.pk)
        return one.order_by("account_id", "pk")


class ImportBatch(models.Model):
    """The import of one uploaded file into one account, and afterward its receipt."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        CHECKED = "checked", _("Checked")
        IMPORTING = "importing", _("Importing")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        REVERTED = "reverted", _("Undone")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="import_batches"
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="import_batches")
    file_name = models.CharField(max_length=255)
    file_size = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, db_index=True)
    format = models.CharField(max_length=10, blank=True)
    mapping = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.UPLOADED)
    # Why it could not be read or finished, as `warnings` stores it; shown by `error`.
    problems = models.JSONField(default=list, blank=True)
    read_count = models.PositiveIntegerField(default=0)
    added_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    review_count = models.PositiveIntegerField(default=0)
    invalid_count = models.PositiveIntegerField(default=0)
    inflow = AmountField(default=0)
    outflow = AmountField(default=0)
    file_opening_balance = AmountField(null=True, blank=True)
    file_closing_balance = AmountField(null=True, blank=True)
    # The days that the file itself says it covers, and of its closing balance.
    states_from = models.DateField(null=True, blank=True)
    states_to = models.DateField(null=True, blank=True)
    closing_on = models.DateField(null=True, blank=True)
    # The period of the statement: as stated, and the days of its booked lines.
    covers_from = models.DateField(null=True, blank=True)
    covers_to = models.DateField(null=True, blank=True)
    balance_after = AmountField(null=True, blank=True)
    # What its owner should know, each as `Notice.as_json` stores it; shown by `warning_texts`.
    warnings = models.JSONField(default=list, blank=True)
    # The file's contents by account (`import_parts.FilePart`); empty if it knows only one account.
    file_parts = models.JSONField(default=list, blank=True)
    # The names of the parts that go into this account; empty for the whole file.
    parts = models.JSONField(default=list, blank=True)
    # The file has several accounts, and its owner has not assigned them yet.
    needs_accounts = models.BooleanField(default=False)
    # The account was opened for this upload, so it begins with the file's opening balance.
    opens_account = models.BooleanField(default=False)
    # Shared by the imports of one file into several accounts.
    group = models.UUIDField(null=True, blank=True, db_index=True)
    # How many audit events the owner had when the lines were last compared with the ledger.
    compared_after = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    reverted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="import_batch_by_user"),
            models.Index(fields=["account", "covers_to"], name="import_batch_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.status})"

    @property
    def needs_mapping(self) -> bool:
        """Whether this file can be read in several ways, and nobody has said in which."""
        return self.format in MAPPED_FORMATS and not self.mapping

    @property
    def needs_answer(self) -> bool:
        """Whether the file cannot be read until its owner answers a question."""
        return self.needs_mapping or self.needs_accounts

    @property
    def is_confirmed(self) -> bool:
        return self.status in (self.Status.DONE, self.Status.REVERTED)

    @property
    def new_count(self) -> int:
        """How many rows confirming would add. Known once the file is checked."""
        if self.is_confirmed:
            return 0
        apart = self.duplicate_count + self.review_count + self.skipped_count + self.invalid_count
        return self.read_count - self.added_count - apart

    @property
    def error(self) -> str:
        """Why it could not be read or finished, in the reader's language; "" if it could."""
        return notice_texts(self.problems)

    @property
    def warning_texts(self) -> list[str]:
        """What the owner should know, in the reader's language and formats."""
        return [notice_text(stored) for stored in self.warnings]

    @property
    def net(self) -> Decimal:
        return self.inflow - self.outflow


class ImportFile(models.Model):
    """The compressed bytes (zlib) of an upload, in the database so that every worker can read them.

    Kept for 30 days.
    """

    batch = models.OneToOneField(ImportBatch, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of batch {self.batch_id}"


class ImportRow(models.Model):
    """One line of an uploaded file: its original text, the values read, and the outcome."""

    class Verdict(models.TextChoices):
        NEW = "new", _("New")
        DUPLICATE = "duplicate", _("Duplicate")
        REVIEW = "review", _("Needs review")
        INVALID = "invalid", _("Invalid")
        SKIPPED = "skipped", _("Skipped")
        ADDED = "added", _("Added")

    # Few indexes, because a hundred thousand rows are inserted at once and read only by batch, and
    # no foreign keys that the database checks row by row: rows are written under their batch's
    # lock, and categories and rules go to the trash, which confirming heeds. `check_ledger` looks
    # for rows that refer to nothing.
    batch = models.ForeignKey(
        ImportBatch,
        on_delete=models.CASCADE,
        related_name="rows",
        db_constraint=False,
        db_index=False,
    )
    row_number = models.PositiveIntegerField()
    raw = models.TextField()
    txn_date = models.DateField(null=True)
    posted_date = models.DateField(null=True)
    signed_amount = AmountField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    description = models.CharField(max_length=500, blank=True)
    merchant = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    provider_category = models.CharField(max_length=120, blank=True)
    category = models.ForeignKey(
        Category,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    category_source = models.CharField(
        max_length=8,
        choices=Transaction.CategorySource.choices,
        default=Transaction.CategorySource.NONE,
    )
    # The rule that assigned the category, if any.
    rule = models.ForeignKey(
        "CategoryRule",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    notes = models.TextField(blank=True)
    is_pending = models.BooleanField(default=False)
    # Additional data from our own export: planned, tags, parts, transfer
    # (services/import_details.py).
    details = models.JSONField(null=True)
    fingerprint = models.BigIntegerField(null=True)
    # The transaction that this line is (duplicate), may be (review) or became (added, as one side
    # of a transfer in our own export). A purged transaction leaves its ID behind.
    match = models.ForeignKey(
        Transaction,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    # Why the line is what it is, as `reasons` stores it; shown by `note`.
    error = models.CharField(max_length=300, blank=True)
    attr = models.CharField(max_length=20, blank=True)
    is_edited = models.BooleanField(default=False)
    # The owner chose to add this line or to accept its match. Later checks keep that choice.
    is_chosen = models.BooleanField(default=False)

    class Meta:
        verbose_name = "import line"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["batch", "id"], name="import_row_by_batch"),
            models.Index(fields=["batch", "verdict", "id"], name="import_row_by_verdict"),
        ]

    def __str__(self) -> str:
        return f"row {self.row_number} of batch {self.batch_id}: {self.verdict}"

    @property
    def note(self) -> str:
        """What there is to say about the line, in the reader's words."""
        return reason_text(self.error)


class ImportMapping(models.Model):
    """The last mapping used for an account's files, offered again for the next one."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="import_mapping")
    columns = models.JSONField(default=list)
    mapping = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"mapping of account {self.account_id}"
