"""Money in and out of a set of accounts in one currency: the basis of every figure over a period.

Whole months come from stored totals, so ten years cost as much as one month: the monthly totals for
accounts in the figure's currency, and the converted months for the others (each amount at its own
day's rate). Daily totals are needed only for partial months and for months that are not converted
yet. Transfers (`kind=transfer`), pending transactions and the trash are excluded.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from accounts.exchange import Rate, RateTable
from accounts.honesty import NotConverted
from accounts.models import Account
from banking.kernel.periods import Period, first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_before
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.converted import Conversion, asking_converted, load_converted
from transactions.known_categories import kinds_of
from transactions.models import Category, DailyTotal, MonthlyTotal

# (account id, category id, its kind, first day of month or day, inflow, outflow, count)
_Row = tuple[int, int | None, str | None, date, Decimal, Decimal, int]


# Not frozen: there are a thousand on a page, and a frozen one takes four times as long to make.
@dataclass(slots=True)
class Flow:
    """Money in and out (both positive) of one account in one category, for a day or month. Once
    made, not changed.

    Money in with an expense category is a refund and reduces spending. Amounts are in the figure's
    currency, converted with `rates`; if no rate is known, `rates` is empty and they are in the
    account's currency. `is_month` is part of a whole month's sums; `on` is then that month, or the
    day of an amount without a rate.
    """

    account: Account
    category_id: int | None
    is_expense: bool
    on: date
    is_month: bool
    inflow: Decimal
    outflow: Decimal
    count: int
    rates: tuple[Rate, ...]

    @property
    def is_converted(self) -> bool:
        return bool(self.rates)

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
    """Every flow that the requested periods can need.

    `by_month` holds them by calendar month; `summed` are the accounts and months whose whole sums
    are among them.
    """

    currency: str
    rows: tuple[Flow, ...]
    by_month: Mapping[date, Sequence[Flow]]
    summed: Set[tuple[int, date]]

    def within(self, period: Period) -> Iterator[Flow]:
        """The flows of one period. Each transaction counts in exactly one flow."""
        for month in period.months():
            is_whole = month >= period.start and Period.month_of(month).end <= period.end
            for flow in self.by_month.get(month, ()):
                if flow.is_month:
                    if is_whole:
                        yield flow
                elif is_whole:
                    if not self._is_summed(flow, month):
                        yield flow
                elif flow.on in period:
                    yield flow

    def _is_summed(self, flow: Flow, month: date) -> bool:
        account = flow.account
        return account.currency == self.currency or (account.pk, month) in self.summed


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

    Runs at most six queries, whatever the number of rows, accounts or months.
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

    Runs at most six queries for any number of currencies. With `category_ids`, other categories are
    left out.
    """
    periods = list(periods)
    wanted = {
        currency: {account.pk: account for account in group} for currency, group in accounts.items()
    }
    months = {month for period in periods for month in whole_months(period)}
    kept = read_before("flows")
    if not any(cut_months(period) for period in periods):
        for known, span, day, found in kept:
            if day == on and span >= months and _has(known, wanted):
                return {currency: _only(found[currency], category_ids) for currency in wanted}
    found = _load(wanted, periods, months, on, category_ids)
    if category_ids is None:
        kept.append((wanted, months, on, found))
    return found


def _has(known: Mapping[str, Mapping[int, Account]], wanted: Mapping[str, Any]) -> bool:
    return all(known.get(currency, {}).keys() == wanted[currency].keys() for currency in wanted)


def _only(
    found: tuple[Flows, RateTable], category_ids: Collection[int] | None
) -> tuple[Flows, RateTable]:
    """Those of these categories, if only some are wanted."""
    if category_ids is None:
        return found
    flows, rates = found
    rows = [flow for flow in flows.rows if flow.category_id in category_ids]
    return _flows(flows.currency, rows, flows.summed), rates


