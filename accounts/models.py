"""Accounts, who shares them, and the rates between their currencies.

Invariant: `Account.balance = opening_balance + Σ signed_amount` of the account's posted, not
deleted transactions, at every commit. Only `accounts.services.apply_to_balance` writes it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.db.models import Prefetch, Q
from django.utils.translation import gettext_lazy as _

from banking.kernel.fields import AmountField, CurrencyField
from banking.kernel.region import written_tag
from banking.kernel.sentences import Part, written
from banking.kernel.trash import Trashable
from banking.kernel.written_once import WrittenOnce
from users.models import User


def shared_account_ids(user: User) -> dict[int, str]:
    """{account ID: level} of the accounts other people share with this user. Queried once per
    request.
    """
    if not hasattr(user, "_shared_account_ids"):
        user._shared_account_ids = dict(SHARED.rows(user.pk))
    return user._shared_account_ids


def accepted_shares(user_id: int) -> "AccountShareQuerySet":
    """The person's shares of accounts that are not in the trash."""
    accepted = AccountShare.Status.ACCEPTED
    return AccountShare.objects.filter(member=user_id, status=accepted, account__deleted_at=None)


SHARED = WrittenOnce(lambda user_id: accepted_shares(user_id).values_list("account_id", "level"))


def reader(user_id: int, shared_ids: Iterable[int]) -> User:
    """A user whose shared accounts are known: for statements that are written once."""
    user = User(pk=user_id)
    user._shared_account_ids = dict.fromkeys(shared_ids, "")
    return user


class AccountQuerySet(models.QuerySet["Account"]):
    def owned_by(self, user: User) -> "AccountQuerySet":
        """The user's own accounts outside the trash."""
        return self.filter(user=user, deleted_at=None)

    def visible_to(self, user: User) -> "AccountQuerySet":
        """Own accounts and those shared with the user, outside the trash."""
        visible = Q(user=user)
        if shared := shared_account_ids(user):
            visible |= Q(pk__in=shared)
        return self.filter(visible, deleted_at=None)

    def active(self) -> "AccountQuerySet":
        """Accounts that are neither archived nor in the trash."""
        return self.filter(is_active=True, deleted_at=None)

    def with_feed(self) -> "AccountQuerySet":
        """With `feed` read along, in one query for all accounts."""
        return self.prefetch_related(live_feeds())


def live_feeds() -> "Prefetch[str, models.QuerySet[ConnectedAccount], str]":
    """What to prefetch for `Account.feed`."""
    live = ConnectedAccount.objects.filter(is_live=True).select_related("connection")
    return Prefetch("connected_accounts", queryset=live, to_attr="live_feeds")


class Account(Trashable):
    """A financial account. Its `balance` is always the opening balance plus posted transactions.

    Debts are negative: the balance of a credit card or loan is at or below zero.
    """

    class Type(models.TextChoices):
        CHECKING = "checking", _("Checking")
        SAVINGS = "savings", _("Savings")
        CREDIT_CARD = "credit_card", _("Credit card")
        LOAN = "loan", _("Loan")
        INVESTMENT = "investment", _("Investment")
        CASH = "cash", _("Cash")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts"
    )
    bank_name = models.CharField(_("bank"), max_length=120, blank=True)
    name = models.CharField(_("name"), max_length=120)
    account_type = models.CharField(
        _("type"), max_length=12, choices=Type.choices, default=Type.CHECKING
    )
    last_four = models.CharField(_("last four digits"), max_length=4, blank=True)
    currency = CurrencyField(_("currency"))
    balance = AmountField(_("balance"), default=0, editable=False)
    opening_balance = AmountField(_("opening balance"), default=0)
    overdraft_limit = AmountField(_("overdraft or credit limit"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
    # None for active accounts, and for accounts archived before this column existed.
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(overdraft_limit__gte=0),
                name="account_overdraft_limit_not_negative",
                violation_error_message=_("An overdraft limit can't be negative."),
            ),
            models.CheckConstraint(
                condition=Q(last_four__regex=r"^[0-9A-Za-z]{0,4}$"),
                name="account_last_four_only",
                violation_error_message=_("Only the last four characters are kept."),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "deleted_at"], name="account_by_user"),
            # Staff find a customer by the last digits.
            models.Index(fields=["last_four"], name="account_by_digits"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.masked_account}".strip()

    @property
    def masked_account(self) -> str:
        """The account number as it may be shown: "****3456", or "" if none was given."""
        return f"****{self.last_four}" if self.last_four else ""

    @property
    def has_overdraft_rule(self) -> bool:
        """Whether the overdraft limit applies. It does not apply to loans, which are
        always owed.
        """
        return self.account_type != self.Type.LOAN

    @property
    def is_liability(self) -> bool:
        return self.account_type in (self.Type.CREDIT_CARD, self.Type.LOAN)

    @property
    def feed(self) -> "ConnectedAccount | None":
        """The bank account that sends this account's transactions, if a bank is connected."""
        feeds: list[ConnectedAccount] | None = getattr(self, "live_feeds", None)
        if feeds is None:
            live = self.connected_accounts.filter(is_live=True)
            feeds = list(live.select_related("connection"))
        return feeds[0] if feeds else None


