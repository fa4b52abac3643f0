"""Where the money went: spending by merchant, against the period before.

Home-currency accounts come from the merchants' totals, so ten years cost what one month costs;
foreign accounts and cut months come from the rows, grouped by day, as in `transactions.flows`.
Spellings that differ only in case are one merchant. Transfers are at no merchant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.exchange import Rate, RateTable
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from accounts.models import Account
from banking.kernel.fields import AmountField, folded
from banking.kernel.periods import Period
from insights.figures.questions import Question
from insights.figures.spending import percent_change, percent_of
from transactions.flows import cut_months, whole_months
from transactions.models import Category, MerchantTotal, Transaction

SHOWN = 20
_ZERO = Value(Decimal(0), output_field=AmountField())


@dataclass(frozen=True, slots=True)
class MerchantSpending:
    """What was spent at one merchant in `count` purchases, and what came back in those categories.

    `key` is its folded name, "" for lines without a merchant; `category` is the one most was
    spent in there.
    """

    key: str
    name: str
    category: Category | None
    total: Decimal
    refunds: Decimal
    count: int
    percent: Decimal
    previous_total: Decimal

    @property
    def average(self) -> Decimal:
        """One purchase's."""
        return self.total / self.count

    @property
    def change(self) -> Decimal:
        return self.total - self.previous_total

    @property
    def change_percent(self) -> Decimal | None:
        return percent_change(self.total, self.previous_total)


@dataclass(frozen=True, slots=True)
class Merchants:
    """The largest merchants of a period, and what all the `others` took together."""

    question: Question
    rows: tuple[MerchantSpending, ...]
    total: Decimal
    previous_total: Decimal
    others_count: int
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def others_total(self) -> Decimal:
        return self.total - sum((row.total for row in self.rows), Decimal(0))

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)


class _Line(NamedTuple):
    """One merchant's sums in one category; `account` and `on` where a rate is needed."""

    merchant: str
    category_id: int | None
    inflow: Decimal
    outflow: Decimal
    count: int
    outflow_count: int
    account: Account | None
    on: Any


@dataclass(slots=True)
class _Sum:
    outflow: Decimal = Decimal(0)
    count: int = 0
    by_name: dict[str, Decimal] = field(default_factory=dict)
    by_category: dict[int | None, Decimal] = field(default_factory=dict)
    came_back: dict[int | None, Decimal] = field(default_factory=dict)


def merchants(question: Question, *, limit: int = SHOWN) -> Merchants:
    """The merchants with the most money out in the period, the largest first."""
    period, before = question.choice.period, question.choice.comparison
    now_lines, before_lines = _lines(question, period), _lines(question, before)
    rates = _rates_for(question, [*now_lines, *before_lines])
    now, before_sums = _by_merchant(now_lines, rates), _by_merchant(before_lines, rates)
    whole = sum((one.outflow for one in now.values()), Decimal(0))
    spent = sorted(
        ((key, one) for key, one in now.items() if one.outflow > 0),
        key=lambda item: (-item[1].outflow, item[0]),
    )
    categories = _categories(one for _key, one in spent[:limit])
    used = [(line, _rate_of(line, rates)) for line in now_lines]
    return Merchants(
        question=question,
        rows=tuple(
            _row(key, one, before_sums.get(key), whole, categories) for key, one in spent[:limit]
        ),
        total=whole,
        previous_total=sum((one.outflow for one in before_sums.values()), Decimal(0)),
        others_count=max(len(spent) - limit, 0),
        not_converted=merged(_left_out(line) for line, rate in used if rate is None),
        rates=rates_used(rate for line, rate in used if rate is not None),
    )


def _row(
    key: str,
    now: _Sum,
    before: _Sum | None,
    whole: Decimal,
    categories: dict[int, Category],
) -> MerchantSpending:
    return MerchantSpending(
        key=key,
        name=_largest(now.by_name),
        category=categories.get(_largest(now.by_category)),
        total=now.outflow,
        refunds=sum(
            (came for pk, came in now.came_back.items() if _is_expense(categories.get(pk))),
            Decimal(0),
        ),
        count=now.count,
        percent=percent_of(now.outflow, whole),
        previous_total=before.outflow if before else Decimal(0),
    )


def _is_expense(category: Category | None) -> bool:
    """What comes in elsewhere is an income, or nobody has said what it is."""
    return category is not None and category.kind == Category.Kind.EXPENSE


