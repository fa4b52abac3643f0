"""Cash flow: income, expenses and what is left, of a period and month by month.

Income is money in and expenses is money out, without transfers between own accounts. Money in, in
a category of expenses, is a refund: it lowers the expenses and is no income. The gross sums by the
sign of each line (`txn_type`) stand beside: those are what the lists of lines add up to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from banking.kernel.periods import Period, first_of_month
from insights.figures.questions import Question
from transactions.flows import Flow, Flows


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Income, expenses and net of one period, over the amounts that could be converted."""

    period: Period
    currency: str
    income: Decimal
    expenses: Decimal
    refunds: Decimal
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def gross_income(self) -> Decimal:
        """Everything that came in, refunds too."""
        return self.income + self.refunds

    @property
    def gross_expenses(self) -> Decimal:
        """Everything that went out."""
        return self.expenses + self.refunds

    @property
    def net(self) -> Decimal:
        return self.income - self.expenses

    @property
    def savings_rate(self) -> Decimal | None:
        """Net as a part of income, 0.25 for a quarter kept; None without income."""
        return self.net / self.income if self.income > 0 else None

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)


@dataclass(frozen=True, slots=True)
class MonthFlow:
    """One calendar month of a trend."""

    month: date
    income: Decimal
    expenses: Decimal
    refunds: Decimal
    not_converted_count: int

    @property
    def gross_income(self) -> Decimal:
        """As a period's."""
        return self.income + self.refunds

    @property
    def gross_expenses(self) -> Decimal:
        """As a period's."""
        return self.expenses + self.refunds

    @property
    def net(self) -> Decimal:
        return self.income - self.expenses

    @property
    def savings_rate(self) -> Decimal | None:
        """As a period's."""
        return self.net / self.income if self.income else None

    @property
    def is_empty(self) -> bool:
        """Nothing came in or went out, not even what could not be converted."""
        return not (self.gross_income or self.gross_expenses or self.not_converted_count)


@dataclass(frozen=True, slots=True)
class CashFlowMonths:
    """A period month by month, with its sums and those of the period before."""

    question: Question
    months: tuple[MonthFlow, ...]
    total: CashFlow
    before: CashFlow


def cash_flow_months(question: Question) -> CashFlowMonths:
    """Income, expenses and what was left, by month; empty months at the period's edges go."""
    period, before = question.choice.period, question.choice.comparison
    flows, _rates = question.load([period, before])
    return CashFlowMonths(
        question=question,
        months=lived_in(monthly_trend(flows, period)),
        total=cash_flow(flows, period),
        before=cash_flow(flows, before),
    )


def lived_in(months: Sequence[MonthFlow]) -> tuple[MonthFlow, ...]:
    """The months from the first to the last with money: before and after there is no history."""
    places = [place for place, month in enumerate(months) if not month.is_empty]
    return tuple(months[places[0] : places[-1] + 1]) if places else ()


def cash_flow(flows: Flows, period: Period) -> CashFlow:
    """What came in and went out in the period."""
    rows = list(flows.within(period))
    income, expenses, refunds = _sums(rows)
    return CashFlow(
        period=period,
        currency=flows.currency,
        income=income,
        expenses=expenses,
        refunds=refunds,
        not_converted=merged(row.not_converted for row in rows if row.rate is None),
        rates=rates_used(row.rate for row in rows if row.rate is not None),
    )


def monthly_trend(flows: Flows, period: Period) -> tuple[MonthFlow, ...]:
    """Each calendar month of a period of whole months, in order; without money it is zero."""
    by_month: dict[date, list[Flow]] = {month: [] for month in period.months()}
    for row in flows.within(period):
        by_month[first_of_month(row.on)].append(row)
    return tuple(
        MonthFlow(month, *_sums(rows), sum(row.count for row in rows if row.rate is None))
        for month, rows in by_month.items()
    )


def _sums(rows: Iterable[Flow]) -> tuple[Decimal, Decimal, Decimal]:
    """Income, expenses less refunds, and those refunds."""
    income = expenses = refunds = Decimal(0)
    for row in rows:
        if row.rate is not None:
            income += row.income
            expenses += row.spent
            refunds += row.refunds
    return income, expenses, refunds
