"""What needs the user's attention, each with the action that settles it.

Includes only what the user can decide, not what others share with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from accounts.models import AccountShare, BankConnection
from banking.kernel.periods import add_months, first_of_month
from bills.models import Bill
from bills.page import UNPAYABLE, Line
from budgets.progress import BudgetProgress
from insights.recurring.doubts import Doubt
from transactions.models import ReviewItem, Transaction, TransactionSplit, Transfer
from transactions.services.transfers import open_suggestions, with_sides
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
    """What waits for `user` on the date `on`; runs five queries.

    `bills` are open bills of the next weeks, `budgets` those of the month.
    """
    own = [progress for progress in budgets if progress.budget.user_id == user.pk]
    return Needs(
        invitation_count=AccountShare.objects.offered_to(user).count(),
        overdue=tuple(line for line in bills if line.status == Bill.Status.OVERDUE),
        unfunded=tuple(line for line in bills if is_unfunded(line)),
        reviews=tuple(_reviews(user)[:MOST_COUNTED]),
        transfers=tuple(with_sides(open_suggestions(user))[:MOST_COUNTED]),
        doubts=tuple(doubts),
        connections=tuple(_broken(user)[:MOST_COUNTED]),
        over_budget=tuple(progress for progress in own if progress.exceeded),
        uncategorized=uncategorized(user, on),
        may_change=may_change,
    )


def is_unfunded(line: Line) -> bool:
    """Whether a bill due soon lacks money, or autopay can't pay it."""
    if line.status == Bill.Status.OVERDUE or line.days > UNFUNDED_DAYS:
        return False
    is_stuck = line.outlook is not None and line.outlook.state in UNPAYABLE
    return line.shortfall is not None or is_stuck


def uncategorized(user: User, on: date) -> Uncategorized:
    """The user's own recent uncategorized transactions, as the list's filter finds them."""
    since = add_months(first_of_month(on), 1 - UNCATEGORIZED_MONTHS)
    rows = Transaction.objects.filter(user=user, txn_date__gte=since).live().posted()
    parts = TransactionSplit.objects.filter(
        category=None, transaction__user=user, transaction__txn_date__gte=since
    )
    is_bare = Q(category=None, is_split=False) | Q(pk__in=parts.values("transaction_id"))
    return Uncategorized(rows.filter(is_bare).count(), since)


def _reviews(user: User) -> QuerySet[ReviewItem]:
    return ReviewItem.objects.visible_to(user).open().for_list()


def _broken(user: User) -> QuerySet[BankConnection]:
    """Connections that the user must renew, or that keep failing."""
    status = BankConnection.Status
    broken = (status.NEEDS_LOGIN, status.ERROR, status.REVOKED)
    return BankConnection.objects.visible_to(user).filter(status__in=broken)
