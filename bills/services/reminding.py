"""Bill reminders: at most once per bill, lead day and channel, through the outbox."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.urls import reverse

from banking.kernel.bulk import batched
from banking.kernel.formats import date_format
from banking.kernel.money import format_money
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import BILL_CATCH_UP_DAYS, REMINDER_LEAD_DAYS, REMINDERS_FROM_HOUR
from bills.models import Bill
from bills.preflight import auto_pay_outlook, shortfalls
from bills.services.auto_paying import with_local_date
from bills.services.planning import lock_bill
from users.audit import trail
from users.messages.outbox import EMAIL, SMS, channel_problem, notify
from users.models import Notification, User
from users.timezones import EARLIEST_ZONE, LATEST_ZONE, local_date

KIND = "bill_reminder"
BILLS_AT_ONCE = 500


def send_due_reminders(*, at: datetime) -> int:
    """Send reminders for bills whose lead day has come in the owner's time zone; returns how many.

    Safe to run concurrently; catches up 31 days after an outage.
    """
    waiting = (
        Bill.objects.open()
        .filter(
            user__is_active=True,
            due_date__lte=local_date(EARLIEST_ZONE, at) + timedelta(days=REMINDER_LEAD_DAYS),
            due_date__gte=local_date(LATEST_ZONE, at) - timedelta(days=BILL_CATCH_UP_DAYS),
        )
        .order_by("due_date", "pk")
    )
    wanted = (
        candidate for candidate in with_local_date(waiting, at) if _is_its_hour(*candidate, at)
    )
    count = 0
    for batch in batched(wanted, BILLS_AT_ONCE):
        notified = _told([bill for bill, _ in batch])
        for bill, on in batch:
            # Check before locking, so that a run with nothing to send locks nothing.
            if not notified.get(_lead_key(bill), set()).issuperset(channels_of(bill.user)):
                count += len(_remind(bill, on, at))
    return count


def _is_its_hour(bill: Bill, on: date, at: datetime) -> bool:
    lead_day = bill.due_date - timedelta(days=bill.remind_days_before)
    is_day = lead_day <= on <= bill.due_date + timedelta(days=BILL_CATCH_UP_DAYS)
    return is_day and at.astimezone(ZoneInfo(bill.user.timezone)).hour >= REMINDERS_FROM_HOUR


def _lead_key(bill: Bill) -> str:
    return f"bill:{bill.pk}:{bill.remind_days_before}"


def _told(bills: list[Bill]) -> dict[str, set[str]]:
    """{lead key: the channels already used, on any day}."""
    notified: dict[str, set[str]] = {}
    rows = Notification.objects.filter(
        recipient__in={bill.user_id for bill in bills},
        kind=KIND,
        target_key__in=[_lead_key(bill) for bill in bills],
    )
    for key, channel in rows.values_list("target_key", "channel"):
        notified.setdefault(key, set()).add(channel)
    return notified


@db_transaction.atomic
def send_reminder(*, actor: User, bill: Bill, on: date, at: datetime) -> list[Notification]:
    """Remind the owner now, by every channel that reaches them; at most once a day.

    Raises ValidationError for a settled bill.
    """
    locked = lock_bill(bill)
    if not locked.is_open:
        raise ValidationError(
            "This bill is already paid or skipped, so there's nothing to remind you of."
        )
    written = _notify(locked, f"bill:{locked.pk}", channels_of(locked.user), on, at)
    trail.record(
        actor=actor,
        action="bills.bill.reminded",
        target=locked,
        channels=[notification.channel for notification in written],
    )
    return written


def channels_of(user: User) -> list[str]:
    """Email, and SMS if available for this user; the outbox skips channels they opted out of."""
    return [EMAIL] if channel_problem(user, SMS) else [EMAIL, SMS]


def asking_receipts(owner_id: int, bill_id: int) -> Asked:
    """The messages sent about an occurrence with their status, newest first."""
    keys = [f"bill:{bill_id}", *(f"bill:{bill_id}:{days}" for days in range(61))]
    return _RECEIPTS.asking(owner_id, keys)


_RECEIPTS = WrittenOnce(
    lambda user_id, names: Notification.objects.filter(
        recipient=user_id, kind=KIND, target_key__in=names
    ).order_by("-id")
)


@db_transaction.atomic
def _remind(bill: Bill, on: date, at: datetime) -> list[Notification]:
    """Send the reminder of the bill's lead day, unless it was sent on any earlier day."""
    locked = lock_bill(bill)
    if not locked.is_open:
        return []
    key = _lead_key(locked)
    channels = set(channels_of(bill.user)) - _told([locked]).get(key, set())
    return _notify(locked, key, sorted(channels), on, at)


def _notify(
    bill: Bill, key: str, channels: list[str], on: date, at: datetime
) -> list[Notification]:
    amount = format_money(bill.amount_due, bill.currency, bill.user.locale)
    return notify(
        recipient=bill.user,
        kind=KIND,
        target_key=key,
        channels=channels,
        subject=f"{bill.biller_name}: {amount} {_when(bill.due_date, on)}",
        text=_text(bill, amount, on),
        on=on,
        at=at,
        link=reverse("bills:bill_detail", args=[bill.pk]),
    )


def _when(due: date, on: date) -> str:
    days = (due - on).days
    if days < 0:
        return "is overdue"
    return {0: "is due today", 1: "is due tomorrow"}.get(days, f"is due in {days} days")


def _text(bill: Bill, amount: str, on: date) -> str:
    sentence = f"Your bill of {amount} from {bill.biller_name} {_when(bill.due_date, on)}."
    if bill.auto_pay:
        lacking = shortfalls(user=bill.user, on=on).get(bill.pk)
        outlook = auto_pay_outlook(bill, on, lacking)
        if outlook is not None:
            return f"{sentence} {outlook.message}"
    due = date_format(bill.due_date, "j F Y", bill.user.locale)
    return f"{sentence} Due date: {due}."