class AccountShareQuerySet(models.QuerySet["AccountShare"]):
    def visible_to(self, user: User) -> "AccountShareQuerySet":
        """Shares the user gave and did not revoke, and shares others offer or gave to them."""
        given = Q(user=user) & ~Q(status=AccountShare.Status.REVOKED)
        return self.filter(given | self._received_by(user), account__deleted_at=None)

    def given_by(self, user: User) -> "AccountShareQuerySet":
        return self.visible_to(user).filter(user=user)

    def received_by(self, user: User) -> "AccountShareQuerySet":
        """Open invitations to the user, and shares the user accepted."""
        return self.filter(self._received_by(user), account__deleted_at=None)

    def accepted(self) -> "AccountShareQuerySet":
        return self.filter(status=AccountShare.Status.ACCEPTED)

    def offered_to(self, user: User) -> "AccountShareQuerySet":
        """Invitations waiting for the user's answer."""
        return self.received_by(user).filter(status=AccountShare.Status.INVITED)

    def _received_by(self, user: User) -> Q:
        """An invitation to an email address belongs to whoever has confirmed that address."""
        addresses = EmailAddress.objects.filter(user_id=user.pk, verified=True).values("email")
        to_me = Q(member=user) | Q(member=None, invited_email__in=addresses)
        return to_me & Q(status__in=[AccountShare.Status.INVITED, AccountShare.Status.ACCEPTED])


