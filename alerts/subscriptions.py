"""Notification settings: stored choices over defaults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from alerts.models import AlertSubscription, AlertType
from banking.kernel.money import minor_unit_digits
from users.messages.outbox import EMAIL, SMS, channel_problem, opted_out_kinds
from users.models import User

AMOUNT, PERCENT = "amount", "percent"


@dataclass(frozen=True, slots=True)
class TypeRule:
    """The defaults of one type.

    `unit` is the threshold's unit (empty: no threshold); `default` is the default threshold, None
    if the type has its own rule, described by `help`.
    """

    help: str
    email: bool = False
    unit: str = ""
    default: Decimal | None = None
    most: Decimal | None = None


RULES: dict[str, TypeRule] = {
    AlertType.LOW_BALANCE: TypeRule(
        "An account balance is below a fifth of its 90-day average, or below your threshold.",
        email=True,
        unit=AMOUNT,
    ),
    AlertType.BILL_DUE: TypeRule(
        "A bill is due within three days. Bill reminders are emailed separately."
    ),
    AlertType.BILL_OVERDUE: TypeRule("A bill wasn't paid by its due date.", email=True),
    AlertType.AUTOPAY_FAILED: TypeRule("An automatic payment failed.", email=True),
    AlertType.BUDGET_WARNING: TypeRule(
        "You've used this share of a budget.",
        email=True,
        unit=PERCENT,
        default=Decimal(80),
        most=Decimal(100),
    ),
    AlertType.BUDGET_EXCEEDED: TypeRule("You've spent more than your budget.", email=True),
    AlertType.LARGE_TRANSACTION: TypeRule(
        "A single expense of at least this amount. Regular payments such as rent don't "
        "count unless you set your own threshold.",
        unit=AMOUNT,
        default=Decimal(500),
    ),
    AlertType.UNUSUAL_SPENDING: TypeRule(
        "You're spending far more on a category than in the last six months, or more than "
        "usual by your percentage.",
        unit=PERCENT,
    ),
    AlertType.POINTS_EXPIRING: TypeRule("Reward points expire within 60 days."),
    AlertType.SYNC_FAILED: TypeRule("A bank connection stopped working."),
    AlertType.NEW_LOGIN: TypeRule("Someone signed in from a new network or device.", email=True),
    AlertType.IMPORT_FINISHED: TypeRule("A file was imported."),
}
# Not during quiet hours: news of a break-in must not wait until the morning.
URGENT = {AlertType.NEW_LOGIN}


@dataclass(frozen=True, slots=True)
class Choice:
    """One user's settings for one type."""

    type: str
    in_app: bool
    email: bool
    sms: bool
    threshold: Decimal | None

    @property
    def is_wanted(self) -> bool:
        return self.in_app or self.email or self.sms

    @property
    def channels(self) -> tuple[str, ...]:
        """The chosen channels outside the app."""
        wanted = ((EMAIL, self.email), (SMS, self.sms))
        return tuple(name for name, is_on in wanted if is_on)


Choices = Mapping[tuple[int, str], Choice]


def choices_of(user_ids: Iterable[int], types: Iterable[str]) -> Choices:
    """The settings of each user for each type, in one query."""
    user_ids, types = list(user_ids), list(types)
    stored = {
        (row.user_id, row.type): row
        for row in AlertSubscription.objects.filter(user_id__in=user_ids, type__in=types)
    }
    return {
        (user_id, type_name): _choice(type_name, stored.get((user_id, type_name)))
        for user_id in user_ids
        for type_name in types
    }


def choices_for(user: User) -> list[Choice]:
    """One user's settings for every type; unsubscribing in a mail turns email off."""
    silenced = opted_out_kinds(user)
    found = choices_of([user.pk], AlertType.values)
    return [_heard(found[user.pk, alert_type], silenced) for alert_type in AlertType.values]


def problems_of(user: User) -> dict[str, str]:
    """{channel: why it is not available now}, "" if it is."""
    return {channel: channel_problem(user, channel) for channel in (EMAIL, SMS)}


def default_threshold(kind: str, currency: str) -> Decimal | None:
    """The default threshold; amounts are scaled for currencies without minor units."""
    rule = RULES[kind]
    if rule.default is None or rule.unit != AMOUNT:
        return rule.default
    return rule.default * 100 if minor_unit_digits(currency) == 0 else rule.default


def _choice(kind: str, row: AlertSubscription | None) -> Choice:
    if row is None:
        return Choice(kind, in_app=True, email=RULES[kind].email, sms=False, threshold=None)
    return Choice(kind, row.in_app, row.email, row.sms, row.threshold)


def _heard(choice: Choice, silenced: set[tuple[str, str]]) -> Choice:
    return Choice(
        choice.type,
        choice.in_app,
        choice.email and (choice.type, EMAIL) not in silenced,
        choice.sms and (choice.type, SMS) not in silenced,
        choice.threshold,
    )
