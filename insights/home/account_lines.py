"""The accounts on the home page: today's balance, the last thirty evenings, and how fresh it is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DateTimeField, Max, OuterRef, Q, QuerySet, Subquery

from accounts.models import Account
from banking.kernel.periods import Period
from banking.kernel.written_once import WrittenOnce
from insights.figures.net_worth import AccountBalance
from transactions.day_sums import day_sums
from transactions.models import ImportBatch

EVENINGS = 30
# A bank that has sent nothing for this long, or a file this old, may be out of date.
STALE_DAYS = 7


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account. `balances` ends with today's. `synced_at` and `imported_at` are the latest sync
    and import; `last_on` is its latest transaction of the last thirty days.
    """

    item: AccountBalance
    balances: tuple[Decimal, ...]
    synced_at: datetime | None
    imported_at: datetime | None
    last_on: date | None
    on: date

    @property
    def account(self) -> Account:
        return self.item.account

    @property
    def told_at(self) -> datetime | None:
        """When a sync or an import last updated this account."""
        return max((at for at in (self.synced_at, self.imported_at) if at), default=None)

    @property
    def is_synced(self) -> bool:
        return self.synced_at is not None and self.synced_at == self.told_at

    @property
    def is_stale(self) -> bool:
        """Whether the bank or file it depends on has been silent for over a week."""
        at = self.told_at
        return at is not None and (self.on - at.date()).days > STALE_DAYS

    @property
    def change(self) -> Decimal:
        """Today's balance minus that of thirty evenings ago."""
        return self.balances[-1] - self.balances[0]


def account_lines(items: Iterable[AccountBalance], *, on: date) -> list[AccountLine]:
    """A line for each account, in the given order; at most two queries, whatever the history."""
    items = list(items)
    ids = [item.account.pk for item in items]
    if not ids:
        return []
    nets = _daily_nets(ids, on)
    updates = {row["pk"]: row for row in LAST_UPDATES.rows(set(ids))}
    return [
        AccountLine(
            item=item,
            balances=evenings(item.account.balance, nets[item.account.pk], on),
            synced_at=updates[item.account.pk]["synced_at"],
            imported_at=updates[item.account.pk]["imported_at"],
            last_on=max((day for day in nets[item.account.pk] if day <= on), default=None),
            on=on,
        )
        for item in items
    ]


def evenings(balance: Decimal, nets: dict[date, Decimal], on: date) -> tuple[Decimal, ...]:
    """The balance on each of the last thirty evenings and today, computed backward.

    Future-dated transactions the bank has already posted are only in today's balance.
    """
    found = [balance]
    for back in range(1, EVENINGS + 1):
        day = on - timedelta(days=back)
        later = sum((net for other, net in nets.items() if other > day), Decimal(0))
        found.append(balance - later)
    return tuple(reversed(found))


def _daily_nets(ids: list[int], on: date) -> dict[int, dict[date, Decimal]]:
    found: dict[int, dict[date, Decimal]] = defaultdict(dict)
    for row in day_sums(ids, [latest_days(on)]):
        found[row.account_id][row.on] = row.net
    return found


def latest_days(on: date) -> Period:
    """The days after the first evening, also those to come."""
    return Period(on - timedelta(days=EVENINGS - 1), date.max)


def _last_updates(ids: list[int]) -> QuerySet[Any, Any]:
    """When each account was last synced, and last imported into."""
    latest = ImportBatch.objects.filter(
        account=OuterRef("pk"), status=ImportBatch.Status.DONE
    ).order_by("-confirmed_at")
    live = Q(
        connected_accounts__is_live=True,
        connected_accounts__connection__disconnected_at=None,
    )
    rows = Account.objects.filter(pk__in=ids).annotate(
        synced_at=Max("connected_accounts__connection__last_synced_at", filter=live),
        imported_at=Subquery(
            latest.values("confirmed_at")[:1], output_field=DateTimeField(null=True)
        ),
    )
    return rows.values("pk", "synced_at", "imported_at")


LAST_UPDATES = WrittenOnce(_last_updates)
