"""The context of the bill pages: the list grouped by status, and the calendar."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from banking.kernel.formats import date_format, first_weekday
from banking.kernel.periods import Period, add_months
from banking.kernel.written_once import WrittenOnce
from banking.limits import BILL_CATCH_UP_DAYS, BILLS_SHOWN
from bills.matching import maybe_paid_ids
from bills.models import Bill, BillQuerySet
from bills.preflight import (
    AutoPayOutlook,
    AutoPayState,
    Shortfall,
    auto_pay_outlook,
    shortfalls_among,
)
from bills.recurrence import MONTHS_OF, occurrence_date
from users.models import User

DAYS_IN_WEEK = 7
SOON_DAYS, MOST_NEXT = 30, 5
MATCH_DAYS, MOST_MATCHED = 31, 40


# Auto-pay bills whose shortfall can still be fixed before the due date.
UNPAYABLE = (
    AutoPayState.SHORT,
    AutoPayState.ACCOUNT_ARCHIVED,
    AutoPayState.ACCOUNT_IN_TRASH,
    AutoPayState.NO_ACCOUNT,
)


@dataclass(slots=True)
class Line:
    """One bill with its status on the day, and its account's shortfall."""

    bill: Bill
    status: str
    days: int
    shortfall: Shortfall | None = None
    outlook: AutoPayOutlook | None = None
    maybe_paid: bool = False

    @property
    def days_late(self) -> int:
        return max(0, -self.days)

    @property
    def amount(self) -> Decimal:
        """The paid amount, or the amount due."""
        paid = self.bill.amount_paid
        return self.bill.amount_due if paid is None else paid


def list_context(*, user: User, on: date) -> dict[str, Any]:
    """Overdue bills first, then upcoming ones, then those paid this month."""
    mine, month = Bill.objects.visible_to(user).for_list(), Period.month_of(on)
    open_bills = OPEN_BILLS.rows(user.pk)
    late = [bill for bill in open_bills if bill.due_date < on]
    coming = [bill for bill in open_bills if bill.due_date >= on]
    lacking = shortfalls_among(open_bills, on)
    paid = mine.with_status(Bill.Status.PAID, on)
    paid = paid.filter(paid_on__gte=month.start, paid_on__lt=month.end)
    scheduled = mine.with_status(Bill.Status.SCHEDULED, on).order_by("paid_on", "id")
    overdue = lines(late[:BILLS_SHOWN], on, lacking)
    upcoming = lines(coming[:BILLS_SHOWN], on, lacking)
    _mark_maybe_paid([*reversed(overdue), *upcoming], on)
    trash = Bill.objects.filter(user=user).exclude(deleted_at=None)
    # The rest of an undone payment: the whole bill is due again.
    trash = trash.exclude(remainder_of__isnull=False, remainder_of__paid_at=None)
    return {
        "overdue": overdue,
        "upcoming": upcoming,
        "scheduled": lines(scheduled[:BILLS_SHOWN], on),
        "paid": lines(paid.order_by("-paid_on", "-id")[:BILLS_SHOWN], on),
        "overdue_sum": Sums.of_due(late),
        "upcoming_sum": Sums.of_due(coming),
        "paid_sum": Sums.of_paid(paid),
        "most_shown": BILLS_SHOWN,
        "short": [line for line in upcoming if line.outlook and line.outlook.state in UNPAYABLE],
        "trash": trash.order_by("-deleted_at", "due_date")[:50],
        "on": on,
    }


def _mark_maybe_paid(open_lines: list[Line], on: date) -> None:
    """Mark bills around the date `on` that an expense in the ledger may already have paid."""
    near = [
        open_line
        for open_line in open_lines
        if abs((open_line.bill.due_date - on).days) <= MATCH_DAYS
    ]
    found = maybe_paid_ids([line.bill for line in near[:MOST_MATCHED]])
    for line in near:
        line.maybe_paid = line.bill.pk in found


OPEN_BILLS = WrittenOnce(
    lambda user_id: (
        Bill.objects.visible_to(User(pk=user_id)).for_list().open().order_by("due_date", "id")
    )
)


def next_lines(*, user: User, on: date, most: int = MOST_NEXT) -> tuple[Line, ...]:
    """For the home page: overdue bills and those due in the next 30 days, `most` of them."""
    mine = OPEN_BILLS.rows(user.pk)
    last = on + timedelta(days=SOON_DAYS)
    found = [bill for bill in mine if bill.due_date <= last][:most]
    lacking = shortfalls_among(mine, on) if found else {}
    return tuple(lines(found, on, lacking))


def auto_pay_note(bill: Bill, on: date, outlook: AutoPayOutlook | None = None) -> str:
    """What auto-pay will do with an open bill, or why it will not act."""
    if outlook is not None and outlook.state in UNPAYABLE:
        return outlook.message
    if bill.auto_pay and bill.auto_pay_tried_on is not None:
        day = date_format(bill.auto_pay_tried_on, "j F")
        if bill.auto_pay_error:
            return _("We tried to pay it on %(day)s and won't try again automatically.") % {
                "day": day
            }
        return _("It was paid on %(day)s and undone. You pay this manually.") % {"day": day}
    if bill.auto_pay and bill.due_date < on - timedelta(days=BILL_CATCH_UP_DAYS):
        return _("This has been overdue too long for an automatic payment. Pay it manually.")
    if bill.auto_pay and bill.due_date <= on:
        return _("We'll pay it automatically within the hour if there's enough money.")
    if bill.auto_pay:
        return _("We'll pay it automatically on the due date if there's enough money.")
    if bill.account is None:
        return _("Choose a payment account first.")
    return _("You pay this manually.")