def _largest(amounts: dict[Any, Decimal]) -> Any:
    return max(amounts, key=lambda name: (amounts[name], str(name)))


def _categories(sums: Iterable[_Sum]) -> dict[int, Category]:
    ids = {pk for one in sums for pk in one.by_category} - {None}
    return Category.objects.in_bulk(ids) if ids else {}


def _by_merchant(lines: Iterable[_Line], rates: RateTable) -> dict[str, _Sum]:
    found: dict[str, _Sum] = {}
    for line in lines:
        rate = _rate_of(line, rates)
        if rate is None:
            continue
        sums = found.setdefault(folded(line.merchant), _Sum())
        outflow, inflow = line.outflow * rate.rate, line.inflow * rate.rate
        sums.outflow += outflow
        sums.count += line.outflow_count
        _add(sums.by_name, line.merchant, outflow)
        _add(sums.by_category, line.category_id, outflow)
        _add(sums.came_back, line.category_id, inflow)
    return found


def _add(amounts: dict[Any, Decimal], key: Any, amount: Decimal) -> None:
    amounts[key] = amounts.get(key, Decimal(0)) + amount


def _rate_of(line: _Line, rates: RateTable) -> Rate | None:
    return rates.rate(line.account.currency if line.account else rates.to, line.on)


def _rates_for(question: Question, lines: list[_Line]) -> RateTable:
    foreign = [line for line in lines if line.account is not None]
    currencies = {line.account.currency for line in foreign}
    return RateTable.for_dates(currencies, question.currency, {line.on for line in foreign})


def _left_out(line: _Line) -> NotConverted:
    account = line.account
    return NotConverted(account.pk, account.name, account.currency, line.count, line.on, line.on)


def _lines(question: Question, period: Period) -> list[_Line]:
    """The period's sums: of months from the totals, of days from the rows."""
    by_id = {account.pk: account for account in question.coverage.accounts}
    home = {pk for pk, one in by_id.items() if one.currency == question.currency}
    foreign = set(by_id) - home
    lines = [_Line(*row, None, question.on) for row in _monthly(home, whole_months(period))]
    wanted = [Q(account_id__in=home) & _in(edge) for edge in cut_months(period) if home]
    if wanted:
        rows = _counted(reduce(or_, wanted)).values_list("merchant", "own_category")
        lines += [_Line(*row, None, question.on) for row in _summed(rows)]
    if foreign:
        rows = _counted(Q(account_id__in=foreign) & _in(period))
        keys = rows.values_list("merchant", "own_category", "account_id", "txn_date")
        for merchant, category_id, account_id, on, *sums in _summed(keys):
            lines.append(_Line(merchant, category_id, *sums, by_id[account_id], on))
    return lines


def _monthly(home: set[int], months: list[Any]) -> Iterable[tuple]:
    if not (home and months):
        return []
    totals = MerchantTotal.objects.filter(
        account_id__in=home, month__range=(months[0], months[-1])
    ).exclude(category__kind=Category.Kind.TRANSFER)
    grouped = totals.order_by().values_list("merchant", "category_id")
    return grouped.annotate(
        Sum("inflow"), Sum("outflow"), Sum("transaction_count"), Sum("outflow_count")
    )


def _counted(condition: Q) -> QuerySet:
    """Posted rows that are no transfer, with the category their merchant's totals have."""
    rows = Transaction.objects.live().posted().filter(condition)
    whole = ~Q(category__kind=Category.Kind.TRANSFER)
    own = Case(When(is_split=True, then=None), default=F("category_id"))
    return rows.filter(Q(is_split=True) | whole).annotate(own_category=own)


def _summed(rows: QuerySet) -> Iterable[tuple]:
    grouped = rows.order_by().annotate(
        inflow=Coalesce(Sum("signed_amount", filter=Q(signed_amount__gt=0)), _ZERO),
        negative=Coalesce(Sum("signed_amount", filter=Q(signed_amount__lt=0)), _ZERO),
        count=Count("id"),
        outflow_count=Count("id", filter=Q(signed_amount__lt=0)),
    )
    for *keys, inflow, negative, count, outflow_count in grouped:
        yield *keys, inflow, -negative, count, outflow_count


def _in(period: Period) -> Q:
    return Q(txn_date__gte=period.start, txn_date__lt=period.end)
