"""What needs the user's attention, each with the action that settles it.

Includes only what the user can decide, not what others share with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count, Exists, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import AccountShare, BankConnection
from banking.kernel.periods import add_months, first_of_month
from banking.kernel.written_once import Asked, WrittenOnce
from bills.models import Bill
from bills.page import UNPAYABLE, Line
from budgets.progress import BudgetProgress
from insights.figures.state import one_of
from insights.recurring.doubts import Doubt
from transactions.models import ReviewItem, Transaction, TransactionSplit, Transfer
from transactions.services.transfers import open_suggestions
from users.models import User

# This many of each kind are shown with their actions; a link leads to the rest.
MOST_SHOWN = 2
# Counts are exact up to this many.
MOST_COUNTED = 50
# Older uncategorized transactions are not mentioned.
UNCATEGORIZED_MONTHS = 3
# A bill without enough money is mentioned this long before it is due.
UNFUNDED_DAYS = 14


@dataclass(frozen=True, slots=True)
class Uncategorized:
    """Posted transactions without a category since the day `since`."""

    count: int
    since: date


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything waiting for the user, by kind. Counts may exceed what is listed."""

    invitation_count: int
    overdue: tuple[Line, ...]
    unfunded: tuple[Line, ...]
    reviews: tuple[ReviewItem, ...]
    transfers: tuple[Transfer, ...]
    doubts: tuple[Doubt, ...]
    connections: tuple[BankConnection, ...]
    over_budget: tuple[BudgetProgress, ...]
    uncategorized: Uncategorized
    may_change: bool

    @property
    def count(self) -> int:
        lists: Sequence[Sequence[object]] = (
            *(self.overdue, self.unfunded, self.reviews, self.transfers),
            *(self.doubts, self.connections, self.over_budget),
        )
        return (
            sum(len(items) for items in lists)
            + self.invitation_count
            + bool(self.uncategorized.count)
        )


def needs_of(
    *,
    user: User,
    on: date,
    bills: Sequence[Line],
    budgets: Sequence[BudgetProgress],
    doubts: Sequence[Doubt],
    may_change: bool,
) -> Needs:
    """What waits for `user` on the date `on`; one query, and one for each kind that is listed.

    `bills` are open bills of the next weeks, `budgets` those of the month.
    """
    waiting = _Waiting(*asking_waiting(user, on).rows()[0])
    own = [progress for progress in budgets if progress.budget.user_id == user.pk]
    return Needs(
        invitation_count=waiting.invitations,
        overdue=tuple(line for line in bills if line.status == Bill.Status.OVERDUE),
        unfunded=tuple(line for line in bills if is_unfunded(line)),
        reviews=tuple(_REVIEWS.rows(user.pk)) if waiting.has_reviews else (),
        transfers=tuple(_TRANSFERS.rows(user.pk)) if waiting.has_transfers else (),
        doubts=tuple(doubts),
        connections=tuple(_BROKEN.rows(user.pk)) if waiting.has_broken else (),
        over_budget=tuple(progress for progress in own if progress.exceeded),
        uncategorized=Uncategorized(
            waiting.uncategorized + waiting.uncategorized_splits, first_uncategorized(on)
        ),
        may_change=may_change,
    )


def asking_waiting(user: User, on: date) -> Asked:
    """How much waits, and of which kinds anything does."""
    return _WAITING.asking(user.pk, first_uncategorized(on))


def asking_listed(user: User, on: date) -> list[Asked]:
    """The lists of those kinds of which anything waits."""
    waiting = _Waiting(*asking_waiting(user, on).rows()[0])
    kinds: list[tuple[WrittenOnce[Any], bool]] = [
        (_REVIEWS, waiting.has_reviews),
        (_TRANSFERS, waiting.has_transfers),
        (_BROKEN, waiting.has_broken),
    ]
    return [rows.asking(user.pk) for rows, is_there in kinds if is_there]


def is_unfunded(line: Line) -> bool:
    """Whether a bill due soon lacks money, or autopay can't pay it."""
    if line.status == Bill.Status.OVERDUE or line.days > UNFUNDED_DAYS:
        return False
    is_stuck = line.outlook is not None and line.outlook.state in UNPAYABLE
    return line.shortfall is not None or is_stuck


class _Waiting(NamedTuple):
    invitations: int
    uncategorized: int
    uncategorized_splits: int
    has_reviews: bool
    has_transfers: bool
    has_broken: bool


def _waiting(user_id: int, since: date) -> QuerySet[Any, tuple[Any, ...]]:
    """How much waits, and of which kinds anything does, as one row, as `_Waiting` has it."""
    user = User(pk=user_id)
    counted = (AccountShare.objects.offered_to(user), *_uncategorized(user, since))
    # Whether those still fit is for the list to say: here it would join three more tables.
    suggested = Transfer.objects.visible_to(user).filter(status=Transfer.Status.SUGGESTED)
    listed = (_reviews(user), suggested, _broken(user))
    # The columns need a row, and any will do: somebody viewed as has none of their own.
    anyone = User.objects.order_by()[:1]
    return anyone.values_list(
        *(Coalesce(one_of(rows, Count("pk")), 0) for rows in counted),
        *(Exists(rows) for rows in listed),
    )


def first_uncategorized(on: date) -> date:
    """The day since when uncategorized transactions are mentioned."""
    return add_months(first_of_month(on), 1 - UNCATEGORIZED_MONTHS)


def _uncategorized(user: User, since: date) -> tuple[QuerySet[Transaction], QuerySet[Transaction]]:
    """The user's own uncategorized transactions since a day, as the list's filter finds them: whole
    ones, and split ones with such a part. Asked for together, PostgreSQL would read every row since
    that day.
    """
    rows = Transaction.objects.filter(user=user, txn_date__gte=since).live().posted()
    parts = TransactionSplit.objects.filter(
        category=None, transaction__user=user, transaction__txn_date__gte=since
    )
    with_part = rows.filter(is_split=True, pk__in=parts.values("transaction_id"))
    return rows.filter(category=None, is_split=False), with_part


def _reviews(user: User) -> QuerySet[ReviewItem]:
    return ReviewItem.objects.visible_to(user).open().for_list()


def _broken(user: User) -> QuerySet[BankConnection]:
    """Connections that the user must renew, or that keep failing."""
    status = BankConnection.Status
    broken = (status.NEEDS_LOGIN, status.ERROR, status.REVOKED)
    return BankConnection.objects.visible_to(user).filter(status__in=broken)


_WAITING = WrittenOnce(_waiting)
_REVIEWS = WrittenOnce(lambda user_id: _reviews(User(pk=user_id))[:MOST_COUNTED])
# Without the categories, which no card shows: joining them was a quarter of all that PostgreSQL
# plans for a home page.
_TRANSFERS = WrittenOnce(
    lambda user_id: open_suggestions(User(pk=user_id)).select_related(
        "outflow_transaction__account", "inflow_transaction__account"
    )[:MOST_COUNTED]
)
_BROKEN = WrittenOnce(lambda user_id: _broken(User(pk=user_id))[:MOST_COUNTED])
