"""Dismissed recurring payments, exports, and the state of scheduled jobs."""

from datetime import datetime

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountShare, shared_account_ids
from banking.kernel.sentences import shown
from transactions.models import Transaction
from users.models import User


class RecurringDismissalQuerySet(models.QuerySet["RecurringDismissal"]):
    def visible_to(self, user: User) -> "RecurringDismissalQuerySet":
        """The user's own rows."""
        return self.filter(user=user)


class RecurringDismissal(models.Model):
    """ "Not recurring": payments of this merchant on this account stay dismissed, even if they
    change.

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
        verbose_name = "payment marked as not recurring"
        verbose_name_plural = "payments marked as not recurring"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "account", "merchant_key", "direction"],
                name="recurring_dismissal_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.account_id})"


class SameAnswerQuerySet(models.QuerySet["SameAnswer"]):
    def visible_to(self, user: User) -> "SameAnswerQuerySet":
        """The user's own."""
        return self.filter(user=user)


class SameAnswer(models.Model):
    """A person's answer to "Is this the same?", about a bill and a merchant's payments.

    It refers to the bill by its series and to the payments by merchant and account, so it applies
    to every occurrence and survives a new search for recurring payments. Only
    `insights.recurring.answering` writes it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="same_answers"
    )
    bill_series = models.UUIDField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    merchant_key = models.CharField(max_length=120)
    is_same = models.BooleanField()
    bill_name = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SameAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = "answer to whether a bill is a recurring payment"
        verbose_name_plural = "answers to whether a bill is a recurring payment"
        ordering = ["bill_name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "bill_series", "account", "merchant_key"],
                name="same_answer_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bill_name} / {self.name}"


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: User) -> "ExportQuerySet":
        """The user's own exports; those about shared accounts only while the share lasts.

        When a share ends, the file is no longer visible. A monthly report requires analyst access.
        """
        levels = shared_account_ids(user)
        full = {pk for pk, level in levels.items() if level == AccountShare.Level.ANALYST}
        mine = self.filter(user=user)
        about_shared = mine.exclude(shared_ids=[]).values_list("pk", "kind", "shared_ids")
        gone = [
            pk
            for pk, kind, ids in about_shared
            if not set(ids) <= (full if kind == Export.Kind.MONTHLY_REPORT else levels.keys())
        ]
        return mine.exclude(pk__in=gone) if gone else mine

    def unfinished(self) -> "ExportQuerySet":
        return self.filter(status__in=(Export.Status.QUEUED, Export.Status.RUNNING))


class Export(models.Model):
    """A file somebody requested: made by a worker, fetched only by its owner, deleted after a week.

    `claim` names the run that is making it; output of any other run is discarded. Only
    `insights.services.exporting` writes it.
    """

    class Kind(models.TextChoices):
        STATEMENT = "statement", _("Account statement")
        MONTHLY_REPORT = "monthly_report", _("Monthly report")
        EVERYTHING = "everything", _("All my data")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("In progress")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Failed")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports"
    )
    kind = models.CharField(max_length=14, choices=Kind.choices)
    params = models.JSONField(default=dict, blank=True)
    # Shared accounts whose data is in the file.
    shared_ids = models.JSONField(default=list, blank=True)
    # As `sentences.stored` writes it; shown by `name`.
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    heard_at = models.DateTimeField(editable=False)
    file_name = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="export_by_user"),
            models.Index(fields=["expires_at"], name="export_by_expiry"),
            models.Index(
                fields=["heard_at"],
                condition=Q(status__in=("queued", "running")),
                name="export_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The title in the reader's region format."""
        return shown(self.title)

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.DONE, self.Status.FAILED)

    def is_ready(self, at: datetime) -> bool:
        """Whether the file can be fetched."""
        return self.status == self.Status.DONE and self.expires_at > at


class ExportPiece(models.Model):
    """A piece of an export's file, stored in the database like receipts so every process can read
    it.
    """

    export = models.ForeignKey(
        Export, on_delete=models.CASCADE, related_name="pieces", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["export", "number"], name="export_piece_unique")
        ]

    def __str__(self) -> str:
        return f"piece {self.number} of export {self.export_id}"


