"""Users, their sessions and messages, and the audit trail."""

import uuid
from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from banking.kernel.fields import CurrencyField, FoldedField
from users.timezones import timezone_choices

EMAIL_TAKEN = _("An account with this email already exists.")


class UserManager(BaseUserManager["User"]):
    """Creates users whose login is their email address, compared case-insensitively."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        fields |= {"role": User.Role.ADMIN, "is_staff": True, "is_superuser": True}
        return self.create_user(email, password, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=(email or "").strip().lower())


DIGITS = "0123456789"
THEMES = [("auto", _("Match system")), ("light", _("Light")), ("dark", _("Dark"))]


class User(AbstractUser):
    """A person who can sign in. `email` is the login; `role` defines permissions (users/policy.py).

    `session_version` is part of every access token and browser session: increasing it ends all of
    them at once.
    """

    class Role(models.TextChoices):
        USER = "user", _("Customer")
        VIEWER = "viewer", _("Viewer")
        ANALYST = "analyst", _("Analyst")
        SUPPORT = "support", _("Support")
        AUDITOR = "auditor", _("Auditor")
        ADMIN = "admin", _("Admin")

    class KycStatus(models.TextChoices):
        NOT_STARTED = "not_started", _("Not started")
        PENDING = "pending", _("Pending")
        VERIFIED = "verified", _("Verified")
        REJECTED = "rejected", _("Rejected")

    username = None  # type: ignore[assignment]  # Django's way to leave a field out
    first_name = None  # type: ignore[assignment]  # Django's way to leave a field out
    last_name = None  # type: ignore[assignment]  # Django's way to leave a field out
    email = models.EmailField(
        _("email address"), unique=True, error_messages={"unique": EMAIL_TAKEN}
    )
    name = models.CharField(_("name"), max_length=150, blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    kyc_status = models.CharField(
        _("identity check"), max_length=12, choices=KycStatus.choices, default=KycStatus.NOT_STARTED
    )
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.USER)
    base_currency = CurrencyField(default="USD")
    timezone = models.CharField(max_length=64, default="UTC", choices=timezone_choices)
    locale = models.CharField(max_length=12, default="en-US")
    theme = models.CharField(
        max_length=5,
        default="auto",
        choices=THEMES,
    )
    session_version = models.PositiveIntegerField(default=0)
    # In the user's time zone; emails and SMS that can wait are sent afterward. May span midnight.
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # What staff search, one per line. On PostgreSQL with a trigram index, where it may be created.
    search_text = FoldedField("name", "email", "phone_digits", db_default="")

    # Cached by accounts, once per request (accounts/models/accounts.py).
    _shared_account_ids: dict[int, str]

    # Set on a stand-in user while an owner views the pages as another person.
    is_stand_in = False

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # one by email

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_message=EMAIL_TAKEN,
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(kyc_status="pending"),
                name="user_identity_pending",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the searched text up to date, whichever fields are saved."""
        names = kwargs.get("update_fields")
        if names is not None and {"name", "email", "phone"} & set(names):
            kwargs["update_fields"] = {*names, "search_text"}
        super().save(*args, **kwargs)

    @property
    def phone_digits(self) -> str:
        """The phone number without its punctuation."""
        return "".join(char for char in self.phone if char in DIGITS)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A browser session stays valid while both the password and `session_version` are
        unchanged.
        """
        text = f"{self.password}:{self.session_version}"
        return salted_hmac("users.session", text, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class RefreshSession(models.Model):
    """One refresh token of a family. It can be used once; reuse ends the family."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="refresh_sessions")
    family = models.UUIDField(default=uuid.uuid4, db_index=True)
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="refresh_by_user")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.family}"


class AuditChain(models.Model):
    """The head of one chain of audit events: one chain per owner, and "system".

    Locking this row keeps the chain from forking.
    """

    name = models.CharField(max_length=40, unique=True)
    length = models.PositiveBigIntegerField(default=0)
    head_hash = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.length})"


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Audit events are read-only; bulk changes are refused."""

    def update(self, **changes: object) -> int:
        raise TypeError("Audit events are never changed.")

    def bulk_update(self, *args: object, **options: object) -> int:
        raise TypeError("Audit events are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit events are never deleted.")

    def blank_details(self) -> int:
        """The only allowed change, for erasure: `audit.erase_details` records it."""
        return super().update(changes=None, ip=None, device="", salt="")


class AuditEvent(models.Model):
    """An action and its actor; append-only and hash-chained.

    `details_hash` covers the personal data (`changes`, `ip`, `device`) with a salt; `hash` covers
    `details_hash`. So a person's details and salt can be erased while the chain stays verifiable,
    with nothing left to guess from. Triggers refuse every other change
    (users/audit/audit_guard.py).
    """

    chain = models.ForeignKey(AuditChain, on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveBigIntegerField()
    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_events"
    )
    action = models.CharField(max_length=64, db_index=True)
    target_type = models.CharField(_("kind of object"), max_length=64, blank=True)
    target_id = models.BigIntegerField(_("object number"), null=True, blank=True)
    changes = models.JSONField(null=True, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    device = models.CharField(max_length=60, blank=True, default="")
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    salt = models.CharField(max_length=32)
    details_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("time"))
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="audit_sequence_unique"),
            models.UniqueConstraint(fields=["chain", "previous_hash"], name="audit_no_fork"),
        ]
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="audit_by_target"),
            models.Index(fields=["-created_at"], name="audit_by_time"),
            # In the order of the explorer's list: an address or an object may have many events.
            models.Index(fields=["ip", "-id"], name="audit_by_ip"),
            models.Index(fields=["request_id", "-id"], name="audit_by_request"),
            models.Index(fields=["target_id", "-id"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.action}"

    def save(self, *args: object, **kwargs: object) -> None:
        if self.pk is not None:
            raise TypeError("Audit events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("Audit events are never deleted.")


class IdempotentCommand(models.Model):
    """The response to a command with an Idempotency-Key, stored in the
    command's own transaction.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(default=0)
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotent_command_unique")
        ]

    def __str__(self) -> str:
        return self.key


class Notification(models.Model):
    """One message to one person by one channel: stored with the change it reports, sent later.

    Invariant: at most one per recipient, kind, object, channel and local day, and sent at most
    once. If a worker dies after claiming one, it is unclear whether it was sent: it becomes
    `unknown` and is never resent automatically. Only users/messages/outbox.py writes.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("Email")
        SMS = "sms", _("SMS")

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting")
        CLAIMED = "claimed", _("Being sent")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        UNKNOWN = "unknown", _("Unknown")
        SKIPPED = "skipped", _("Not sent")

    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    target_key = models.CharField(max_length=120)
    channel = models.CharField(max_length=5, choices=Channel.choices)
    local_day = models.DateField()
    subject = models.CharField(max_length=200)
    text = models.CharField(max_length=1000)
    link = models.CharField(max_length=300, blank=True)
    is_urgent = models.BooleanField(default=False)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    provider_id = models.CharField(max_length=120, blank=True)
    provider_answer = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "target_key", "channel", "local_day"],
                name="notification_once_a_day",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(status="pending"),
                name="notification_due",
            ),
            models.Index(
                fields=["claimed_at"],
                condition=models.Q(status="claimed"),
                name="notification_claimed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel} to {self.recipient_id}"


class NotificationOptOut(models.Model):
    """A user opted out of one kind of message by one channel (a mail's unsubscribe link)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notification_opt_outs")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=5, choices=Notification.Channel.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "email opt-out"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "channel"], name="notification_opt_out_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: no {self.kind} by {self.channel}"
