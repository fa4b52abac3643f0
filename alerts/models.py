"""Alerts and notification settings.

Invariant: one alert per fact. `dedupe_key` identifies the fact and stays unique forever, so that a
scan may run twice, late or concurrently. Only `alerts.services` writes.
"""

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Value
from django.utils.translation import gettext_lazy as _

from banking.kernel.fields import AmountField
from banking.kernel.region import written_tag
from banking.kernel.sentences import written
from banking.kernel.written_once import WrittenOnce
from users.models import User


class AlertType(models.TextChoices):
    """The types of alerts."""

    LOW_BALANCE = "low_balance", _("Low balance")
    BILL_DUE = "bill_due", _("Bill due soon")
    BILL_OVERDUE = "bill_overdue", _("Bill overdue")
    AUTOPAY_FAILED = "autopay_failed", _("Automatic payment failed")
    BUDGET_WARNING = "budget_warning", _("Budget almost used up")
    BUDGET_EXCEEDED = "budget_exceeded", _("Budget exceeded")
    LARGE_TRANSACTION = "large_transaction", _("Large transaction")
    UNUSUAL_SPENDING = "unusual_spending", _("Unusual spending")
    POINTS_EXPIRING = "points_expiring", _("Points expiring")
    SYNC_FAILED = "sync_failed", _("Bank sync failed")
    NEW_LOGIN = "new_login", _("New sign-in")
    IMPORT_FINISHED = "import_finished", _("Import finished")


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, user: User) -> "AlertQuerySet":
        """The user's own alerts shown in the app and not deleted; alerts are never shared."""
        return self.in_reach_of(user).filter(deleted_at=None)

    def in_reach_of(self, user: User) -> "AlertQuerySet":
        """As `visible_to`, including deleted ones: for restoring."""
        return self.filter(user=user, in_app=True)

    def current(self) -> "AlertQuerySet":
        """Not dismissed."""
        return self.filter(dismissed_at=None)

    def counted(self) -> "AlertQuerySet":
        """The alerts counted on the bell: unread, not dismissed, not deleted."""
        return self.filter(is_read=False, dismissed_at=None, deleted_at=None)


class Alert(models.Model):
    """One fact that a user was alerted to. Deleting hides the row; its key stays, or the alert
    would return.
    """

    class Severity(models.TextChoices):
        INFO = "info", _("Info")
        WARNING = "warning", _("Warning")
        CRITICAL = "critical", _("Critical")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alerts"
    )
    type = models.CharField(max_length=20, choices=AlertType.choices)
    # The text of the day it was raised, and what it was written from; older rows have no parts.
    message = models.CharField(max_length=500)
    sentence = models.JSONField(default=list, db_default=Value([], models.JSONField()), blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    # Links to the subject, and to the transactions behind the alert.
    link = models.CharField(max_length=300, blank=True)
    transactions_link = models.CharField(max_length=300, blank=True)
    dedupe_key = models.CharField(max_length=120, unique=True)
    occurred_on = models.DateField()
    # With email only, the row exists for its key but is hidden in the app.
    in_app = models.BooleanField(default=True)
    is_read = models.BooleanField(default=False)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                F("user"),
                F("id").desc(),
                condition=Q(deleted_at=None, in_app=True),
                name="alert_list",
            ),
            models.Index(
                fields=["user"],
                condition=Q(is_read=False, dismissed_at=None, deleted_at=None, in_app=True),
                name="alert_unread",
            ),
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def text(self) -> str:
        """The message in the reader's region format."""
        return written(self.sentence, written_tag()) if self.sentence else self.message

    @property
    def icon(self) -> str:
        """The name of its icon."""
        return ICONS[AlertType(self.type)]


# How many alerts a person's bell counts: one row, or none.
COUNTED = WrittenOnce(
    lambda user_id: (
        Alert.objects.visible_to(User(pk=user_id))
        .counted()
        .order_by()
        .values_list("user_id")
        .annotate(count=Count("pk"))
    )
)
ICONS = {
    AlertType.LOW_BALANCE: "wallet",
    AlertType.BILL_DUE: "calendar-clock",
    AlertType.BILL_OVERDUE: "calendar-x",
    AlertType.AUTOPAY_FAILED: "circle-x",
    AlertType.BUDGET_WARNING: "piggy-bank",
    AlertType.BUDGET_EXCEEDED: "piggy-bank",
    AlertType.LARGE_TRANSACTION: "banknote",
    AlertType.UNUSUAL_SPENDING: "trending-up",
    AlertType.POINTS_EXPIRING: "gift",
    AlertType.SYNC_FAILED: "unplug",
    AlertType.NEW_LOGIN: "shield-alert",
    AlertType.IMPORT_FINISHED: "file-check",
}


class AlertSubscription(models.Model):
    """A user's channels and threshold for one alert type.

    Without a row the defaults apply (alerts/subscriptions.py).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_subscriptions"
    )
    type = models.CharField(max_length=20, choices=AlertType.choices)
    in_app = models.BooleanField(default=True)
    email = models.BooleanField(default=False)
    sms = models.BooleanField(default=False)
    # An amount in the user's base currency, or a percentage, depending on the type.
    threshold = AmountField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "notification setting"
        constraints = [
            models.UniqueConstraint(fields=["user", "type"], name="alert_subscription_once"),
            models.CheckConstraint(
                condition=Q(threshold=None) | Q(threshold__gt=0),
                name="alert_threshold_positive",
                violation_error_message=_("Enter a threshold above zero."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.type}"
