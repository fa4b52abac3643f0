"""Dismiss a recurring payment, and undo it."""

from typing import Any

from django.db import transaction as db_transaction

from accounts.models import Account
from insights.models import RecurringDismissal
from users.audit import trail
from users.models import User


@db_transaction.atomic
def dismiss_recurring(
    *, actor: User, account: Account, merchant_key: str, direction: str, name: str
) -> RecurringDismissal:
    """Exclude this merchant's payments on this account from recurring ones. Safe to repeat.

    Raises ValidationError for an invalid merchant or direction.
    """
    what = {
        "user": actor,
        "account": account,
        "merchant_key": merchant_key,
        "direction": direction,
    }
    name = (name or merchant_key)[:200]
    RecurringDismissal(**what, name=name).full_clean(validate_constraints=False)
    dismissal, is_new = RecurringDismissal.objects.get_or_create(**what, defaults={"name": name})
    if not is_new:
        return dismissal
    trail.record(
        actor=actor,
        action="insights.recurring.dismissed",
        target=dismissal,
        account=account.pk,
        merchant=dismissal.name,
        direction=direction,
    )
    return dismissal


@db_transaction.atomic
def undo_dismissal(*, actor: User, dismissal: RecurringDismissal) -> None:
    """Allow the payment to be detected again."""
    audited: dict[str, Any] = {
        "target": dismissal,
        "merchant": dismissal.name,
        "account": dismissal.account_id,
    }
    count, _rows = RecurringDismissal.objects.filter(pk=dismissal.pk).delete()
    if count:
        trail.record(actor=actor, action="insights.recurring.restored", **audited)