def _load(
    wanted: Mapping[str, Mapping[int, Account]],
    periods: list[Period],
    months: set[date],
    on: date,
    category_ids: Collection[int] | None,
) -> dict[str, tuple[Flows, RateTable]]:
    pairs = [
        (account, currency) for currency, by_id in wanted.items() for account in by_id.values()
    ]
    home = {account.pk for account, currency in pairs if account.currency == currency}
    foreign = {
        (account.pk, currency) for account, currency in pairs if account.currency != currency
    }
    if not (
        _is_read("monthly totals", home, months) or _is_read("converted months", foreign, months)
    ):
        read_together(*_asking(home, foreign, months, category_ids))
    monthly = _monthly_rows(home, months, category_ids)
    converted = load_converted(foreign, months)
    open_months: dict[int, set[date]] = {}
    for pk, currency in foreign:
        missing = {month for month in months if (pk, month, currency) not in converted}
        open_months.setdefault(pk, set()).update(missing)
    daily = _daily_rows(home, open_months, periods, category_ids)
    by_account = {account.pk: account for account, _currency in pairs}
    # The converted months do not hold them.
    kinds = kinds_of(
        {
            sums.category_id
            for month in converted.values()
            for sums in month.sums
            if category_ids is None or sums.category_id in category_ids
        },
        {account.user_id for account in by_account.values()},
    )
    rates = RateTable.for_targets(
        {to: {account.currency for account in by_id.values()} for to, by_id in wanted.items()},
        {on} | {row[3] for row in daily if row[0] in open_months},
    )
    found = {}
    for currency, by_id in wanted.items():
        table = rates[currency]
        rows = [
            _flow(account, row, True, table)
            for account, row in _of(by_id, monthly)
            if account.currency == currency
        ]
        rows += [_flow(account, row, False, table) for account, row in _of(by_id, daily)]
        summed = set()
        for (pk, month, to), conversion in converted.items():
            if to == currency and pk in by_id:
                summed.add((pk, month))
                rows += _converted_flows(by_account[pk], month, conversion, kinds, category_ids)
        found[currency] = (_flows(currency, rows, summed), table)
    return found


def asking_flows(
    accounts: Sequence[Account], currency: str, periods: Iterable[Period]
) -> list[Asked]:
    """The totals of whole months that `load_flows` reads."""
    home = {account.pk for account in accounts if account.currency == currency}
    foreign = {(account.pk, currency) for account in accounts if account.currency != currency}
    months = {month for period in periods for month in whole_months(period)}
    return _asking(home, foreign, months, None)


def _asking(
    home: Set[int],
    foreign: Set[tuple[int, str]],
    months: Set[date],
    category_ids: Collection[int] | None,
) -> list[Asked]:
    asked = []
    if home and months:
        asked.append(_asking_monthly(home, months, category_ids))
    if foreign and months:
        asked.append(asking_converted(foreign, months))
    return asked


def _is_read(kind: str, subject: Set[Any], months: Set[date]) -> bool:
    """Whether the snapshot has read this for all of these months."""
    return any(known >= subject and span >= months for known, span, _ in read_before(kind))


def _flows(currency: str, rows: list[Flow], summed: Set[tuple[int, date]]) -> Flows:
    by_month: dict[date, list[Flow]] = {}
    for flow in rows:
        by_month.setdefault(first_of_month(flow.on), []).append(flow)
    return Flows(currency, tuple(rows), by_month, summed)


def _of(by_id: Mapping[int, Account], rows: Iterable[_Row]) -> Iterator[tuple[Account, _Row]]:
    return ((by_id[row[0]], row) for row in rows if row[0] in by_id)


def _flow(account: Account, row: _Row, is_month: bool, rates: RateTable) -> Flow:
    _account_id, category_id, kind, on, inflow, outflow, count = row
    rate = rates.rate(account.currency, on)
    if rate is not None and rate.rate_on is not None:
        inflow, outflow = inflow * rate.rate, outflow * rate.rate
    return Flow(
        account=account,
        category_id=category_id,
        is_expense=kind == Category.Kind.EXPENSE,
        on=on,
        is_month=is_month,
        inflow=inflow,
        outflow=outflow,
        count=count,
        rates=(rate,) if rate else (),
    )


def _converted_flows(
    account: Account,
    month: date,
    conversion: Conversion,
    kinds: Mapping[int | None, str],
    category_ids: Collection[int] | None,
) -> Iterator[Flow]:
    for sums in conversion.sums:
        kind = kinds.get(sums.category_id)
        if kind == Category.Kind.TRANSFER:
            continue
        if category_ids is not None and sums.category_id not in category_ids:
            continue
        yield Flow(
            account=account,
            category_id=sums.category_id,
            is_expense=kind == Category.Kind.EXPENSE,
            on=sums.on or month,
            is_month=True,
            inflow=sums.inflow,
            outflow=sums.outflow,
            count=sums.count,
            rates=sums.rates,
        )


