"""A single posted expense reaches the owner's threshold; one alert per transaction.

Without a custom threshold, regular payments such as rent are ignored.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from accounts.exchange import RateTable
from alerts.facts import Fact, People
from alerts.models import Alert, AlertType
from banking.kernel.periods import Period
from banking.kernel.sentences import day, money
from transactions.models import Category, Transaction
from users.models import User

KINDS = (AlertType.LARGE_TRANSACTION,)
# Transactions may arrive days after their date; older ones, as in a first import, are ignored.
LATE_DAYS = 7
# A payment is regular if it was made this often in this many days, with at most this deviation.
USUAL_TIMES, USUAL_DAYS, SIMILAR = 2, 100, Decimal("0.2")


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on - timedelta(days=LATE_DAYS), on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    users = people.by_id
    rows = list(_rows(people, days))
    wanted: dict[str, set[str]] = {user.base_currency: set() for user in people.users}
    for row in rows:
        wanted[users[row.user_id].base_currency].add(row.currency)
    rates = RateTable.for_targets(wanted, {row.txn_date for row in rows})
    large = [row for row in rows if _is_large(row, users[row.user_id], people, rates)]
    usual = _usual(people, large)
    for row in large:
        if row.pk not in usual:
            yield _fact(row, users[row.user_id])


def _is_large(row: Transaction, user: User, people: People, rates: Mapping[str, RateTable]) -> bool:
    """Amounts without a rate cannot be compared, so they are never large."""
    table = rates[user.base_currency]
    worth = table.convert(-row.signed_amount, row.currency, row.txn_date)
    threshold = people.threshold(user, AlertType.LARGE_TRANSACTION)
    return worth is not None and threshold is not None and worth.amount >= threshold


def _usual(people: People, large: list[Transaction]) -> set[int]:
    """Regular payments, such as rent, found in one query.

    Users with a custom threshold are alerted to them as well.
    """
    asked = [row for row in large if not people.has_own_threshold(row.user_id, KINDS[0])]
    if not asked:
        return set()
    days = [row.txn_date for row in asked]
    names = {row.title for row in asked}
    earlier = (
        Transaction.objects.posted()
        .live()
        .in_period(Period(min(days) - timedelta(days=USUAL_DAYS), max(days)))
        .filter(Q(merchant__in=names) | Q(merchant="", description__in=names))
        .filter(user_id__in={row.user_id for row in asked}, signed_amount__lt=0)
    )
    paid: dict[tuple, list[tuple[date, Decimal]]] = {}
    columns = ("user_id", "currency", "merchant", "description", "txn_date", "signed_amount")
    for user_id, currency, merchant, text, on, amount in earlier.values_list(*columns):
        paid.setdefault((user_id, currency, merchant or text), []).append((on, amount))
    return {
        row.pk
        for row in asked
        if _times(row, paid.get((row.user_id, row.currency, row.title), [])) >= USUAL_TIMES
    }


def _times(row: Transaction, paid: list[tuple[date, Decimal]]) -> int:
    first = row.txn_date - timedelta(days=USUAL_DAYS)
    # Both are negative: the larger expense is the smaller number.
    least, most = row.signed_amount * (1 - SIMILAR), row.signed_amount * (1 + SIMILAR)
    return sum(first <= on < row.txn_date and most <= amount <= least for on, amount in paid)


def _fact(row: Transaction, user: User) -> Fact:
    url = reverse("transactions:transaction_detail", args=[row.pk])
    amount = money(-row.signed_amount, row.currency)
    return Fact(
        user=user,
        type=AlertType.LARGE_TRANSACTION,
        key=f"large_transaction:{row.pk}",
        on=row.txn_date,
        sentence=[f"{row.title}: ", amount, " on ", day(row.txn_date, "j F"), "."],
        severity=Alert.Severity.INFO,
        link=url,
        transactions_link=url,
    )


def _rows(people: People, days: Period) -> Iterator[Transaction]:
    """Expenses on those days, without transfers; small ones are filtered in the database."""
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
        least = min((threshold for threshold in thresholds if threshold is not None), default=None)
        if least is not None:
            # Amounts in another currency must be converted before comparing.
            large |= ~Q(currency=currency) | Q(amount__gte=least)
    fields = ("user_id", "signed_amount", "currency", "txn_date", "merchant", "description")
    return rows.filter(large).only(*fields).order_by("txn_date", "pk").iterator(chunk_size=2000)