class JobState(models.Model):
    """The last outcome of one job, and how often it ran and failed.

    One row per job, however often it runs. Only `insights.services.job_log` writes it.
    """

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")

    name = models.CharField(_("job"), max_length=120, unique=True)
    outcome = models.CharField(_("last outcome"), max_length=9, choices=Outcome.choices)
    result = models.CharField(_("last answer"), max_length=120, blank=True)
    finished_at = models.DateTimeField(_("last run"))
    duration_ms = models.PositiveIntegerField(_("took (ms)"), default=0)
    run_count = models.PositiveBigIntegerField(_("runs"), default=0)
    failure_count = models.PositiveBigIntegerField(_("failures"), default=0)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    # A check that finds problems has not failed, and has not passed either.
    passed_at = models.DateTimeField(_("last passed"), null=True, blank=True)
    error = models.CharField(_("last error"), max_length=200, blank=True)

    class Meta:
        verbose_name = "job"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MonthCount(models.Model):
    """How often something happened in one month (UTC), and how often it failed.

    For the charts of the staff site's page of jobs and health: counting a year of rows for each
    reader would take longer with every row. It holds nobody's data. Only
    `insights.staff.month_counts` writes it.
    """

    class Subject(models.TextChoices):
        JOBS = "jobs", _("Job runs")
        MESSAGES = "messages", _("Messages")
        SIGN_INS = "sign_ins", _("Sign-ins")
        IMPORTS = "imports", _("Imports")
        SYNCS = "syncs", _("Bank syncs")
        EXPORTS = "exports", _("Exports requested")

    subject = models.CharField(max_length=8, choices=Subject.choices)
    month = models.DateField()
    count = models.PositiveBigIntegerField(default=0)
    failed_count = models.PositiveBigIntegerField(_("failed"), default=0)

    class Meta:
        ordering = ["-month", "subject"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "month"], name="month_counted_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_display()}, {self.month:%Y-%m}"


class PlatformCount(models.Model):
    """The platform's figures as a job counted them last, in one row.

    Counting walks through every customer and month. It holds nobody's data: only counts, and sums
    by currency as decimal strings. Only `insights.staff.platform_counts` writes it.
    """

    counted_at = models.DateTimeField(_("counted"))
    figures = models.JSONField(encoder=DjangoJSONEncoder)

    def __str__(self) -> str:
        return f"{self.counted_at:%Y-%m-%d %H:%M}"


class WorkItem(models.Model):
    """Who has taken one item of a staff queue, and how it was closed.

    Queues are read from the records themselves (insights/staff/queues.py). `key` names the item
    and its occurrence, so an item that fails again reopens. Only insights/staff/working.py writes.
    """

    queue = models.CharField(max_length=20)
    key = models.CharField(max_length=80)
    # The customer it is about, whose erasure takes the item and its note along.
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    taken_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "queue item"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["queue", "key"], name="work_item_once")]

    def __str__(self) -> str:
        return f"{self.queue}: {self.key}"


class HomeStateQuerySet(models.QuerySet["HomeState"]):
    def visible_to(self, user: User) -> "HomeStateQuerySet":
        """The user's own."""
        return self.filter(user=user)


class HomeState(models.Model):
    """How one person arranged the home page, and when they last saw it.

    The lists hold card names (`insights.home.cards`); a card in none of them has its usual place,
    so that new cards appear by themselves. `visited_at` is the first visit of the latest day,
    `visited_before_at` that of the day before it. Only `insights.home.arranging` writes it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="home_state"
    )
    narrow = models.JSONField(default=list, blank=True)
    wide = models.JSONField(default=list, blank=True)
    hidden = models.JSONField(default=list, blank=True)
    visited_at = models.DateTimeField(null=True, blank=True)
    visited_before_at = models.DateTimeField(null=True, blank=True)
    # When every step of "Getting started" was done; it is not shown again.
    set_up_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = HomeStateQuerySet.as_manager()

    class Meta:
        verbose_name = "home page arrangement"

    def __str__(self) -> str:
        return f"home page of {self.user_id}"


class SampleDataQuerySet(models.QuerySet["SampleData"]):
    def visible_to(self, user: User) -> "SampleDataQuerySet":
        """The user's own."""
        return self.filter(user=user)

    def present(self) -> "SampleDataQuerySet":
        """Not removed."""
        return self.filter(removed_at=None)


class SampleData(models.Model):
    """The invented household a person asked for: exactly what was created, to be removed again.

    `removed` holds what the removal moved to the trash, so that undoing it brings back exactly
    that. Only `insights.home.sampling` writes it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sample_data"
    )
    account_ids = models.JSONField(default=list)
    budget_ids = models.JSONField(default=list)
    bill_ids = models.JSONField(default=list)
    removed = models.JSONField(default=dict, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SampleDataQuerySet.as_manager()

    class Meta:
        verbose_name = "sample data"
        verbose_name_plural = "sample data"

    def __str__(self) -> str:
        return f"sample data of {self.user_id}"


class Approval(models.Model):
    """An act of one admin that waits for a second one.

    At most one like it waits for an object, and whoever asked never approves; the database says so
    too. Only insights/staff/approving.py writes.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")

    action = models.CharField(max_length=20)
    target_type = models.CharField(max_length=64)
    target_id = models.BigIntegerField()
    words = models.CharField(_("act"), max_length=300)
    params = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.WAITING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "target_type", "target_id"],
                condition=Q(status="waiting"),
                name="approval_waits_once",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | ~Q(decided_by=models.F("requested_by")),
                name="approval_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.words