_SUMS = ("inflow", "outflow", "transaction_count")
_NOT_COUNTED = {"category__kind": Category.Kind.TRANSFER}


def _monthly(account_ids: Collection[int], first: date, last: date) -> QuerySet[Any, _Row]:
    rows = MonthlyTotal.objects.filter(
        account_id__in=account_ids, month__gte=first, month__lte=last
    ).exclude(**_NOT_COUNTED)
    return rows.values_list("account_id", "category_id", "category__kind", "month", *_SUMS)


_MONTHLY = WrittenOnce(_monthly)
_MONTHLY_OF = WrittenOnce(
    lambda account_ids, first, last, category_ids: _monthly(account_ids, first, last).filter(
        category_id__in=category_ids
    )
)


def _monthly_rows(home: set[int], months: set[date], ids: Collection[int] | None) -> list[_Row]:
    """The monthly totals; from what the snapshot has read before, if that covers them."""
    if not months or not home:
        return []
    kept = read_before("monthly totals")
    for accounts, span, rows in kept:
        if accounts >= home and span >= months:
            return [
                row
                for row in rows
                if row[0] in home and row[3] in months and (ids is None or row[1] in ids)
            ]
    read = [row for row in _asking_monthly(home, months, ids).rows() if row[3] in months]
    if ids is None:
        kept.append((home, months, read))
    return read


def _asking_monthly(home: Set[int], months: Set[date], ids: Collection[int] | None) -> Asked:
    span = (home, min(months), max(months))
    return _MONTHLY.asking(*span) if ids is None else _MONTHLY_OF.asking(*span, ids)


def _daily(
    account_ids: Collection[int],
    first: date,
    end: date,
    starts: Sequence[date],
    ends: Sequence[date],
) -> QuerySet[Any, _Row]:
    """The days from each start to before its end, all between the first and the end."""
    spans = [_between(*span) for span in zip(starts, ends, strict=True)]
    # The overall range is repeated outside the alternatives; otherwise SQLite reads every row.
    rows = DailyTotal.objects.filter(
        _between(first, end), reduce(or_, spans), account_id__in=account_ids
    ).exclude(**_NOT_COUNTED)
    return rows.values_list("account_id", "category_id", "category__kind", "day", *_SUMS)


_DAILY = WrittenOnce(_daily)
_DAILY_OF = WrittenOnce(
    lambda account_ids, first, end, starts, ends, category_ids: _daily(
        account_ids, first, end, starts, ends
    ).filter(category_id__in=category_ids)
)


def _daily_rows(
    home: set[int],
    open_months: Mapping[int, set[date]],
    periods: list[Period],
    ids: Collection[int] | None,
) -> list[_Row]:
    """Daily totals of partial months for every account, and of open months for their accounts.

    What the snapshot has read before is not read again.
    """
    edges = [edge for period in periods for edge in cut_months(period)]
    opened = {pk for pk, months in open_months.items() if months}
    spans = [Period.month_of(month) for month in set().union(*open_months.values())]
    wanted = [
        (opened, _joined([*edges, *spans])),
        ((home | set(open_months)) - opened, _joined(edges)),
    ]
    days_of = {pk: days for account_ids, days in wanted for pk in account_ids}
    kept = read_before("daily totals")
    for known, rows in kept:
        if all(_are_within(days, known.get(pk, ())) for pk, days in days_of.items()):
            return [
                row
                for row in rows
                if any(row[3] in span for span in days_of.get(row[0], ()))
                and (ids is None or row[1] in ids)
            ]
    asked = [_asking_daily(*some, ids) for some in wanted if all(some)]
    read_together(*asked)
    found = [row for one in asked for row in one.rows()]
    if ids is None:
        kept.append((days_of, found))
    return found


def _asking_daily(
    account_ids: Set[int], days: Sequence[Period], ids: Collection[int] | None
) -> Asked:
    starts, ends = [one.start for one in days], [one.end for one in days]
    span = (account_ids, min(starts), max(ends), starts, ends)
    return _DAILY.asking(*span) if ids is None else _DAILY_OF.asking(*span, ids)


def _are_within(days: Iterable[Period], spans: Iterable[Period]) -> bool:
    return all(
        any(span.start <= one.start and one.end <= span.end for span in spans) for one in days
    )


def _joined(spans: Iterable[Period]) -> list[Period]:
    """The spans in order, with those that touch made one."""
    found: list[Period] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def _between(start: date, end: date) -> Q:
    return Q(day__gte=start, day__lt=end)
