"""Accounts, who shares them, and the accounts at connected banks that feed them.

Invariant: `Account.balance = opening_balance + Σ signed_amount` of the account's posted, not
deleted transactions, at every commit. Only `accounts.services.apply_to_balances` writes it.
"""

from collections.abc import Iterable
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.db.models import Prefetch, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.connections import BankConnection
from banking.kernel.fields import AmountField, CurrencyField
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

    # Of accounts whose feeds were read along.
    live_feeds: "list[ConnectedAccount]"

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
        feeds = getattr(self, "live_feeds", None)
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
