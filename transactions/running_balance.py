"""An account's balance after each transaction, and at the end of each day or month.

Everything is calculated backward from the stored balance, so a late page costs no more than the
first: whole months use the monthly totals, whole days the daily ones, and only the page's own day
uses rows. Read the account and the rows in one snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Min, QuerySet, Sum

from accounts.models import Account
from banking.kernel.fields import AmountField
from banking.kernel.periods import Period, add_months, first_of_month
from transactions.models import DailyTotal, MonthlyTotal, Transaction
from users.timezones import local_date, today_in

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BalancePoint:
    """The balance at the end of `on` (a day, or the last day of a month)."""

    on: date
    balance: Decimal


def balances_after(account: Account, rows: Sequence[Transaction]) -> list[Decimal | None]:
    """The balance after each of these consecutive rows, newest first. None for rows not
    posted yet.
    """
    if not rows:
        return []
    balance = account.balance - _sum_of_newer(account, rows[0])
    balances: list[Decimal | None] = []
    for row in rows:
        if row.status != Transaction.Status.POSTED:
            balances.append(None)
            continue
        balances.append(balance)
        balance -= row.signed_amount
    return balances


def _sum_of_newer(account: Account, row: Transaction) -> Decimal:
    """The sum posted after this row, with one query: on its own day by row."""
    same_day = Transaction.objects.filter(
        account=account, deleted_at=None, txn_date=row.txn_date, pk__gt=row.pk
    ).posted()
    return _sum(_net(same_day, Sum("signed_amount")), *_nets_since(account, row.txn_date + ONE_DAY))


def balance_before(account: Account, on: date) -> Decimal:
    """The balance at the start of the day `on`, with one query."""
    return account.balance - _sum(*_nets_since(account, on))


def _nets_since(account: Account, on: date) -> list[QuerySet[Any, Any]]:
    """What is posted on this day and later: the rest of its month by day, then whole months."""
    following = add_months(first_of_month(on), 1)
    rest = DailyTotal.objects.filter(account=account, day__gte=on, day__lt=following)
    months = MonthlyTotal.objects.filter(account=account, month__gte=following)
    net = Sum(F("inflow") - F("outflow"), output_field=AmountField())
    return [_net(rest, net), _net(months, net)]


def _net(rows: QuerySet[Any, Any], net: Sum) -> QuerySet[Any, Any]:
    """One sum, or nothing if there are no rows."""
    return rows.order_by().values("account").annotate(net=net).values_list("net", flat=True)


def _sum(first: QuerySet[Any, Any], *others: QuerySet[Any, Any]) -> Decimal:
    return sum(first.union(*others, all=True), Decimal(0))


def begun_on(account: Account) -> date:
    """The first day with a known balance: when the account was opened, or the month of its first
    line.
    """
    opened = local_date(account.user.timezone, account.created_at)
    first = MonthlyTotal.objects.filter(account=account).aggregate(first=Min("month"))["first"]
    return min(opened, first or opened)


def _is_today(account: Account, on: date) -> bool:
    """Whether the stored (current) balance is the balance of that day."""
    return on >= today_in(account.user.timezone)


def daily_balances(account: Account, days: int, on: date) -> list[BalancePoint]:
    """The balance at the end of each of the last `days` days up to `on`, which is today.

    Today's is the stored balance. There is no point before the account's first day.
    """
    start = on - timedelta(days=days - 1)
    later = DailyTotal.objects.filter(account=account, day__gt=start).order_by()
    by_day = {
        row["day"]: row["inflow"] - row["outflow"]
        for row in later.values("day").annotate(inflow=Sum("inflow"), outflow=Sum("outflow"))
    }
    # Transactions the bank posted with a future date are in today's balance but in no earlier one.
    ahead = sum((net for day, net in by_day.items() if day > on), start=Decimal(0))
    balance, begun = account.balance - ahead, begun_on(account)
    points = [BalancePoint(on, account.balance if _is_today(account, on) else balance)]
    for back in range(1, days):
        day = on - timedelta(days=back)
        balance -= by_day.get(day + ONE_DAY, Decimal(0))
        if day < begun:
            break
        points.append(BalancePoint(day, balance))
    return points[::-1]


def monthly_balances(account: Account, months: int, on: date) -> list[BalancePoint]:
    """The balance at the end of each of the last `months` months. The current month has today's.

    There is no point before the account's first day.
    """
    period = Period.last_months(months, on)
    sums = MonthlyTotal.objects.filter(account=account, month__gte=period.start).order_by()
    by_month = {
        row["month"]: row["inflow"] - row["outflow"]
        for row in sums.values("month").annotate(inflow=Sum("inflow"), outflow=Sum("outflow"))
    }
    ahead = sum((net for month, net in by_month.items() if month >= period.end), start=Decimal(0))
    balance, begun = account.balance - ahead, begun_on(account)
    last = account.balance if _is_today(account, on) else balance
    points = [BalancePoint(period.last_day, last)]
    for month in reversed(list(period.months())[1:]):
        balance -= by_month.get(month, Decimal(0))
        if month <= begun:
            break
        points.append(BalancePoint(month - ONE_DAY, balance))
    return points[::-1]
