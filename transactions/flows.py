"""Money in and out of a set of accounts in one currency: the basis of every figure over a period.

Accounts in the figure's currency use monthly totals, so ten years cost as much as one month. Daily
sums are needed only for accounts in other currencies (each amount converts at its own date's rate)
and for partial months. They are grouped by day in the database. Transfers (`kind=transfer`),
pending transactions and the trash are excluded.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from accounts.exchange import Rate, RateTable
from accounts.honesty import NotConverted
from accounts.models import Account
from banking.kernel.fields import AmountField
from banking.kernel.periods import Period, first_of_month
from transactions.models import Category, MonthlyTotal, Transaction, TransactionSplit

_ZERO = Value(Decimal(0), output_field=AmountField())


@dataclass(frozen=True, slots=True)
class Flow:
    """Money in and out (both positive) of one account in one category, for a day or month.

    Money in with an expense category is a refund and reduces spending. Amounts are in the figure's
    currency; if no rate is known, `rate` is None and they are in the account's currency.
    """

    account: Account
    category_id: int | None
    is_expense: bool
    on: date
    is_month: bool
    inflow: Decimal
    outflow: Decimal
    count: int
    rate: Rate | None

    @property
    def refunds(self) -> Decimal:
        return self.inflow if self.is_expense else Decimal(0)

    @property
    def income(self) -> Decimal:
        return self.inflow - self.refunds

    @property
    def spent(self) -> Decimal:
        """Money out minus refunds; negative if there are more refunds."""
        return self.outflow - self.refunds

    @property
    def not_converted(self) -> NotConverted:
        account = self.account
        return NotConverted(
            account.pk, account.name, account.currency, self.count, self.on, self.on
        )


@dataclass(frozen=True, slots=True)
class Flows:
    """Every flow that the requested periods can need."""

    currency: str
    rows: tuple[Flow, ...]

    def within(self, period: Period) -> Iterator[Flow]:
        """The flows of one period. Each transaction counts in exactly one flow."""
        whole = set(whole_months(period))
        for flow in self.rows:
            if flow.is_month:
                if flow.on in whole:
                    yield flow
            elif flow.on in period and not self._is_in_monthly(flow, whole):
                yield flow

    def _is_in_monthly(self, flow: Flow, whole: set[date]) -> bool:
        is_home = flow.account.currency == self.currency
        return is_home and first_of_month(flow.on) in whole


def whole_months(period: Period) -> list[date]:
    """The first days of the calendar months that lie entirely within the period."""
    return [
        month
        for month in period.months()
        if month >= period.start and Period.month_of(month).end <= period.end
    ]


def cut_months(period: Period) -> list[Period]:
    """The partial months of the period: at most its first and last."""
    whole = whole_months(period)
    if not whole:
        return [period] if period.days else []
    last_end = Period.month_of(whole[-1]).end
    edges = [Period(period.start, whole[0]), Period(last_end, period.end)]
    return [edge for edge in edges if edge.days]


def load_flows(
    *, accounts: Sequence[Account], currency: str, periods: Iterable[Period], on: date
) -> tuple[Flows, RateTable]:
    """Load the flows of `accounts` in `periods`, in `currency`, and the rates (also those of `on`).

    Runs at most four queries, whatever the number of rows, accounts or months.
    """
    return load_flows_in({currency: accounts}, periods=periods, on=on)[currency]


def load_flows_in(
    accounts: Mapping[str, Sequence[Account]],
    *,
    periods: Iterable[Period],
    on: date,
    category_ids: Collection[int] | None = None,
) -> dict[str, tuple[Flows, RateTable]]:
    """Like `load_flows`, for several figures at once: {currency: its accounts}.

    Runs at most four queries for any number of currencies. With `category_ids`, other categories
    are left out.
    """
    periods = list(periods)
    wanted = {
        currency: {account.pk: account for account in group} for currency, group in accounts.items()
    }
    pairs = [(account, currency) for currency, group in accounts.items() for account in group]
    home = {account.pk for account, currency in pairs if account.currency == currency}
    foreign = {account.pk for account, currency in pairs if account.currency != currency}
    only = Q() if category_ids is None else Q(category_id__in=category_ids)
    monthly = _monthly_rows(home, periods, only)
    daily = _daily_rows(home, foreign, periods, only)
    rates = RateTable.for_targets(
        {currency: {account.currency for account in group} for currency, group in accounts.items()},
        {on} | {row["on"] for row in daily if row["account_id"] in foreign},
    )
    found = {}
    for currency, by_id in wanted.items():
        rows = [
            _flow(account, row, True, rates[currency])
            for account, row in _of(by_id, monthly)
            if account.currency == currency
        ]
        rows += [_flow(account, row, False, rates[currency]) for account, row in _of(by_id, daily)]
        found[currency] = (Flows(currency, tuple(rows)), rates[currency])
    return found


def _of(
    by_id: Mapping[int, Account], rows: Iterable[dict[str, Any]]
) -> Iterator[tuple[Account, dict[str, Any]]]:
    return ((by_id[row["account_id"]], row) for row in rows if row["account_id"] in by_id)


def _flow(account: Account, row: dict[str, Any], is_month: bool, rates: RateTable) -> Flow:
    rate = rates.rate(account.currency, row["on"])
    factor = rate.rate if rate else Decimal(1)
    return Flow(
        account=account,
        category_id=row["category_id"],
        is_expense=row["kind"] == Category.Kind.EXPENSE,
        on=row["on"],
        is_month=is_month,
        inflow=row["inflow"] * factor,
        outflow=row["outflow"] * factor,
        count=row["count"],
        rate=rate,
    )


def _monthly_rows(home: set[int], periods: list[Period], only: Q) -> list[dict[str, Any]]:
    months = {month for period in periods for month in whole_months(period)}
    if not months or not home:
        return []
    totals = MonthlyTotal.objects.filter(
        only, account_id__in=home, month__gte=min(months), month__lte=max(months)
    ).exclude(category__kind=Category.Kind.TRANSFER)
    return [
        {
            "account_id": account_id,
            "category_id": category_id,
            "kind": kind,
            "on": month,
            "inflow": inflow,
            "outflow": outflow,
            "count": count,
        }
        for account_id, category_id, kind, month, inflow, outflow, count in totals.values_list(
            *("account_id", "category_id", "category__kind", "month"),
            *("inflow", "outflow", "transaction_count"),
        )
        if month in months
    ]


def _daily_rows(
    home: set[int], foreign: set[int], periods: list[Period], only: Q
) -> list[dict[str, Any]]:
    """Daily sums: every day for accounts in other currencies, partial months for the rest.

    With figures in several currencies, an account may be foreign in one and domestic in another.
    """
    edges = [edge for period in periods for edge in cut_months(period)]
    wanted = [(foreign, periods), (home - foreign, edges)]
    counted = [_on(accounts, spans) for accounts, spans in wanted if accounts and spans]
    if not counted:
        return []
    parts = [
        TransactionSplit.objects.filter(only, transaction__in=rows.filter(is_split=True))
        for rows in counted
    ]
    return _by_day([rows.filter(only, is_split=False) for rows in counted], "") + _by_day(
        parts, "transaction__"
    )


def _on(accounts: set[int], spans: list[Period]) -> QuerySet:
    """Condition for counted transactions on these accounts in these periods.

    The overall date range is repeated outside the alternatives; otherwise SQLite reads the whole
    table.
    """
    around = Q(
        txn_date__gte=min(span.start for span in spans),
        txn_date__lt=max(span.end for span in spans),
    )
    rows = Transaction.objects.live().posted().filter(around, account_id__in=accounts)
    return rows.filter(reduce(or_, [_in(span) for span in spans]))


def _by_day(groups: list[QuerySet], prefix: str) -> list[dict[str, Any]]:
    """Sums by account, category and day. `prefix` leads from a split part to its transaction.

    The groups have no account in common, so one query can load them all.
    """
    first, *others = [
        rows.exclude(category__kind=Category.Kind.TRANSFER)
        .order_by()
        .values_list(f"{prefix}account_id", "category_id", "category__kind", f"{prefix}txn_date")
        .annotate(
            inflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__gt=0)), _ZERO),
            negative=Coalesce(Sum("signed_amount", filter=Q(signed_amount__lt=0)), _ZERO),
            count=Count("id"),
        )
        for rows in groups
    ]
    return [
        {
            "account_id": account_id,
            "category_id": category_id,
            "kind": kind,
            "on": on,
            "inflow": inflow,
            "outflow": -negative,
            "count": count,
        }
        for account_id, category_id, kind, on, inflow, negative, count in (
            first.union(*others, all=True) if others else first
        )
    ]


def _in(period: Period) -> Q:
    return Q(txn_date__gte=period.start, txn_date__lt=period.end)
