"""An account's balance is low: below a fifth of its 90-day average, or the owner's threshold.

One alert per account and calendar month. Only spending accounts: debts on cards and loans cannot be
"low", and investments are not for spending.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.urls import reverse

from accounts.exchange import RateTable
from accounts.models import Account
from alerts.facts import Fact, People, transactions_link
from alerts.models import Alert, AlertType
from banking.kernel.periods import Period
from banking.kernel.sentences import Part, money
from transactions.models import Transaction
from users.models import User

KINDS = (AlertType.LOW_BALANCE,)
AVERAGE_DAYS = 90
SHARE = Decimal("0.20")
WATCHED = (Account.Type.CHECKING, Account.Type.SAVINGS, Account.Type.CASH)


@dataclass(slots=True)
class Course:
    """An account's current balance and daily changes, from which each day's balance is computed."""

    account: Account
    user: User
    changes: dict[date, Decimal] = field(default_factory=dict)

    def days(self, days: Period) -> Iterator[tuple[date, Decimal, Decimal]]:
        """(day, balance at its end, average of the 90 days ending with it)."""
        first = days.start - timedelta(days=AVERAGE_DAYS - 1)
        balance = self.account.balance - sum(
            (change for on, change in self.changes.items() if on >= first), Decimal(0)
        )
        window: list[Decimal] = []
        total = Decimal(0)
        for offset in range((days.end - first).days):
            on = first + timedelta(days=offset)
            balance += self.changes.get(on, Decimal(0))
            window.append(balance)
            total += balance
            if offset >= AVERAGE_DAYS:
                total -= window[offset - AVERAGE_DAYS]
            if on >= days.start:
                yield on, balance, total / AVERAGE_DAYS


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on, on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    courses = _load(people, days)
    rates = _rates(people, courses, days)
    for course in courses:
        table = rates[course.user.base_currency]
        threshold = people.threshold(course.user, AlertType.LOW_BALANCE)
        for on, balance, average in course.days(days):
            limit = None
            if threshold is not None:
                # Convert to the base currency, like the threshold; without a rate it cannot be
                # compared.
                worth = table.convert(balance, course.account.currency, on)
                limit = threshold if worth is not None and worth.amount < threshold else None
            yield from judge(course, on, balance, average, limit)


def judge(
    course: Course, on: date, balance: Decimal, average: Decimal, limit: Decimal | None
) -> Iterator[Fact]:
    """`limit`: the owner's threshold in the base currency, if the balance is below it."""
    is_low = average > 0 and balance < SHARE * average
    if not is_low and limit is None:
        return
    account, user = course.account, course.user
    why: list[Part] = [
        ", less than a fifth of its 90-day average of ",
        money(average, account.currency),
    ]
    if limit is not None:
        why = [", below your threshold of ", money(limit, user.base_currency)]
    yield Fact(
        user=user,
        type=AlertType.LOW_BALANCE,
        key=f"low_balance:{account.pk}:{on:%Y-%m}",
        on=on,
        sentence=[f"{account.name} is at ", money(balance, account.currency), *why, "."],
        severity=Alert.Severity.CRITICAL if balance < 0 else Alert.Severity.WARNING,
        link=reverse("accounts:account_detail", args=[account.pk]),
        transactions_link=transactions_link(
            account=account.pk, date_from=on - timedelta(days=AVERAGE_DAYS - 1), date_to=on
        ),
    )


def _load(people: People, days: Period) -> list[Course]:
    """The accounts and their daily changes since the window's first day. Two queries."""
    users = people.by_id
    accounts = Account.objects.active().filter(user_id__in=people.ids, account_type__in=WATCHED)
    courses = {
        account.pk: Course(account, users[account.user_id]) for account in accounts.order_by("pk")
    }
    first = days.start - timedelta(days=AVERAGE_DAYS - 1)
    changes = (
        Transaction.objects.posted()
        .filter(account_id__in=courses, deleted_at=None, txn_date__gte=first)
        .order_by()
        .values_list("account_id", "txn_date")
        .annotate(net=Sum("signed_amount"))
    )
    for account_id, on, net in changes.iterator(chunk_size=5000):
        courses[account_id].changes[on] = net
    return list(courses.values())


def _rates(people: People, courses: list[Course], days: Period) -> dict[str, RateTable]:
    """{base currency: rates into it}; loaded only if a threshold needs a foreign rate."""
    wanted: dict[str, set[str]] = {user.base_currency: set() for user in people.users}
    for course in courses:
        if people.threshold(course.user, AlertType.LOW_BALANCE) is not None:
            wanted[course.user.base_currency].add(course.account.currency)
    return RateTable.for_targets(wanted, {days.start, days.last_day})
