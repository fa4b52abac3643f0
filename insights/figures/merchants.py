"""Spending by merchant, compared with the previous period.

Accounts in the home currency use the merchant totals, so ten years cost as much as one month.
Foreign accounts and partial months are read from the rows, grouped by day, as in
`transactions.flows`. Spellings that differ only in case are one merchant. Transfers are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.exchange import Rate, RateTable
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from accounts.models import Account
from banking.kernel.fields import AmountField, folded
from banking.kernel.narrowing import sure
from banking.kernel.periods import Period
from insights.figures.questions import Question
from insights.figures.spending import Compared, percent_of
from transactions.flows import cut_months, whole_months
from transactions.models import Category, MerchantTotal, Transaction, TransactionSplit

SHOWN = 20
_ZERO = Value(Decimal(0), output_field=AmountField())


@dataclass(frozen=True, slots=True)
class MerchantSpending(Compared):
    """Spending at one merchant in `count` purchases, minus `refunds`.

    `key` is the folded name ("" if there is no merchant); `category` is the one with the most
    spending there.
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
        """Average amount per purchase, before refunds."""
        return self.gross_total / self.count if self.count else Decimal(0)


@dataclass(frozen=True, slots=True)
class Merchants:
    """The largest merchants of a period, and the sum of all `others`."""

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
    """One merchant's sums in one category; `account` and `on` are set if a rate is needed."""

    merchant: str
    category_id: int | None
    kind: str | None
    inflow: Decimal
    outflow: Decimal
    count: int  # type: ignore[assignment]  # a tuple's own count is not asked for
    outflow_count: int
    account: Account | None
    on: Any


@dataclass(slots=True)
class _Sum:
    spent: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)
    count: int = 0
    by_name: dict[str, Decimal] = field(default_factory=dict)
    by_category: dict[int | None, Decimal] = field(default_factory=dict)


def merchants(question: Question, *, limit: int = SHOWN) -> Merchants:
    """The merchants with the most spending in the period, largest first.

    A refund lowers the spending at its merchant.
    """
    period, before = question.choice.period, question.choice.comparison
    now_lines, before_lines = _lines(question, period), _lines(question, before)
    for is_now, line in _months(question, period, before):
        (now_lines if is_now else before_lines).append(line)
    for on, line in _foreign(question, period, before):
        (now_lines if on in period else before_lines).append(line)
    # As a whole, a split transaction has no category there.
    if any(line.category_id is None and line.inflow for line in [*now_lines, *before_lines]):
        for on, line in _split_refunds(question, period, before):
            (now_lines if on in period else before_lines).append(line)
    rates = _rates_for(question, [*now_lines, *before_lines])
    now, before_sums = _by_merchant(now_lines, rates), _by_merchant(before_lines, rates)
    whole = sum((sums.spent for sums in now.values()), Decimal(0))
    spent = sorted(
        ((key, one) for key, one in now.items() if one.spent or one.refunds),
        key=lambda item: (-item[1].spent, item[0]),
    )
    categories = _categories(one for _key, one in spent[:limit])
    used = [(line, _rate_of(line, rates)) for line in now_lines]
    return Merchants(
        question=question,
        rows=tuple(
            _row(key, one, before_sums.get(key), whole, categories) for key, one in spent[:limit]
        ),
        total=whole,
        previous_total=sum((before_sum.spent for before_sum in before_sums.values()), Decimal(0)),
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
        total=now.spent,
        refunds=now.refunds,
        count=now.count,
        percent=percent_of(now.spent, whole),
        previous_total=before.spent if before else Decimal(0),
    )


def _largest(amounts: dict[Any, Decimal]) -> Any:
    return max(amounts, key=lambda name: (amounts[name], str(name)))


def _categories(sums: Iterable[_Sum]) -> dict[int, Category]:
    ids = {pk for merchant in sums for pk in merchant.by_category} - {None}
    return Category.objects.in_bulk(ids) if ids else {}


def _by_merchant(lines: Iterable[_Line], rates: RateTable) -> dict[str, _Sum]:
    found: dict[str, _Sum] = {}
    for line in lines:
        rate = _rate_of(line, rates)
        if rate is None:
            continue
        sums = found.setdefault(folded(line.merchant), _Sum())
        outflow = line.outflow * rate.rate
        # Other inflows are income, or uncategorized.
        is_refund = line.kind == Category.Kind.EXPENSE
        refunds = line.inflow * rate.rate if is_refund else Decimal(0)
        sums.spent += outflow - refunds
        sums.refunds += refunds
        sums.count += line.outflow_count
        _add(sums.by_name, line.merchant, outflow)
        _add(sums.by_category, line.category_id, outflow)
    return found


def _add(amounts: dict[Any, Decimal], key: Any, amount: Decimal) -> None:
    amounts[key] = amounts.get(key, Decimal(0)) + amount


