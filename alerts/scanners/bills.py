"""A bill is due within three days, is overdue, or auto-pay failed: one alert each."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Q
from django.urls import reverse

from alerts.facts import Fact, People
from alerts.models import Alert, AlertType
from banking.kernel.periods import Period
from banking.kernel.sentences import Part, day, money, parts_of
from bills.models import Bill
from bills.preflight import AutoPayState, Shortfall, auto_pay_outlook, shortfalls_of
from transactions.models import UnpostedReason
from users.models import User
from users.timezones import local_date

KINDS = (AlertType.BILL_DUE, AlertType.BILL_OVERDUE, AlertType.AUTOPAY_FAILED)
DUE_DAYS = 3
# How many days late a fact is still reported, for example after an outage.
LATE_DAYS = 31


def scan(people: People, on: date) -> Iterator[Fact]:
    lacking = shortfalls_of(people.ids, on)
    yield from _facts(people, Period(on, on + timedelta(days=1)), lacking)
    yield from _not_posted(people, on)


def _not_posted(people: People, on: date) -> Iterator[Fact]:
    """Planned payments and transfers that did not post on their day; one alert each."""
    waiting = UnpostedReason.objects.filter(
        transaction__user__in=people.ids,
        transaction__deleted_at=None,
        transaction__signed_amount__lt=0,
        tried_on__gt=on - timedelta(days=LATE_DAYS),
        tried_on__lte=on,
    ).select_related("transaction")
    for unposted in waiting.order_by("transaction_id"):
        row, user = unposted.transaction, people.by_id[unposted.transaction.user_id]
        yield Fact(
            user=user,
            type=AlertType.AUTOPAY_FAILED,
            key=f"{AlertType.AUTOPAY_FAILED}:planned:{row.pk}:{unposted.tried_on}",
            on=on,
            sentence=[
                f"{row.title}: ",
                money(row.amount, row.currency),
                " planned for ",
                day(row.txn_date, "j F"),
                " wasn't posted. ",
                *parts_of(unposted.reason),
            ],
            severity=Alert.Severity.CRITICAL,
            link=reverse("transactions:transaction_detail", args=[row.pk]),
        )


def replay(people: People, days: Period) -> Iterator[Fact]:
    """Skips shortfall alerts: past daily balances are not available here."""
    yield from _facts(people, days, {})


def _facts(people: People, days: Period, lacking: dict[int, Shortfall]) -> Iterator[Fact]:
    users = people.by_id
    bills = Bill.objects.filter(
        Q(paid_on=None) | Q(paid_on__gt=days.start - timedelta(days=LATE_DAYS)),
        user__in=people.ids,
        deleted_at=None,
        due_date__gte=days.start - timedelta(days=LATE_DAYS),
        due_date__lt=days.end + timedelta(days=DUE_DAYS),
    ).select_related("account")
    for bill in bills.order_by("user_id", "due_date", "pk").iterator(chunk_size=2000):
        bill.user = users[bill.user_id]
        yield from judge(bill, users[bill.user_id], days, lacking.get(bill.pk))


def judge(bill: Bill, user: User, days: Period, lacking: Shortfall | None) -> Iterator[Fact]:
    """Report each of the three facts on the first of `days` on which it holds."""
    amount, due = money(bill.amount_due, bill.currency), day(bill.due_date, "j F")
    on = max(days.start, bill.due_date - timedelta(days=DUE_DAYS))
    if on in days and on <= bill.due_date and _is_open(bill, user, on):
        short: list[Part] = []
        if lacking is not None:
            less = money(lacking.amount, lacking.currency)
            short = [f" {lacking.account.name} will be ", less, " short."]
        outlook = auto_pay_outlook(bill, on, lacking)
        if outlook is not None and outlook.state != AutoPayState.SHORT:
            short = [f" {outlook.message}"]
        is_well = outlook.will_pay if outlook is not None else lacking is None
        # Alert again if auto-pay will no longer succeed. A failed payment has its own alert.
        more = "" if outlook is None or is_well else f":{bill.due_date}:{outlook.state}"
        if outlook is None or outlook.state != AutoPayState.FAILED:
            severity = Alert.Severity.INFO if is_well else Alert.Severity.WARNING
            sentence = [f"{bill.biller_name}: ", amount, " is due on ", due, ".", *short]
            yield _fact(AlertType.BILL_DUE, bill, user, on, sentence, severity, more)
    on = max(days.start, bill.due_date + timedelta(days=1))
    is_late = on <= bill.due_date + timedelta(days=LATE_DAYS)
    if on in days and is_late and _is_open(bill, user, on):
        sentence = [f"{bill.biller_name}: ", amount, " was due on ", due, " and hasn't been paid."]
        yield _fact(AlertType.BILL_OVERDUE, bill, user, on, sentence, Alert.Severity.CRITICAL)
    tried = bill.auto_pay_tried_on
    if bill.auto_pay_error and tried is not None:
        on = max(days.start, tried)
        if on in days and on <= tried + timedelta(days=LATE_DAYS) and _is_open(bill, user, on):
            begun = f"We couldn't pay {bill.biller_name} automatically: "
            sentence = [begun, *parts_of(bill.auto_pay_error)]
            severity = Alert.Severity.CRITICAL
            yield _fact(AlertType.AUTOPAY_FAILED, bill, user, on, sentence, severity, f":{tried}")


def _is_open(bill: Bill, user: User, on: date) -> bool:
    """Whether it was neither paid nor skipped by the end of that day; a future-dated payment counts
    as paid.
    """
    if bill.skipped_at is not None and local_date(user.timezone, bill.skipped_at) <= on:
        return False
    if bill.paid_on is None or bill.paid_at is None:
        return True
    return min(bill.paid_on, local_date(user.timezone, bill.paid_at)) > on


def _fact(
    kind: str,
    bill: Bill,
    user: User,
    on: date,
    sentence: list[Part],
    severity: str,
    more: str = "",
) -> Fact:
    return Fact(
        user=user,
        type=kind,
        key=f"{kind}:{bill.pk}{more or f':{bill.due_date}'}",
        on=on,
        sentence=sentence,
        severity=severity,
        link=reverse("bills:bill_detail", args=[bill.pk]),
    )
