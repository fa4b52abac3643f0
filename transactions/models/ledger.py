"""Transactions, the history of their categories, and the totals stored with them.

A positive `signed_amount` is money in. Only posted transactions outside the trash count in figures.
Only `transactions.services.posting` writes transactions, balances and totals, always together.
"""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, shared_account_ids
from banking.kernel.fields import AmountField, BegunEverywhere, CurrencyField, FoldedField
from banking.kernel.periods import Period
from banking.kernel.sentences import shown
from banking.kernel.trash import Trashable
from transactions.models.categories import Category
from users.models import User


class Tag(models.Model):
    """A user's own tag for transactions. `Holiday` and `HOLIDAY` are one tag."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags"
    )
    name = models.CharField(max_length=40)
    name_key = FoldedField("name")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name_key"], name="tag_once")]

    def __str__(self) -> str:
        return self.name


# All that were entered on a day before their own, and a little more: a few hours, not days, since
# where the day begins depends on the person.
ENTERED_AHEAD = Q(created_at__lt=BegunEverywhere("txn_date"))


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def visible_to(self, user: User) -> "TransactionQuerySet":
        """Transactions of own and shared accounts, without the trash."""
        return self.in_reach_of(user).live()

    def in_reach_of(self, user: User) -> "TransactionQuerySet":
        """Like `visible_to`, including the trash, for restoring."""
        reach = Q(user=user)
        if shared := shared_account_ids(user):
            reach |= Q(account_id__in=list(shared))
        return self.filter(reach)

    def live(self) -> "TransactionQuerySet":
        """Outside the trash, on an account outside the trash."""
        return self.filter(deleted_at=None, account__deleted_at=None)

    def posted(self) -> "TransactionQuerySet":
        """Transactions that count in balances and figures."""
        return self.filter(status=Transaction.Status.POSTED)

    def planned(self) -> "TransactionQuerySet":
        """Transactions waiting for their date. They count in no balance or figure."""
        return self.filter(status=Transaction.Status.PLANNED)

    def in_period(self, period: Period) -> "TransactionQuerySet":
        return self.filter(txn_date__gte=period.start, txn_date__lt=period.end)

    def for_list(self) -> "TransactionQuerySet":
        """Load everything a list row shows, with a fixed number of queries."""
        return self.select_related("account", "category", "unposted").prefetch_related("tags")


class Transaction(Trashable):
    """One transaction on one account, in the account's currency. `signed_amount` is never zero."""

    class Type(models.TextChoices):
        INCOME = "income", _("Income")
        EXPENSE = "expense", _("Expense")

    class Status(models.TextChoices):
        """Planned: dated in the future by a person and posted on its date. Pending: not booked by
        the bank yet.
        """

        PLANNED = "planned", _("Planned")
        PENDING = "pending", _("Pending")
        POSTED = "posted", _("Posted")

    class CategorySource(models.TextChoices):
        RULE = "rule", _("Rule")
        MANUAL = "manual", _("Manual")
        IMPORT = "import", _("Import")
        PROVIDER = "provider", _("Provider")
        LEARNED = "learned", _("Learned")
        NONE = "none", _("None")

    class Origin(models.TextChoices):
        """Who created the transaction. The bank's data (import, sync) is fixed; a person's
        is not.
        """

        MANUAL = "manual", _("Added manually")
        IMPORT = "import", _("Imported")
        SYNC = "sync", _("Synced")
        TRANSFER = "transfer", _("Transfer")
        BILL = "bill", _("Bill payment")

    # The account's owner, stored here so that one index serves a person's whole list.
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
    # Split into parts with their own categories; its own category does not count meanwhile.
    is_split = models.BooleanField(default=False, editable=False)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.MANUAL)
    external_id = models.CharField(max_length=255, blank=True)
    search_text = FoldedField("description", "merchant", "notes")
    merchant_key = FoldedField("merchant")
    # See transactions/fingerprints.py. Identical transactions of one account share it.
    fingerprint = models.BigIntegerField(editable=False)
    import_batch = models.ForeignKey(
        "ImportBatch", on_delete=models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # Extra values that a page attaches to the row.
    may_change: bool
    counted: Decimal
    balance_after: Decimal | None
    days_left: int
    listed_tags: list[str]

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
            # The choices that `rules/learning.py` learns from, and when they last changed.
            models.Index(
                fields=["user", "updated_at"],
                condition=Q(category_source="manual", deleted_at=None),
                name="transaction_chosen",
            ),
            models.Index(
                fields=["txn_date"],
                condition=Q(status="planned", deleted_at=None),
                name="transaction_planned",
            ),
            # Few, unlike those of the months whose forecasts are compared with what came.
            models.Index(
                fields=["account", "txn_date"],
                condition=ENTERED_AHEAD & Q(status="posted", deleted_at=None),
                name="transaction_entered_ahead",
            ),
            models.Index(
                fields=["account", "txn_date"],
                condition=Q(status="pending", deleted_at=None),
                name="transaction_pending",
            ),
            models.Index(
                F("user"),
                F("amount").desc(),
                F("id").desc(),
                condition=Q(deleted_at=None),
                name="transaction_user_amount",
            ),
            # Everybody's, the trash included, for staff.
            models.Index(F("txn_date").desc(), F("id").desc(), name="transaction_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.txn_date} {self.merchant or self.description} {self.signed_amount}"

    @property
    def txn_type(self) -> str:
        """ "income" or "expense", depending on the sign of `signed_amount`."""
        return self.type_of(self.signed_amount)

    @classmethod
    def type_of(cls, signed_amount: Decimal) -> str:
        return cls.Type.INCOME if signed_amount > 0 else cls.Type.EXPENSE

    @property
    def is_bank_fact(self) -> bool:
        """Whether amount, account and date came from the bank and cannot be changed."""
        return self.origin in (self.Origin.IMPORT, self.Origin.SYNC)

    @property
    def title(self) -> str:
        """The title shown in lists."""
        return self.merchant or self.description


class UnpostedReason(models.Model):
    """Why a planned transaction did not post on its date. Deleted when it posts."""

    transaction = models.OneToOneField(
        Transaction, on_delete=models.CASCADE, related_name="unposted"
    )
    # The date of the first attempt, in the owner's time zone.
    tried_on = models.DateField()
    # As `sentences.stored` writes it; shown by `text`.
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.transaction_id}: {self.text}"

    @property
    def text(self) -> str:
        """The reason in the reader's region format."""
        return shown(self.reason)


class CategoryChange(models.Model):
    """One change of a transaction's category.

    Read by transaction only. An import or a rule run inserts a hundred thousand at once, so there
    is no other index, and the database checks no other foreign key: it would check row by row what
    the transactions' own keys prove. Categories and rules go to the trash, people keep their row.
    """

    class By(models.TextChoices):
        USER = "user", _("User")
        RULE = "rule", _("Rule")
        IMPORT = "import", _("Import")
        LEARNED = "learned", _("Learned")

    transaction = models.ForeignKey(
        Transaction, on_delete=models.CASCADE, related_name="category_changes"
    )
    from_category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    to_category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    by = models.CharField(max_length=8, choices=By.choices)
    rule = models.ForeignKey(
        "CategoryRule",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.transaction_id}: {self.from_category_id} → {self.to_category_id}"


class DailyTotal(models.Model):
    """Σ of one account's posted, live transactions on one day in one category (null =
    uncategorized).

    As `MonthlyTotal`, by day. The keys are not checked by the database: an import may write one row
    for nearly each of its lines, and `check_ledger` proves them.
    """

    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        related_name="daily_totals",
        db_index=False,
        db_constraint=False,
    )
    day = models.DateField()
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    inflow = AmountField(default=0)
    outflow = AmountField(default=0)
    transaction_count = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "day", "category"],
                condition=Q(category__isnull=False),
                name="daily_total_unique",
            ),
            models.UniqueConstraint(
                fields=["account", "day"],
                condition=Q(category=None),
                name="daily_total_unique_uncategorized",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day:%Y-%m-%d} {self.category_id}"


class MonthlyTotal(models.Model):
    """Σ of one account's posted, live transactions in one month and category (null =
    uncategorized).

    `inflow` and `outflow` are both positive, in the account's currency. Written with the
    transactions.
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


class ConvertedMonth(models.Model):
    """One foreign account's month in its owner's base currency, each amount at its own day's rate.

    `sums` is what transactions/converted.py writes, or "" until the worker has added it up: after
    each posting and for each new month. It only holds while the month's rates are those of
    `rates_version`.
    """

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="converted_months", db_index=False
    )
    month = models.DateField()
    currency = CurrencyField()
    rates_version = models.IntegerField(default=0)
    sums = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "month", "currency"], name="converted_month_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m} {self.currency}"


class MerchantTotal(models.Model):
    """Σ of one account's posted, live transactions in one month at one merchant ("" = unnamed).

    Stored by category too, because transfers count in no figure. A split transaction counts once,
    with its whole amount and no category. `outflow_count` is the number of expenses.
    """

    # The unique constraints begin with the account and serve every query.
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
