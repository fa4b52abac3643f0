"""A single posted expense of at least the owner's threshold; once per transaction."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format

from accounts.exchange import RateTable
from alerts.facts import Fact, People, told
from alerts.models import Alert, AlertType
from banking.periods import Period
from transactions.models import Category, Transaction
from users.models import User

KINDS = (AlertType.LARGE_TRANSACTION,)
# Lines come in some days after their date; older ones of a first import are no news.
LATE_DAYS = 7


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on - timedelta(days=LATE_DAYS), on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    users = people.by_id
    rows = list(_rows(people, days))
    wanted: dict[str, set[str]] = {user.base_currency: set() for user in people.users}
    for row in rows:
        wanted[users[row.user_id].base_currency].add(row.currency)
    rates = RateTable.for_targets(wanted, {row.txn_date for row in rows})
    for row in rows:
        user = users[row.user_id]
        yield from judge(row, user, people, rates[user.base_currency])


def judge(row: Transaction, user: User, people: People, rates: RateTable) -> Iterator[Fact]:
    """An amount no rate is known for is not compared: it is neither large nor small."""
    worth = rates.convert(-row.signed_amount, row.currency, row.txn_date)
    threshold = people.threshold(user, AlertType.LARGE_TRANSACTION)
    if worth is None or threshold is None or worth.amount < threshold:
        return
    url = reverse("transactions:transaction_detail", args=[row.pk])
    amount = told(-row.signed_amount, row.currency, user)
    yield Fact(
        user=user,
        type=AlertType.LARGE_TRANSACTION,
        key=f"large_transaction:{row.pk}",
        on=row.txn_date,
        message=f"{row.title}: {amount} on {date_format(row.txn_date, 'j F')}.",
        severity=Alert.Severity.INFO,
        link=url,
        transactions_link=url,
    )


def _rows(people: People, days: Period) -> Iterator[Transaction]:
    """Expenses of those days, without transfers; the coffees stay in the database."""
    rows = (
        Transaction.objects.posted()
        .live()
        .in_period(days)
        .filter(user_id__in=people.ids, signed_amount__lt=0)
        .exclude(category__kind=Category.Kind.TRANSFER)
        .exclude(origin=Transaction.Origin.TRANSFER)
    )
    large = Q(pk__in=[])
    by_currency: dict[str, list[User]] = {}
    for user in people.users:
        by_currency.setdefault(user.base_currency, []).append(user)
    for currency, users in by_currency.items():
        thresholds = [people.threshold(user, AlertType.LARGE_TRANSACTION) for user in users]
        least = min((one for one in thresholds if one is not None), default=None)
        if least is not None:
            # A line in another currency has to be converted before it can be compared.
            large |= ~Q(currency=currency) | Q(amount__gte=least)
    fields = ("user_id", "signed_amount", "currency", "txn_date", "merchant", "description")
    return rows.filter(large).only(*fields).order_by("txn_date", "pk").iterator(chunk_size=2000)
