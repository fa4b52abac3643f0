"""Keeps the months of foreign accounts in their owner's base currency (`ConvertedMonth`).

A posting opens the months it touches again, in its own database transaction; a change of the base
currency opens them all. The worker adds up open months, and those whose rates have changed. Until
then figures read the daily totals of these months, with the same result.
"""

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from django.db import transaction as db_transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.exchange import RateTable
from accounts.models import Account, RateMonth
from accounts.services import lock_accounts
from banking.kernel.bulk import bulk_update
from banking.kernel.periods import add_months, first_of_month
from banking.kernel.written_once import WrittenOnce
from transactions.converted import add_up
from transactions.models import ConvertedMonth, DailyTotal, MonthlyTotal
from users.models import User

MONTHS_AT_ONCE = 24


def reopen_months(touched: Iterable[tuple[int, date]]) -> None:
    """Mark the (account, month) pairs that a posting changed. The caller locks the accounts."""
    pairs = sorted(set(touched))
    targets = dict(_FOREIGN.rows({pk for pk, _month in pairs}))
    if targets:
        _open((pk, month, targets[pk]) for pk, month in pairs if pk in targets)


_FOREIGN = WrittenOnce(
    lambda account_ids: (
        Account.objects.filter(pk__in=account_ids)
        .exclude(currency=F("user__base_currency"))
        .values_list("pk", "user__base_currency")
    )
)


def reopen_for_new_base(user: User) -> None:
    """Mark every month of the user's foreign accounts for the new base currency."""
    ConvertedMonth.objects.filter(account__user=user).exclude(currency=user.base_currency).delete()
    foreign = MonthlyTotal.objects.filter(user=user).exclude(account__currency=user.base_currency)
    pairs = foreign.order_by("account_id", "month").values_list("account_id", "month").distinct()
    _open((pk, month, user.base_currency) for pk, month in pairs)


def _open(months: Iterable[tuple[int, date, str]]) -> None:
    ConvertedMonth.objects.bulk_create(
        [ConvertedMonth(account_id=pk, month=month, currency=to) for pk, month, to in months],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["account", "month", "currency"],
        update_fields=["sums"],
    )


def convert_open_months(*, limit: int) -> int:
    """Add up at most `limit` open months, newest first. Returns how many; 0 if none is left.

    Each account's months are one short database transaction under the account's lock, so that no
    posting comes between.
    """
    due = _due().order_by("-month", "account_id").values_list("account_id", "month")[:limit]
    count = 0
    for account_id, group in groupby(sorted(due), key=lambda pair: pair[0]):
        months = sorted({month for _account_id, month in group})
        for start in range(0, len(months), MONTHS_AT_ONCE):
            count += _convert(account_id, months[start : start + MONTHS_AT_ONCE])
    return count


def _due() -> QuerySet[ConvertedMonth]:
    version = RateMonth.objects.filter(month=OuterRef("month")).values("version")
    return ConvertedMonth.objects.annotate(current=Coalesce(Subquery(version), 0)).filter(
        Q(sums="") | ~Q(rates_version=F("current"))
    )


@db_transaction.atomic
def _convert(account_id: int, months: list[date]) -> int:
    account = lock_accounts([account_id]).get(account_id)
    if account is None:
        return 0
    # Read before the rates, so that a rate stored in between makes this conversion out of date.
    versions = dict(RateMonth.objects.filter(month__in=months).values_list("month", "version"))
    rows = list(_due().filter(account=account, month__in=months))
    totals: dict[date, list[DailyTotal]] = {}
    for total in DailyTotal.objects.filter(
        account=account, day__gte=min(months), day__lt=add_months(max(months), 1)
    ).order_by("day", "category_id"):
        totals.setdefault(first_of_month(total.day), []).append(total)
    days = {total.day for month in months for total in totals.get(month, ())}
    tables = RateTable.for_targets({row.currency: {account.currency} for row in rows}, days)
    return bulk_update(
        ConvertedMonth,
        ("rates_version", "sums"),
        (
            (
                row.pk,
                versions.get(row.month, 0),
                add_up(totals.get(row.month, ()), account.currency, tables[row.currency]),
            )
            for row in rows
        ),
    )
