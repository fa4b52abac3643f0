"""Bills: each occurrence is a row of its own.

Invariants: one occurrence per (series, number); an occurrence is settled at most once, and
`payment` is the transaction that did it. Only `bills.services` writes.
"""

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.fields import AmountField, CurrencyField
from banking.kernel.sentences import shown
from banking.kernel.trash import Trashable
from transactions.models import Category, Transaction
from users.models import User


class BillQuerySet(models.QuerySet["Bill"]):
    def visible_to(self, user: User) -> "BillQuerySet":
        """The user's own bills outside the trash."""
        return self.filter(user=user, deleted_at=None)

    def open(self) -> "BillQuerySet":
        """Neither paid nor skipped, outside the trash."""
        return self.filter(paid_at=None, skipped_at=None, deleted_at=None)

    def for_list(self) -> "BillQuerySet":
        """With everything a list row shows, in a fixed number of queries."""
        return self.select_related("user", "account", "category", "payment")

    def with_status(self, status: str, on: date) -> "BillQuerySet":
        """Bills with this status on the date `on`."""
        planned = Q(payment__status=Transaction.Status.PLANNED)
        if status == Bill.Status.SCHEDULED:
            return self.filter(planned)
        if status == Bill.Status.PAID:
            return self.filter(Q(payment=None) | ~planned, paid_at__isnull=False)
        if status == Bill.Status.SKIPPED:
            return self.filter(skipped_at__isnull=False)
        return self.overdue(on) if status == Bill.Status.OVERDUE else self.upcoming(on)

    def without_following(self) -> "BillQuerySet":
        """Bills without a later occurrence in their series, including the trash."""
        following = Bill.objects.filter(
            series=OuterRef("series"), sequence=OuterRef("sequence") + 1, remainder_of=None
        )
        return self.filter(~Exists(following))

    def overdue(self, on: date) -> "BillQuerySet":
        """Open on the day after their due date, or later."""
        return self.open().filter(due_date__lt=on)

    def upcoming(self, on: date) -> "BillQuerySet":
        """Open and due today or later."""
        return self.open().filter(due_date__gte=on)


class Bill(Trashable):
    """One occurrence of an expected payment, in the bill's own currency.

    `series_start` and `sequence` determine the regular date; `due_date` equals it unless somebody
    moved it.
    """

    class Recurrence(models.TextChoices):
        NONE = "none", _("Does not repeat")
        WEEKLY = "weekly", _("Every week")
        MONTHLY = "monthly", _("Every month")
        QUARTERLY = "quarterly", _("Every quarter")
        YEARLY = "yearly", _("Every year")

    class Status(models.TextChoices):
        UPCOMING = "upcoming", _("Upcoming")
        SCHEDULED = "scheduled", _("Scheduled")
        PAID = "paid", _("Paid")
        OVERDUE = "overdue", _("Overdue")
        SKIPPED = "skipped", _("Skipped")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bills"
    )
    biller_name = models.CharField(_("biller"), max_length=120)
    amount_due = AmountField(_("amount"))
    currency = CurrencyField(_("currency"))
    due_date = models.DateField(_("due date"))
    recurrence = models.CharField(
        _("repeats"), max_length=9, choices=Recurrence.choices, default=Recurrence.NONE
    )
    auto_pay = models.BooleanField(_("pay automatically"), default=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="bills"
    )
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="bills"
    )
    remind_days_before = models.PositiveSmallIntegerField(_("remind me days before"), default=3)
    notes = models.CharField(_("notes"), max_length=500, blank=True)
    series = models.UUIDField(default=uuid.uuid4, editable=False)
    series_start = models.DateField(editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    # The unpaid rest after a part payment is a separate occurrence, without a number in the series.
    remainder_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="remainder"
    )
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    paid_on = models.DateField(null=True, blank=True, editable=False)
    amount_paid = AmountField(null=True, blank=True, editable=False)
    payment = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="bill"
    )
    skipped_at = models.DateTimeField(null=True, blank=True, editable=False)
    auto_pay_tried_on = models.DateField(null=True, blank=True, editable=False)
    # As `sentences.stored` writes it; shown by `auto_pay_problem`.
    auto_pay_error = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BillQuerySet.as_manager()

    class Meta:
        ordering = ["due_date", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_due__gt=0),
                name="bill_amount_above_zero",
                violation_error_message=_("Enter an amount above zero."),
            ),
            models.CheckConstraint(
                condition=Q(auto_pay=False) | Q(account__isnull=False),
                name="bill_auto_pay_needs_an_account",
                violation_error_message=_("Choose an account for automatic payments."),
            ),
            models.CheckConstraint(
                condition=Q(paid_at=None, amount_paid=None, payment=None)
                | Q(paid_at__isnull=False, amount_paid__isnull=False, skipped_at=None),
                name="bill_paid_says_how_much",
            ),
            models.UniqueConstraint(
                fields=["series", "sequence"],
                condition=Q(remainder_of=None),
                name="bill_occurrence_once",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "due_date", "id"], name="bill_by_user"),
            # Everybody's, for staff.
            models.Index(fields=["-due_date", "-id"], name="bill_by_due_date"),
            models.Index(
                fields=["due_date"],
                condition=Q(paid_at=None, skipped_at=None, deleted_at=None),
                name="bill_open_by_due_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.biller_name}, {self.due_date}"

    def status_on(self, on: date) -> str:
        """The status on a date: overdue from the day after the due date.

        If paid with a future date, it is scheduled until the payment posts.
        """
        if self.is_scheduled:
            return self.Status.SCHEDULED
        if self.paid_at is not None:
            return self.Status.PAID
        if self.skipped_at is not None:
            return self.Status.SKIPPED
        return self.Status.OVERDUE if self.due_date < on else self.Status.UPCOMING

    @property
    def is_scheduled(self) -> bool:
        """Whether a planned payment is waiting for its date; no other will be made."""
        return self.payment is not None and self.payment.status == Transaction.Status.PLANNED

    @property
    def will_auto_pay(self) -> bool:
        """Whether auto-pay will pay it on its due date: enabled, and not attempted yet."""
        return self.auto_pay and self.auto_pay_tried_on is None

    @property
    def auto_pay_problem(self) -> str:
        """Why auto-pay did not pay it, in the reader's region format; "" if nothing failed."""
        return shown(self.auto_pay_error)

    @property
    def account_is_closed(self) -> bool:
        """Whether its account is archived or in the trash, so nothing can be debited."""
        account = self.account
        return account is not None and (account.deleted_at is not None or not account.is_active)

    @property
    def is_open(self) -> bool:
        return self.paid_at is None and self.skipped_at is None and self.deleted_at is None
