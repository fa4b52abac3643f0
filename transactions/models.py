"""Transactions, their categories, the files they came from, and the sums kept beside them.

Positive `signed_amount` is money in. Only posted rows outside the trash count in any figure.
Rows, balances and monthly totals are written by `transactions.services.posting` alone, together.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, shared_account_ids
from banking.fields import AmountField, CurrencyField
from banking.periods import Period
from users.models import User


class CategoryQuerySet(models.QuerySet["Category"]):
    def visible_to(self, user: User) -> "CategoryQuerySet":
        """The predefined categories and the user's own."""
        return self.filter(Q(user=None) | Q(user=user))


class Category(models.Model):
    """What a transaction was for. Two levels: a parent and its children share one kind.

    `kind=transfer` keeps its transactions out of income and spending everywhere.
    """

    class Kind(models.TextChoices):
        INCOME = "income", _("Income")
        EXPENSE = "expense", _("Expense")
        TRANSFER = "transfer", _("Transfer")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="categories",
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    icon = models.CharField(_("icon"), max_length=40, default="tag")
    color = models.CharField(_("color"), max_length=7, default="#64748b")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["slug"], condition=Q(user=None), name="category_slug_unique_predefined"
            ),
            models.UniqueConstraint(
                fields=["user", "slug"],
                name="category_slug_unique_per_user",
                violation_error_message=_("You have a category of this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word of the user's own on a transaction."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags"
    )
    name = models.CharField(max_length=40)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="tag_unique")]

    def __str__(self) -> str:
        return self.name


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def visible_to(self, user: User) -> "TransactionQuerySet":
        """Transactions of own and shared accounts, trash excluded."""
        return self.in_reach_of(user).live()

    def in_reach_of(self, user: User) -> "TransactionQuerySet":
        """As `visible_to`, with the trash: for restoring."""
        reach = Q(user=user)
        if shared := shared_account_ids(user):
            reach |= Q(account_id__in=list(shared))
        return self.filter(reach)

    def live(self) -> "TransactionQuerySet":
        """Outside the trash, on an account outside the trash."""
        return self.filter(deleted_at=None, account__deleted_at=None)

    def posted(self) -> "TransactionQuerySet":
        """What counts in balances and figures."""
        return self.filter(status=Transaction.Status.POSTED)

    def in_period(self, period: Period) -> "TransactionQuerySet":
        return self.filter(txn_date__gte=period.start, txn_date__lt=period.end)

    def for_list(self) -> "TransactionQuerySet":
        """With everything a list row shows, in a fixed number of queries."""
        return self.select_related("account", "category").prefetch_related("tags")