def _rate_of(line: _Line, rates: RateTable) -> Rate | None:
    return rates.rate(line.account.currency if line.account else rates.to, line.on)


def _rates_for(question: Question, lines: list[_Line]) -> RateTable:
    foreign = [line for line in lines if line.account is not None]
    currencies = {sure(line.account).currency for line in foreign}
    return RateTable.for_dates(currencies, question.currency, {line.on for line in foreign})


def _left_out(line: _Line) -> NotConverted:
    account = sure(line.account)
    return NotConverted(account.pk, account.name, account.currency, line.count, line.on, line.on)


def _lines(question: Question, period: Period) -> list[_Line]:
    """Home-currency sums of the days outside the whole months that the totals cover."""
    home = [
        account.pk
        for account in question.coverage.accounts
        if account.currency == question.currency
    ]
    wanted = [Q(account_id__in=home) & _in(edge) for edge in cut_months(period) if home]
    if not wanted:
        return []
    rows = _counted(reduce(or_, wanted)).values_list("merchant", "own_category", "own_kind")
    return [_Line._make((*row, None, question.on)) for row in _summed(rows)]


def _foreign(question: Question, period: Period, before: Period) -> Iterable[tuple[date, _Line]]:
    """Both periods' sums in other currencies, by day."""
    accounts = question.coverage.accounts
    foreign = {account.pk: account for account in accounts if account.currency != question.currency}
    if not foreign:
        return
    rows = _counted(Q(account_id__in=list(foreign)) & (_in(period) | _in(before)))
    keys = rows.values_list("merchant", "own_category", "own_kind", "account_id", "txn_date")
    for merchant, category_id, kind, account_id, on, *sums in _summed(keys):
        yield on, _Line._make((merchant, category_id, kind, *sums, foreign[account_id], on))


def _split_refunds(
    question: Question, period: Period, before: Period
) -> Iterable[tuple[date, _Line]]:
    """Inflow parts of split transactions; the totals keep the whole transaction as uncategorized.

    Their category decides which parts are refunds, together with the outflow parts.
    """
    by_id = {account.pk: account for account in question.coverage.accounts}
    inside = Q(transaction__txn_date__gte=period.start, transaction__txn_date__lt=period.end)
    inside |= Q(transaction__txn_date__gte=before.start, transaction__txn_date__lt=before.end)
    parts = TransactionSplit.objects.filter(
        inside,
        transaction__account_id__in=list(by_id),
        transaction__deleted_at=None,
        transaction__status=Transaction.Status.POSTED,
        transaction__signed_amount__gt=0,
    )
    counted = parts.filter(Q(category=None) | ~Q(category__kind=Category.Kind.TRANSFER))
    keys = counted.values_list(
        *("transaction__merchant", "category_id", "category__kind"),
        *("transaction__account_id", "transaction__txn_date"),
    )
    for merchant, category_id, kind, account_id, on, inflow, outflow, _count, purchases in _summed(
        keys
    ):
        account = by_id[account_id]
        is_home = account.currency == question.currency
        # The whole transaction already says whether a rate is known.
        yield (
            on,
            _Line(
                *(merchant, category_id, kind, inflow, outflow, 0, purchases),
                *((None, question.on) if is_home else (account, on)),
            ),
        )


def _months(question: Question, period: Period, before: Period) -> Iterable[tuple[bool, _Line]]:
    """Both periods' sums of whole months from the totals, flagged if from the current period."""
    home = [
        account.pk
        for account in question.coverage.accounts
        if account.currency == question.currency
    ]
    spans = [whole_months(span) for span in (period, before)]
    wanted = [Q(month__range=(months[0], months[-1])) for months in spans if months]
    if not (home and wanted):
        return []
    totals = MerchantTotal.objects.filter(reduce(or_, wanted), account_id__in=home).exclude(
        category__kind=Category.Kind.TRANSFER
    )
    is_now = Case(
        When(month__gte=period.start, month__lt=period.end, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    grouped = (
        totals.order_by()
        .annotate(is_now=is_now)
        .values_list("is_now", "merchant", "category_id", "category__kind")
        .annotate(Sum("inflow"), Sum("outflow"), Sum("transaction_count"), Sum("outflow_count"))
    )
    return [(bool(row[0]), _Line._make((*row[1:], None, question.on))) for row in grouped]


def _counted(condition: Q) -> QuerySet:
    """Posted rows that are not transfers, with the category as in the merchant totals."""
    rows = Transaction.objects.live().posted().filter(condition)
    whole = ~Q(category__kind=Category.Kind.TRANSFER)
    own = Case(When(is_split=True, then=None), default=F("category_id"))
    kind = Case(When(is_split=True, then=None), default=F("category__kind"))
    return rows.filter(Q(is_split=True) | whole).annotate(own_category=own, own_kind=kind)


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