class AccountShare(models.Model):
    """One account shared with another person, as viewer or analyst, from acceptance until revoked.

    `invited_email` is the address the owner entered. If nobody is registered with it, the
    invitation looks the same to the owner and waits without a member.
    """

    class Level(models.TextChoices):
        VIEWER = "viewer", _("Viewer")
        ANALYST = "analyst", _("Analyst")

    class Status(models.TextChoices):
        INVITED = "invited", _("Invited")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REVOKED = "revoked", _("Revoked")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares_given"
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="shares_received",
        null=True,
        blank=True,
    )
    invited_email = models.EmailField(_("invited as"), blank=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="shares")
    level = models.CharField(max_length=8, choices=Level.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.INVITED)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AccountShareQuerySet.as_manager()

    class Meta:
        verbose_name = "shared account"
        constraints = [
            models.UniqueConstraint(fields=["account", "member"], name="share_once_per_member"),
            models.UniqueConstraint(
                fields=["account", "invited_email"],
                condition=Q(member=None),
                name="share_once_per_address",
            ),
            models.CheckConstraint(
                condition=~Q(user=models.F("member")), name="share_not_with_oneself"
            ),
            models.CheckConstraint(
                condition=Q(member__isnull=False) | ~Q(status="accepted"),
                name="share_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} → {self.member_id or 'nobody yet'} ({self.level})"

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.INVITED, self.Status.ACCEPTED)

    @property
    def email(self) -> str:
        """The other person's address as the owner knows it."""
        return self.invited_email or (self.member.email if self.member else "")


class ExchangeRate(models.Model):
    """One `base` = `rate` `quote` on the date `rate_on`, from one source."""

    base = CurrencyField()
    quote = CurrencyField()
    # Stored as text: rates have more digits than money, and SQLite would store decimals as floats.
    rate = models.CharField(max_length=32)
    rate_on = models.DateField()
    source = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-rate_on", "base", "quote"]
        constraints = [
            models.UniqueConstraint(
                fields=["base", "quote", "rate_on"], name="exchange_rate_once_per_day"
            ),
        ]
        indexes = [models.Index(fields=["quote", "rate_on"], name="exchange_rate_by_quote")]

    def __str__(self) -> str:
        return f"{self.rate_on} 1 {self.base} = {self.rate} {self.quote}"


class RateMonth(models.Model):
    """How often the rates of a month's days have changed: what was converted before is out of date.

    A rate serves its own day and the seven after it, so it may change two months.
    """

    month = models.DateField(unique=True)
    version = models.IntegerField(default=0)

    class Meta:
        ordering = ["-month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}, version {self.version}"


class HeldRate(models.Model):
    """An implausible rate, too far from the last known one. Staff accept or refuse it.

    Until then it is not used; the last good rate stays valid for its seven days.
    """

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    base = CurrencyField()
    quote = CurrencyField()
    rate = models.CharField(max_length=32)
    rate_on = models.DateField()
    source = models.CharField(max_length=40)
    known_rate = models.CharField(max_length=32)
    known_on = models.DateField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.HELD)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "rate waiting for review"
        verbose_name_plural = "rates waiting for review"
        ordering = ["-rate_on", "base", "quote"]
        constraints = [
            models.UniqueConstraint(
                fields=["base", "quote", "rate_on"], name="held_rate_once_per_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rate_on} 1 {self.base} = {self.rate} {self.quote}?"


class RateFetch(models.Model):
    """One request to a rate source and its outcome."""

    source = models.CharField(max_length=40)
    asked_at = models.DateTimeField(db_index=True)
    has_succeeded = models.BooleanField(_("succeeded"))
    message = models.CharField(max_length=200, blank=True)
    rate_on = models.DateField(_("rates of"), null=True)
    stored_count = models.PositiveIntegerField(_("stored"), default=0)
    held_count = models.PositiveIntegerField(_("held"), default=0)

    class Meta:
        verbose_name = "rate update"
        verbose_name_plural = "rate updates"
        ordering = ["-asked_at", "-id"]

    def __str__(self) -> str:
        return f"{self.source} at {self.asked_at:%Y-%m-%d %H:%M}"


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


class ConnectedAccount(models.Model):
    """An account at a connected bank, and the account here that receives its transactions, if any.

    A bank account feeds at most one account here, and an account here is fed by at most one bank.
    """

    connection = models.ForeignKey(
        BankConnection, on_delete=models.CASCADE, related_name="connected_accounts"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="connected_accounts"
    )
    external_id = models.CharField(max_length=255)
    persistent_id = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=120)
    account_type = models.CharField(max_length=12, choices=Account.Type.choices)
    last_four = models.CharField(max_length=4, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    balance = AmountField(null=True, blank=True)
    balance_on = models.DateField(null=True, blank=True)
    # Created here for this bank account: the first sync sets its opening balance.
    sets_opening_balance = models.BooleanField(default=False)
    # A sentence that says why its transactions cannot be stored here.
    refusal = models.CharField(max_length=200, blank=True)
    # False once the connection has ended. The mapping is kept for a new link to the same bank.
    is_live = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_id"], name="connected_account_once"
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(is_live=True) & Q(account__isnull=False),
                name="connected_account_feeds_one",
                violation_error_message=_("This account is connected to a bank already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.last_four}".strip()

    @property
    def difference(self) -> Decimal | None:
        """The bank's balance minus the balance here, or None if either is not known yet."""
        if self.account is None or self.balance is None or self.sets_opening_balance:
            return None
        return self.balance - self.account.balance


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