def lines(
    bills: Iterable[Bill], on: date, lacking: dict[int, Shortfall] | None = None
) -> list[Line]:
    """Each bill as shown on the date `on`."""
    return [
        Line(
            bill,
            bill.status_on(on),
            (bill.due_date - on).days,
            short := (lacking or {}).get(bill.pk),
            auto_pay_outlook(bill, on, short),
        )
        for bill in bills
    ]


@dataclass(frozen=True, slots=True)
class Sums:
    """A count of bills, and their (currency, sum) pairs: currencies are never added together."""

    count: int
    by_currency: tuple[tuple[str, Decimal], ...]

    @classmethod
    def of_paid(cls, bills: BillQuerySet) -> "Sums":
        """What was paid for all of these, including those the page does not list."""
        rows = bills.order_by("currency").values_list("currency")
        found = list(rows.annotate(Sum("amount_paid"), Count("pk")))
        return cls(sum(row[2] for row in found), tuple(row[:2] for row in found))

    @classmethod
    def of_due(cls, bills: Iterable[Bill]) -> "Sums":
        """What is due for these."""
        return cls.of_amounts([(bill.currency, bill.amount_due) for bill in bills])

    @classmethod
    def of_amounts(cls, amounts: Sequence[tuple[str, Decimal]]) -> "Sums":
        """Of (currency, amount)."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for currency, amount in amounts:
            sums[currency] += amount
        return cls(len(amounts), tuple(sorted(sums.items())))


@dataclass(frozen=True, slots=True)
class Expected:
    """A future occurrence that does not exist yet, assuming the series continues."""

    bill: Bill
    due_date: date


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar."""

    date: date
    is_in_month: bool
    is_today: bool
    lines: tuple[Line, ...]
    expected: tuple[Expected, ...]


def _week_start(day: date) -> date:
    return day - timedelta(days=(day.weekday() - first_weekday()) % DAYS_IN_WEEK)


def calendar_context(*, user: User, month: date, on: date) -> dict[str, Any]:
    """The weeks of a month, starting on the reader's first weekday, with each day's bills."""
    period = Period.month_of(month)
    first = _week_start(period.start)
    last = _week_start(period.last_day) + timedelta(days=DAYS_IN_WEEK - 1)
    mine = Bill.objects.visible_to(user).for_list()
    shown = lines(mine.filter(due_date__gte=first, due_date__lte=last), on)
    by_day: dict[date, list[Line]] = defaultdict(list)
    for line in shown:
        by_day[line.bill.due_date].append(line)
    expected: dict[date, list[Expected]] = defaultdict(list)
    for payment in _expected(user, first, last):
        expected[payment.due_date].append(payment)
    days = [
        Day(
            day,
            day in period,
            day == on,
            tuple(by_day.get(day, ())),
            tuple(expected.get(day, ())),
        )
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]
    planned = [
        (line.bill.currency, line.amount)
        for line in shown
        if line.bill.due_date in period and line.status != Bill.Status.SKIPPED
    ]
    to_come = [
        (payment.bill.currency, payment.bill.amount_due)
        for day, ones in expected.items()
        if day in period
        for payment in ones
    ]
    return {
        "month": period.start,
        "weeks": [days[n : n + DAYS_IN_WEEK] for n in range(0, len(days), DAYS_IN_WEEK)],
        "planned": Sums.of_amounts(planned),
        "to_come": Sums.of_amounts(to_come),
        "previous_month": add_months(period.start, -1),
        "next_month": add_months(period.start, 1),
        "is_this_month": on in period,
        "is_empty": not any(day.is_in_month and (day.lines or day.expected) for day in days),
    }


def _expected(user: User, first: date, last: date) -> list[Expected]:
    """Dates of open series after the existing occurrences, up to `last`."""
    ends = (
        Bill.objects.visible_to(user)
        .open()
        .filter(remainder_of=None, series_start__lte=last)
        .exclude(recurrence=Bill.Recurrence.NONE)
        .without_following()
    )
    found = []
    for bill in ends[:BILLS_SHOWN]:
        number = max(bill.sequence + 1, _number_before(bill, first))
        while (day := occurrence_date(bill.series_start, bill.recurrence, number)) is not None:
            if day > last:
                break
            if day >= first:
                found.append(Expected(bill, day))
            number += 1
    return found


def _number_before(bill: Bill, day: date) -> int:
    """A sequence number on or before that day, so that distant months are as fast as near ones."""
    if bill.recurrence == Bill.Recurrence.WEEKLY:
        return (day - bill.series_start).days // DAYS_IN_WEEK
    months = (day.year - bill.series_start.year) * 12 + day.month - bill.series_start.month - 1
    return months // MONTHS_OF[bill.recurrence]
