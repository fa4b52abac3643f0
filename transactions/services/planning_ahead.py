"""Plan entries from before the planned status: dated after today, but stored as booked.

Run once after an upgrade (`manage.py plan_future_entries`). Such entries count in balances and
figures before their day; planned, they wait for it like entries made today.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction as db_transaction
from django.utils import timezone

from accounts.services import lock_accounts
from banking.limits import CHANGE_STEP_ROWS
from transactions.models import Transaction, TransactionQuerySet
from transactions.services.posting import book
from transactions.services.transfer_sides import confirmed_pairs
from transactions.totals import merge, sums_in
from users.audit import trail
from users.models import User
from users.timezones import LATEST_ZONE, local_date

_ORIGINS = (Transaction.Origin.MANUAL, Transaction.Origin.TRANSFER, Transaction.Origin.BILL)


@dataclass(slots=True)
class PlannedAhead:
    """How many entries were (or would be) planned, for how many people, and how many stay booked.

    An entry stays if the other side of its confirmed transfer isn't future-dated.
    """

    planned: int = 0
    people: int = 0
    left: int = 0


def plan_entries_dated_ahead(*, at: datetime, is_trial: bool) -> PlannedAhead:
    """Plan everyone's own future-dated entries, a thousand per commit.

    With `is_trial` nothing is written. Safe to stop and repeat, because planned entries aren't
    found again. Transactions from the bank don't change.
    """
    result = PlannedAhead()
    for user, today in _people(at):
        rows = _dated_ahead(today).filter(user=user)
        ids = _without_half_transfers(rows)
        result.left += rows.count() - len(ids)
        result.people += bool(ids)
        for start in range(0, len(ids), CHANGE_STEP_ROWS):
            piece = ids[start : start + CHANGE_STEP_ROWS]
            result.planned += len(piece) if is_trial else _plan(user, piece, today)
    return result


def _people(at: datetime) -> Iterator[tuple[User, date]]:
    """Each person with such an entry, and their current date."""
    ids = _dated_ahead(local_date(LATEST_ZONE, at)).order_by().values("user_id")
    for user in User.objects.filter(pk__in=ids).order_by("pk"):
        yield user, local_date(user.timezone, at)


def _dated_ahead(day: date) -> TransactionQuerySet:
    """Entries people made with a date after `day` that aren't planned, including the trash."""
    rows = Transaction.objects.filter(origin__in=_ORIGINS, txn_date__gt=day)
    return rows.exclude(status=Transaction.Status.PLANNED)


def _without_half_transfers(rows: TransactionQuerySet) -> list[int]:
    """The ids of the rows, without transfers whose other side isn't included."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    found, partner_of = set(ids), _partners(rows)
    return [pk for pk in ids if partner_of.get(pk, pk) in found]


def _partners(rows: TransactionQuerySet) -> dict[int, int]:
    sides = confirmed_pairs(rows).order_by()
    pairs = list(sides.values_list("outflow_transaction_id", "inflow_transaction_id"))
    return dict(pairs) | {inflow: outflow for outflow, inflow in pairs}


@db_transaction.atomic
def _plan(user: User, piece: list[int], today: date) -> int:
    """Plan these entries, together with the other sides of their transfers."""
    wanted = {*piece, *_partners(Transaction.objects.filter(pk__in=piece)).values()}
    rows = _dated_ahead(today).filter(user=user, pk__in=wanted)
    accounts = lock_accounts(rows.order_by().values_list("account_id", flat=True))
    ids = _without_half_transfers(rows.filter(account__in=accounts))
    if not ids:
        return 0
    chosen = Transaction.objects.filter(pk__in=ids)
    sums = sums_in(chosen.filter(deleted_at=None))
    count = chosen.update(status=Transaction.Status.PLANNED, updated_at=timezone.now())
    book(accounts, merge((sums, -1)))
    trail.record(
        actor=None,
        action="transactions.transactions.planned",
        target=Transaction.objects.get(pk=ids[0]) if count == 1 else None,
        owner_id=user.pk,
        count=count,
    )
    return count
