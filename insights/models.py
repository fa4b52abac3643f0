"""What a person said about their insights: which series is none."""

from django.conf import settings
from django.db import models

from accounts.models import Account
from transactions.models import Transaction
from users.models import User


class RecurringDismissalQuerySet(models.QuerySet["RecurringDismissal"]):
    def visible_to(self, user: User) -> "RecurringDismissalQuerySet":
        """The user's own."""
        return self.filter(user=user)


class RecurringDismissal(models.Model):
    """ "Not recurring": payments of this merchant on this account stay out, whatever they become.

    Only `insights.services.recurring` writes it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recurring_dismissals"
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    merchant_key = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    direction = models.CharField(max_length=7, choices=Transaction.Type.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RecurringDismissalQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "account", "merchant_key", "direction"],
                name="recurring_dismissal_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.account_id})"
