"""What changed lately: new recurring payments, price increases, refunds, unusual spending."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from alerts.models import Alert, AlertType
from banking.kernel.written_once import Asked, WrittenOnce
from insights.figures.coverage import Coverage
from insights.figures.links import Links
from insights.recurring.recurring import Recurring
from insights.recurring.recurring_page import lines_of
from transactions.known_categories import known_categories
from transactions.models import Category, DailyTotal, Transaction
from users.models import User

LATELY_DAYS = 30
MOST_SHOWN = 5
# A limit per kind, so that none crowds out the others.
MOST_OF_A_KIND = 2
# A recurring payment counts as new until it has been seen more often than this.
FIRST_TIMES = 3
_UNUSUAL = (AlertType.UNUSUAL_SPENDING, AlertType.LARGE_TRANSACTION)


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One change. `kind` is new, dearer (price increase), refund or unusual.

    Amounts are positive, in `currency`. An unusual one has its alert's text instead of a name
    and an amount.
    """

    kind: str
    on: date
    name: str
    url: str
    amount: Decimal | None = None
    before: Decimal | None = None
    currency: str = ""
    cadence: str = ""
    is_new: bool = False


def news_of_payments(*, links: Links, found: Iterable[Recurring], on: date) -> list[NewsItem]:
    """New and more expensive recurring payments, and refunds, of the last thirty days."""
    return [*_recurring(found, links, on), *_refunds(links, on)]


def news(
    *, user: User, of_payments: Iterable[NewsItem], on: date, since: date | None
) -> list[NewsItem]:
    """The latest changes of the last thirty days, newest first, including unusual spending.

    `since` is the date of the user's last visit: later changes are marked as new.
    """
    items = [*of_payments, *_unusual(user, on)]
    items.sort(key=lambda item: (item.on, item.name), reverse=True)
    shown: list[NewsItem] = []
    for item in items:
        if sum(other.kind == item.kind for other in shown) < MOST_OF_A_KIND:
            shown.append(_marked(item, since))
    return shown[:MOST_SHOWN]


def _marked(item: NewsItem, since: date | None) -> NewsItem:
    if since is None or item.on <= since:
        return item
    return replace(item, is_new=True)


def _recurring(found: Iterable[Recurring], links: Links, on: date) -> list[NewsItem]:
    """Price increases, and payments recently found to recur."""
    transfers = _transfer_ids({account.user_id for account in links.coverage.accounts})
    earliest = on - timedelta(days=LATELY_DAYS)
    items = []
    for payment in found:
        if payment.is_income or not payment.is_active or payment.category_id in transfers:
            continue
        change = payment.price_change
        if change is not None and change.is_rise and change.since > earliest:
            items.append(
                NewsItem(
                    "dearer",
                    change.since,
                    payment.name,
                    lines_of(payment, links),
                    change.after,
                    change.before,
                    payment.currency,
                )
            )
        elif _is_first_seen(payment) and payment.last_on > earliest:
            items.append(
                NewsItem(
                    "new",
                    payment.last_on,
                    payment.name,
                    lines_of(payment, links),
                    payment.last_amount,
                    None,
                    payment.currency,
                    str(payment.cadence.label),
                )
            )
    return items


def _transfer_ids(owner_ids: Collection[int]) -> set[int]:
    known = known_categories(owner_ids)
    if known is not None:
        return {pk for pk, one in known.items() if one.kind == Category.Kind.TRANSFER}
    of_owners = Category.objects.filter(Q(user=None) | Q(user__in=owner_ids))
    return set(of_owners.filter(kind=Category.Kind.TRANSFER).values_list("pk", flat=True))


def _is_first_seen(one: Recurring) -> bool:
    is_sure = one.is_fixed and one.counts
    return is_sure and one.occurrences <= FIRST_TIMES and not one.missed


# The days with refunds are known from totals. Among a month's transactions the database would look
# at all of them for a few.
_REFUND_DAYS = WrittenOnce(
    lambda account_ids, after, last: (
        DailyTotal.objects.filter(
            account_id__in=account_ids,
            day__gt=after,
            day__lte=last,
            inflow__gt=0,
            category__kind=Category.Kind.EXPENSE,
        )
        .order_by()
        .values_list("account_id", "day")
    )
)
_REFUNDS = WrittenOnce(
    lambda account_ids, days: (
        Transaction.objects.live()
        .posted()
        .filter(
            account_id__in=account_ids,
            txn_date__in=days,
            signed_amount__gt=0,
            is_split=False,
            category__kind=Category.Kind.EXPENSE,
        )
        .order_by("-txn_date", "-id")
        .defer("notes", "search_text")[:MOST_SHOWN]
    )
)


def asking_refund_days(coverage: Coverage, on: date) -> Asked:
    """The accounts and days of the latest money back."""
    return _REFUND_DAYS.asking(set(coverage.account_ids), on - timedelta(days=LATELY_DAYS), on)


def _refunds(links: Links, on: date) -> list[NewsItem]:
    found = asking_refund_days(links.coverage, on).rows()
    if not found:
        return []
    account_ids, days = zip(*found, strict=True)
    return [
        NewsItem(
            "refund",
            row.txn_date,
            row.title,
            reverse("transactions:transaction_detail", args=[row.pk]),
            row.amount,
            None,
            row.currency,
        )
        for row in _REFUNDS.rows(set(account_ids), set(days))
    ]


def asking_alerts(user: User, on: date) -> Asked:
    """The alerts about unusual spending that `news` tells of."""
    return _ALERTS.asking(user.pk, on - timedelta(days=LATELY_DAYS))


_ALERTS = WrittenOnce(
    lambda user_id, after: (
        Alert.objects.visible_to(User(pk=user_id))
        .current()
        .filter(type__in=_UNUSUAL, occurred_on__gt=after)
        .order_by("-occurred_on", "-id")[:MOST_SHOWN]
    )
)


def _unusual(user: User, on: date) -> list[NewsItem]:
    return [
        NewsItem("unusual", row.occurred_on, row.text, row.transactions_link or row.link)
        for row in asking_alerts(user, on).rows()
    ]
