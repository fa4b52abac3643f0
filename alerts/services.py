"""All writes of alerts and notification settings."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.utils import timezone

from alerts.facts import Fact
from alerts.models import Alert, AlertQuerySet, AlertSubscription, AlertType
from alerts.subscriptions import AMOUNT, RULES, URGENT, Choice
from banking.kernel.money import LARGEST_AMOUNT, exact_amount
from banking.kernel.refusals import refused
from users.audit import trail
from users.messages.outbox import EMAIL, SMS, notify, opt_in
from users.models import User
from users.timezones import local_date


@db_transaction.atomic
def raise_alert(*, fact: Fact, choice: Choice, at: datetime) -> Alert | None:
    """Raise an alert by the chosen channels; None if the fact was reported before.

    The unique key decides, so any number of scans may try. Messages are committed with the alert.
    """
    user = fact.user
    alert = Alert(
        user=user,
        type=fact.type,
        message=fact.message[:500],
        sentence=list(fact.sentence),
        severity=fact.severity,
        link=fact.link,
        transactions_link=fact.transactions_link,
        dedupe_key=fact.key,
        occurred_on=fact.on,
        in_app=choice.in_app,
    )
    try:
        with db_transaction.atomic():
            alert.save(force_insert=True)
    except IntegrityError:
        return None
    notify(
        recipient=user,
        kind=fact.type,
        target_key=fact.key,
        channels=choice.channels,
        subject=str(AlertType(fact.type).label),
        text=alert.message,
        link=fact.link,
        on=local_date(user.timezone, at),
        at=at,
        is_urgent=fact.type in URGENT,
    )
    trail.record(actor=None, action="alerts.alert.raised", target=alert, type=fact.type)
    return alert


@db_transaction.atomic
def mark_read(*, actor: User, alerts: Sequence[Alert]) -> int:
    """Mark the user's alerts as read; returns how many were unread."""
    changed = _own(actor, alerts).filter(is_read=False)
    return changed.update(is_read=True, updated_at=timezone.now())


@db_transaction.atomic
def dismiss(*, actor: User, alert: Alert) -> Alert:
    """Dismiss an alert: mark it read and hide it from the current list. Safe to repeat."""
    now = timezone.now()
    changed = _own(actor, [alert]).filter(dismissed_at=None)
    if changed.update(dismissed_at=now, is_read=True, updated_at=now):
        trail.record(actor=actor, action="alerts.alert.dismissed", target=alert)
    alert.refresh_from_db()
    return alert


@db_transaction.atomic
def delete(*, actor: User, alert: Alert) -> None:
    """Hide an alert for good. Its key stays, so that no scan raises the same fact again."""
    now = timezone.now()
    if _own(actor, [alert]).filter(deleted_at=None).update(deleted_at=now, updated_at=now):
        trail.record(actor=actor, action="alerts.alert.deleted", target=alert)


@db_transaction.atomic
def restore(*, actor: User, alert: Alert) -> Alert:
    """Undo a dismissal or deletion."""
    changed = _own(actor, [alert])
    changed.update(dismissed_at=None, deleted_at=None, updated_at=timezone.now())
    trail.record(actor=actor, action="alerts.alert.restored", target=alert)
    alert.refresh_from_db()
    return alert


@db_transaction.atomic
def subscribe(
    *,
    actor: User,
    user: User,
    type: str,
    in_app: bool,
    email: bool,
    sms: bool,
    threshold: Decimal | None,
) -> Choice:
    """Choose the channels and the threshold of one alert type.

    A channel that is not available yet may be chosen; settings show why nothing arrives. Raises
    ValidationError for a threshold on a type without one.
    """
    check_threshold(type, threshold, user.base_currency)
    # Create the row if it is missing, then lock it: a concurrent request may create it as well.
    AlertSubscription.objects.bulk_create(
        [AlertSubscription(user=user, type=type)], ignore_conflicts=True
    )
    row = AlertSubscription.objects.select_for_update().get(user=user, type=type)
    before = asdict(Choice(type, row.in_app, row.email, row.sms, row.threshold))
    row.in_app, row.email, row.sms, row.threshold = in_app, email, sms, threshold
    row.full_clean()
    row.save(update_fields=["in_app", "email", "sms", "threshold", "updated_at"])
    chosen = [name for name, is_on in ((EMAIL, email), (SMS, sms)) if is_on]
    if chosen:
        opt_in(actor=actor, user=user, kind=type, channels=chosen)
    choice = Choice(type, in_app, email, sms, threshold)
    trail.record(
        actor=actor,
        action="alerts.subscription.changed",
        target=row,
        before=before,
        after=asdict(choice),
    )
    return choice


def check_threshold(kind: str, threshold: Decimal | None, currency: str = "") -> None:
    """Raise ValidationError for a threshold that the type does not have or that is out of range.

    An amount is in `currency`, the user's base currency; without it, decimals are not checked.
    """
    if threshold is None:
        return
    rule = RULES[kind]
    if not rule.unit:
        raise refused("threshold", "This alert type has no threshold.")
    if not 0 < threshold <= LARGEST_AMOUNT:
        raise refused("threshold", "Enter a threshold above zero.")
    if rule.most is not None and threshold > rule.most:
        raise refused("threshold", f"Enter at most {rule.most}.")
    if rule.unit == AMOUNT and currency:
        exact_amount(threshold, currency, "threshold")


def _own(actor: User, alerts: Sequence[Alert]) -> AlertQuerySet:
    return Alert.objects.in_reach_of(actor).filter(pk__in=[alert.pk for alert in alerts])
