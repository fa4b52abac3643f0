"""Transactions, the history of their categories, and the sums kept beside them.

Positive `signed_amount` is money in. Only posted rows outside the trash count in any figure.
Rows, balances and totals are written by `transactions.services.posting` alone, together.
"""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, shared_account_ids
from banking.kernel.fields import AmountField, CurrencyField, FoldedField
from banking.kernel.periods import Period
from banking.kernel.trash import Trashable
from transactions.models.categories import Category
from users.models import User


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

    def planned(self) -> "TransactionQuerySet":
        """What waits for its day; it is in no balance and no figure."""
        return self.filter(status=Transaction.Status.PLANNED)

    def in_period(self, period: Period) -> "TransactionQuerySet":
        return self.filter(txn_date__gte=period.start, txn_date__lt=period.end)

    def for_list(self) -> "TransactionQuerySet":
        """With everything a list row shows, in a fixed number of queries."""
        return self.select_related("account", "category", "unposted").prefetch_related("tags")


class Transaction(Trashable):
    """One line on one account, in the account's currency; `signed_amount` is never zero."""

    class Type(models.TextChoices):
        INCOME = "income", _("Income")
        EXPENSE = "expense", _("Expense")

    class Status(models.TextChoices):
        """Planned: dated by a person after their today, posted on its day. Pending: the bank's."""

        PLANNED = "planned", _("Planned")
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

        MANUAL = "manual", _("Added manually")
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
    # Split into parts with categories of their own; the row's own category is then not counted.
    is_split = models.BooleanField(default=False, editable=False)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.MANUAL)
    external_id = models.CharField(max_length=255, blank=True)
    search_text = FoldedField("description", "merchant", "notes")
    merchant_key = FoldedField("merchant")
    # See transactions/fingerprints.py: equal rows of one account share it.
    fingerprint = models.BigIntegerField(editable=False)
    import_batch = models.ForeignKey(
        "ImportBatch", on_delete=models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # What a page puts beside a row of its own.
    may_change: bool
    counted: Decimal
    balance_after: Decimal | None
    days_left: int

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
                violation_error_message=_(
                    "This account already has a transaction with this bank reference."
                ),
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
                F("user"),
                F("deleted_at").desc(),
                F("id").desc(),
                condition=Q(deleted_at__isnull=False),
                name="transaction_user_trash",
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
                fields=["txn_date"],
                condition=Q(status="planned", deleted_at=None),
                name="transaction_planned",
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


class UnpostedReason(models.Model):
    """Why a planned transaction did not post on its day. It goes when the transaction posts."""

    transaction = models.OneToOneField(
        Transaction, on_delete=models.CASCADE, related_name="unposted"
    )
    # The first day, in the owner's time zone, on which it was tried.
    tried_on = models.DateField()
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.transaction_id}: {self.reason}"


class CategoryChange(models.Model):
    """One change of a transaction's category: the category-assignment history.

    Read by transaction alone; rules write a hundred thousand at once, so it has no other index.
    """

    class By(models.TextChoices):
        USER = "user", _("User")
        RULE = "rule", _("Rule")
        IMPORT = "import", _("Import")

    transaction = models.ForeignKey(
        Transaction, on_delete=models.CASCADE, related_name="category_changes"
    )
    from_category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    to_category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    by = models.CharField(max_length=6, choices=By.choices)
    rule = models.ForeignKey(
        "CategoryRule",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
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


class MerchantTotal(models.Model):
    """Σ of one account's posted, live transactions in one month at one merchant ("" = unnamed).

    Kept apart by category, because what is a transfer is in no figure. Whole rows count: a split
    one once, with its whole amount and no category; `outflow_count` of them are money out.
    """

    # The unique constraints begin with the account: they serve every read.
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="merchant_totals", db_index=False
    )
    month = models.DateField()
    merchant = models.CharField(max_length=200, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    inflow = AmountField(default=0)
    outflow = AmountField(default=0)
    transaction_count = models.IntegerField(default=0)
    outflow_count = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "month", "merchant", "category"],
                condition=Q(category__isnull=False),
                name="merchant_total_unique",
            ),
            models.UniqueConstraint(
                fields=["account", "month", "merchant"],
                condition=Q(category=None),
                name="merchant_total_unique_uncategorized",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m} {self.merchant}"