class Transaction(models.Model):
    """One line on one account, in the account's currency; `signed_amount` is never zero."""

    class Type(models.TextChoices):
        INCOME = "income", _("Income")
        EXPENSE = "expense", _("Expense")

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        POSTED = "posted", _("Posted")

    class CategorySource(models.TextChoices):
        RULE = "rule", _("Rule")
        MANUAL = "manual", _("Manual")
        IMPORT = "import", _("Import")
        PROVIDER = "provider", _("Provider")
        NONE = "none", _("None")

    class Origin(models.TextChoices):
        """Who wrote the row: the bank's facts (import, sync) are fixed, a person's are not."""

        MANUAL = "manual", _("Entered by hand")
        IMPORT = "import", _("Imported")
        SYNC = "sync", _("Synced")
        TRANSFER = "transfer", _("Transfer")
        BILL = "bill", _("Bill payment")

    # The account's owner, kept here so that one index serves a person's whole list.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="transactions"
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transactions")
    description = models.CharField(_("description"), max_length=500)
    merchant = models.CharField(_("merchant"), max_length=200, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    signed_amount = AmountField(_("amount, money in positive"))
    amount = models.GeneratedField(
        expression=Abs("signed_amount"), output_field=AmountField(), db_persist=True
    )
    currency = CurrencyField()
    txn_date = models.DateField(_("date"))
    posted_date = models.DateField(_("booked on"), null=True, blank=True)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.POSTED)
    notes = models.TextField(_("notes"), blank=True, max_length=4000)
    tags = models.ManyToManyField(Tag, blank=True, related_name="transactions")
    category_source = models.CharField(
        max_length=8, choices=CategorySource.choices, default=CategorySource.NONE
    )
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.MANUAL)
    external_id = models.CharField(max_length=255, blank=True)
    # See transactions/fingerprints.py: equal rows of one account share it.
    fingerprint = models.BigIntegerField(editable=False)
    import_batch = models.ForeignKey(
        "ImportBatch", on_delete=models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TransactionQuerySet.as_manager()

    class Meta:
        ordering = ["-txn_date", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(signed_amount=0),
                name="transaction_amount_not_zero",
                violation_error_message=_("Enter an amount above zero."),
            ),
            models.UniqueConstraint(
                fields=["account", "external_id"],
                condition=~Q(external_id="") & Q(deleted_at=None),
                name="transaction_external_id_unique",
                violation_error_message=_("The bank's id of this line is in the account already."),
            ),
        ]
        indexes = [
            models.Index(
                F("user"),
                F("txn_date").desc(),
                F("id").desc(),
                condition=Q(deleted_at=None),
                name="transaction_user_list",
            ),
            models.Index(
                F("account"),
                F("txn_date").desc(),
                F("id").desc(),
                condition=Q(deleted_at=None),
                name="transaction_account_list",
            ),
            models.Index(
                fields=["account", "fingerprint"],
                condition=Q(deleted_at=None),
                name="transaction_fingerprint",
            ),
            models.Index(
                F("user"),
                F("category"),
                F("txn_date").desc(),
                condition=Q(deleted_at=None),
                name="transaction_user_category",
            ),
            models.Index(
                F("user"),
                F("amount").desc(),
                F("id").desc(),
                condition=Q(deleted_at=None),
                name="transaction_user_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.txn_date} {self.merchant or self.description} {self.signed_amount}"

    @property
    def txn_type(self) -> str:
        """ "income" or "expense": the sign of `signed_amount` as a person says it."""
        return self.Type.INCOME if self.signed_amount > 0 else self.Type.EXPENSE

    @property
    def is_bank_fact(self) -> bool:
        """Amount, account and date came from the bank and stay as they are."""
        return self.origin in (self.Origin.IMPORT, self.Origin.SYNC)

    @property
    def title(self) -> str:
        """What a list calls it."""
        return self.merchant or self.description


class CategoryChange(models.Model):
    """One change of a transaction's category: the category-assignment history."""

    class By(models.TextChoices):
        USER = "user", _("User")
        RULE = "rule", _("Rule")
        IMPORT = "import", _("Import")

    transaction = models.ForeignKey(
        Transaction, on_delete=models.CASCADE, related_name="category_changes"
    )
    from_category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    to_category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    by = models.CharField(max_length=6, choices=By.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.transaction_id}: {self.from_category_id} → {self.to_category_id}"


class MonthlyTotal(models.Model):
    """Σ of one account's posted, live transactions in one month and category (null = none yet).

    `inflow` and `outflow` are both positive, in the account's currency. Written with the rows.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="monthly_totals")
    month = models.DateField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, related_name="+")
    inflow = AmountField(default=0)
    outflow = AmountField(default=0)
    transaction_count = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "month", "category"],
                condition=Q(category__isnull=False),
                name="monthly_total_unique",
            ),
            models.UniqueConstraint(
                fields=["account", "month"],
                condition=Q(category=None),
                name="monthly_total_unique_uncategorized",
            ),
        ]
        indexes = [models.Index(fields=["user", "month"], name="monthly_total_by_user")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m} {self.category_id}"


class ImportBatch(models.Model):
    """One uploaded file on its way into one account, and its receipt for ever after."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        CHECKED = "checked", _("Checked")
        IMPORTING = "importing", _("Importing")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        REVERTED = "reverted", _("Reverted")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="import_batches"
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="import_batches")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, db_index=True)
    format = models.CharField(max_length=10, blank=True)
    mapping = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.UPLOADED)
    error = models.CharField(max_length=500, blank=True)
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
    balance_after = AmountField(null=True, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    reverted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["user", "-id"], name="import_batch_by_user")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.status})"


class ImportFile(models.Model):
    """The bytes of an upload, in the database so that every worker has them; kept for 30 days."""

    batch = models.OneToOneField(ImportBatch, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of batch {self.batch_id}"


class ImportRow(models.Model):
    """One line of an uploaded file: as the bank wrote it, as we read it, and what became of it."""

    class Verdict(models.TextChoices):
        NEW = "new", _("New")
        DUPLICATE = "duplicate", _("Duplicate")
        REVIEW = "review", _("Needs review")
        INVALID = "invalid", _("Invalid")
        SKIPPED = "skipped", _("Skipped")
        ADDED = "added", _("Added")

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
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
    category = models.ForeignKey(Category, on_delete=models.SET_NULL, null=True, related_name="+")
    category_source = models.CharField(
        max_length=8,
        choices=Transaction.CategorySource.choices,
        default=Transaction.CategorySource.NONE,
    )
    notes = models.TextField(blank=True)
    is_pending = models.BooleanField(default=False)
    fingerprint = models.BigIntegerField(null=True)
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    error = models.CharField(max_length=300, blank=True)
    attr = models.CharField(max_length=20, blank=True)
    is_edited = models.BooleanField(default=False)

    class Meta:
        ordering = ["row_number", "id"]
        indexes = [models.Index(fields=["batch", "verdict", "id"], name="import_row_by_verdict")]

    def __str__(self) -> str:
        return f"row {self.row_number} of batch {self.batch_id}: {self.verdict}"


class ImportMapping(models.Model):
    """How an account's files were mapped last time, offered again for the next one."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="import_mapping")
    columns = models.JSONField(default=list)
    mapping = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"mapping of account {self.account_id}"
