"""Auto-pay: once per occurrence, on its due date in the owner's time zone; catches up 31 days.

A worker that dies leaves either nothing or everything done. Only the owner can retry a failed
payment.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from banking.kernel.commands import command
from banking.kernel.sentences import refusal_parts, stored
from banking.limits import BILL_AHEAD_DAYS, BILL_CATCH_UP_DAYS, BILL_FORGOTTEN_DAYS
from bills.models import Bill, BillQuerySet
from bills.recurrence import occurrence_date
from bills.services.paying import pay_bill
from bills.services.planning import lock_bill, plan_ahead
from users.audit import trail
from users.timezones import EARLIEST_ZONE, LATEST_ZONE, local_date


def auto_pay_due(*, at: datetime) -> dict[str, int]:
    """Pay bills due in each owner's time zone at the moment `at`; returns how many succeeded and
    failed.

    Safe to run concurrently.
    """
    counts = {"paid": 0, "failed": 0}
    waiting = (
        Bill.objects.open()
        .filter(
            auto_pay=True,
            auto_pay_tried_on=None,
            user__is_active=True,
            due_date__lte=local_date(EARLIEST_ZONE, at),
            due_date__gte=local_date(LATEST_ZONE, at) - timedelta(days=BILL_CATCH_UP_DAYS),
        )
        .order_by("due_date", "pk")
    )
    for bill, on in with_local_date(waiting, at):
        if on - timedelta(days=BILL_CATCH_UP_DAYS) <= bill.due_date <= on:
            outcome = auto_pay(bill=bill, on=on)
            if outcome:
                counts[outcome] += 1
    return counts


@command
def auto_pay(*, bill: Bill, on: date) -> str:
    """Try to auto-pay an occurrence on the date `on`: "paid", "failed", or "" if already settled.

    Without enough money nothing is debited, and the reason is stored on the bill.
    """
    locked = lock_bill(bill)
    if not locked.is_open or not locked.will_auto_pay or locked.due_date > on:
        return ""
    try:
        with db_transaction.atomic():
            pay_bill(actor=None, bill=locked, on=on, today=on)
    except ValidationError as error:
        sentence = " ".join(error.messages)
        reason = stored(refusal_parts(error), 300)
    else:
        sentence = reason = ""
    # Update the row directly: `locked` is stale, because paying has written it.
    Bill.objects.filter(pk=locked.pk).update(auto_pay_tried_on=on, auto_pay_error=reason)
    if not sentence:
        return "paid"
    trail.record(
        actor=None, action="bills.bill.auto_pay_failed", target=locked, on=on, reason=sentence
    )
    return "failed"


def plan_all_ahead(*, at: datetime) -> int:
    """Create occurrences for the next 35 days of every open series; returns how many."""
    horizon = local_date(EARLIEST_ZONE, at) + timedelta(days=BILL_AHEAD_DAYS)
    oldest = horizon - timedelta(days=BILL_FORGOTTEN_DAYS)
    waiting = last_of_series().filter(
        due_date__lte=horizon, due_date__gte=oldest, user__is_active=True
    )
    made = 0
    for bill, on in with_local_date(waiting.order_by("pk"), at):
        until = on + timedelta(days=BILL_AHEAD_DAYS)
        following = occurrence_date(bill.series_start, bill.recurrence, bill.sequence + 1)
        if following is not None and following <= until:
            made += plan_ahead(bill=bill, until=until)
    return made


def last_of_series() -> BillQuerySet:
    """Open recurring occurrences without a later one in their series."""
    return (
        Bill.objects.open()
        .exclude(recurrence=Bill.Recurrence.NONE)
        .filter(remainder_of=None)
        .without_following()
    )


def with_local_date(bills: BillQuerySet, at: datetime) -> Iterator[tuple[Bill, date]]:
    """Each bill with its owner's local date, loaded in chunks."""
    for bill in bills.select_related("user").iterator(chunk_size=500):
        yield bill, local_date(bill.user.timezone, at)
