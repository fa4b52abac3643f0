"""Connected banks and their syncs."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from banking.kernel.region import written_tag
from banking.kernel.sentences import Part, written
from users.models import User


class BankConnectionQuerySet(models.QuerySet["BankConnection"]):
    def visible_to(self, user: User) -> "BankConnectionQuerySet":
        """The user's own open connections. Sharing an account does not share access to the bank."""
        return self.filter(user=user, disconnected_at=None)

    def due(self, at: datetime) -> "BankConnectionQuerySet":
        """Active connections whose next scheduled sync is due."""
        return self.filter(
            status__in=BankConnection.SYNCING, disconnected_at=None, next_sync_at__lte=at
        )


class BankConnection(models.Model):
    """A person's access to one bank through one provider.

    `secret` is encrypted (banking.kernel.encryption) and decrypted only for the connector. `cursor`
    only moves forward. At most one sync runs at a time; it holds `lease_until`.
    """

    class Provider(models.TextChoices):
        PLAID = "plaid", _("Plaid")
        OBP = "obp", _("Open Bank Project")
        SIMPLEFIN = "simplefin", _("SimpleFIN")
        SANDBOX = "sandbox", _("Sandbox bank")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Connected")
        NEEDS_LOGIN = "needs_login", _("Sign in again")
        ERROR = "error", _("Not syncing")
        REVOKED = "revoked", _("Access ended")

    SYNCING = (Status.ACTIVE, Status.ERROR)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bank_connections"
    )
    provider = models.CharField(max_length=9, choices=Provider.choices)
    institution_name = models.CharField(_("bank"), max_length=120)
    # The provider's own ID for the connection, used in its webhooks.
    external_id = models.CharField(max_length=255, blank=True, db_index=True)
    secret = models.TextField(editable=False)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.ACTIVE)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=300, blank=True)
    cursor = models.TextField(blank=True, editable=False)
    failed_count = models.PositiveIntegerField(default=0)
    last_synced_at = models.DateTimeField(null=True, blank=True)
    next_sync_at = models.DateTimeField(null=True, blank=True, db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    disconnected_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = BankConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["institution_name", "id"]
        indexes = [models.Index(fields=["user", "disconnected_at"], name="connection_by_user")]

    def __str__(self) -> str:
        return f"{self.institution_name} ({self.provider})"


def message_texts(messages: Sequence[str | Sequence[Part]]) -> list[str]:
    """A sync's stored messages in the reader's region format."""
    tag = written_tag()
    return [one if isinstance(one, str) else written(one, tag) for one in messages]


class SyncRun(models.Model):
    """One sync of one bank connection, and its outcome."""

    class Trigger(models.TextChoices):
        LINK = "link", _("Connected")
        WEBHOOK = "webhook", _("New data at the bank")
        SCHEDULE = "schedule", _("On schedule")
        MANUAL = "manual", _("Sync now")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    connection = models.ForeignKey(BankConnection, on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.QUEUED)
    added_count = models.PositiveIntegerField(_("added"), default=0)
    completed_count = models.PositiveIntegerField(_("completed"), default=0)
    removed_count = models.PositiveIntegerField(_("removed"), default=0)
    review_count = models.PositiveIntegerField(_("to review"), default=0)
    # To the provider, retries included.
    request_count = models.PositiveIntegerField(_("requests"), default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=300, blank=True)
    # Each a text, or the parts of a sentence; shown by `message_texts`.
    messages = models.JSONField(default=list, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    # Only the owner can fix this failure: by signing in or by connecting again.
    needs_owner = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # Fifty webhooks at once request a single sync.
            models.UniqueConstraint(
                fields=["connection"], condition=Q(status="queued"), name="sync_run_queued_once"
            ),
        ]
        indexes = [models.Index(fields=["connection", "-id"], name="sync_run_by_connection")]

    def __str__(self) -> str:
        return f"run {self.pk} of connection {self.connection_id}: {self.status}"

    @property
    def message_texts(self) -> list[str]:
        """What the bank or a line had to say, in the reader's region format."""
        return message_texts(self.messages)
