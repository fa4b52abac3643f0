"""Cash flow: income, expenses and net of a period, also month by month.

Transfers between own accounts are left out. An inflow in an expense category is a refund: it lowers
expenses and is not income. The gross sums follow each transaction's sign (`txn_type`); they match
the sums of the transaction lists.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from banking.kernel.periods import Period, first_of_month
from insights.figures.questions import Question
from transactions.flows import Flow, Flows


class InAndOut:
    """What follows from the income, expenses and refunds of a period or month."""

    __slots__ = ()

    income: Decimal
    expenses: Decimal
    refunds: Decimal

    @property
    def gross_income(self) -> Decimal:
        """All inflows, including refunds."""
        return self.income + self.refunds

    @property
    def gross_expenses(self) -> Decimal:
        """All outflows."""
        return self.expenses + self.refunds

    @property
    def net(self) -> Decimal:
        return self.income - self.expenses

    @property
    def savings_rate(self) -> Decimal | None:
        """Net as a share of income (0.25 means 25% was saved); None without income."""
        return self.net / self.income if self.income > 0 else None


@dataclass(frozen=True, slots=True)
class CashFlow(InAndOut):
    """Income, expenses and net of one period, over the amounts that could be converted."""

    period: Period
    currency: str
    income: Decimal
    expenses: Decimal
    refunds: Decimal
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)


@dataclass(frozen=True, slots=True)
class MonthFlow(InAndOut):
    """One calendar month of a trend."""

    month: date
    income: Decimal
    expenses: Decimal
    refunds: Decimal
    not_converted_count: int

    @property
    def is_empty(self) -> bool:
        """Whether the month has no activity at all, including amounts that could not be
        converted.
        """
        return not (self.gross_income or self.gross_expenses or self.not_converted_count)


@dataclass(frozen=True, slots=True)
class CashFlowMonths:
    """A period month by month, with its totals and those of the previous period."""

    question: Question
    months: tuple[MonthFlow, ...]
    total: CashFlow
    before: CashFlow


def cash_flow_months(question: Question) -> CashFlowMonths:
    """Income, expenses and net by month, without empty months at the period's edges."""
    period, before = question.choice.period, question.choice.comparison
    flows, _rates = question.load([period, before])
    return CashFlowMonths(
        question=question,
        months=lived_in(monthly_trend(flows, period)),
        total=cash_flow(flows, period),
        before=cash_flow(flows, before),
    )


def lived_in(months: Sequence[MonthFlow]) -> tuple[MonthFlow, ...]:
    """The months from the first to the last with activity."""
    places = [place for place, month in enumerate(months) if not month.is_empty]
    return tuple(months[places[0] : places[-1] + 1]) if places else ()


def cash_flow(flows: Flows, period: Period) -> CashFlow:
    """Income and expenses of the period."""
    rows = list(flows.within(period))
    income, expenses, refunds = _sums(rows)
    return CashFlow(
        period=period,
        currency=flows.currency,
        income=income,
        expenses=expenses,
        refunds=refunds,
        not_converted=merged(row.not_converted for row in rows if not row.is_converted),
        rates=rates_used(rate for row in rows for rate in row.rates),
    )


def monthly_trend(flows: Flows, period: Period) -> tuple[MonthFlow, ...]:
    """Each calendar month of a period of whole months, in order; empty months are zero."""
    by_month: dict[date, list[Flow]] = {month: [] for month in period.months()}
    for row in flows.within(period):
        by_month[first_of_month(row.on)].append(row)
    return tuple(
        MonthFlow(month, *_sums(rows), sum(row.count for row in rows if not row.is_converted))
        for month, rows in by_month.items()
    )


def _sums(rows: Iterable[Flow]) -> tuple[Decimal, Decimal, Decimal]:
    """Income, expenses minus refunds, and the refunds."""
    income = expenses = refunds = Decimal(0)
    for row in rows:
        if row.is_converted:
            income += row.income
            expenses += row.spent
            refunds += row.refunds
    return income, expenses, refunds
