"""One year compared with the one before: by month, in total, and by category.

For the current year, totals end today and are compared with the same dates a year before.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from banking.kernel.periods import Period, add_months
from insights.figures.cash_flow import CashFlow, MonthFlow, cash_flow, monthly_trend
from insights.figures.questions import Question
from insights.figures.spending import (
    CategorySpending,
    categories_of,
    percent_change,
    spending_by_category,
)


@dataclass(frozen=True, slots=True)
class YearMonth:
    """A calendar month and the same month a year before; compared once both are over."""

    now: MonthFlow
    before: MonthFlow
    is_over: bool
    is_running: bool

    @property
    def is_ahead(self) -> bool:
        """Whether the month is in the future; it may still have future-dated transactions."""
        return not (self.is_over or self.is_running)

    @property
    def month(self) -> date:
        return self.now.month

    @property
    def income_change(self) -> Decimal | None:
        return percent_change(self.now.income, self.before.income) if self.is_over else None

    @property
    def expenses_change(self) -> Decimal | None:
        return percent_change(self.now.expenses, self.before.expenses) if self.is_over else None


@dataclass(frozen=True, slots=True)
class Yearly:
    """`total` ends today, `before` covers the same days, `whole_before` the whole year before."""

    question: Question
    months: tuple[YearMonth, ...]
    total: CashFlow
    before: CashFlow
    whole_before: CashFlow
    categories: tuple[CategorySpending, ...]

    @property
    def year(self) -> int:
        return self.question.choice.period.start.year

    @property
    def income_change(self) -> Decimal | None:
        """Change in percent against the same days a year before."""
        return percent_change(self.total.income, self.before.income)

    @property
    def expenses_change(self) -> Decimal | None:
        """Change in percent against the same days a year before."""
        return percent_change(self.total.expenses, self.before.expenses)


def yearly(question: Question) -> Yearly:
    """The year of the question's period, compared with the year before."""
    year = Period.year_of(question.choice.period.start)
    last_year = year.previous()
    so_far, same_days = _same_days(year, last_year, question.on)
    flows, _rates = question.load([year, last_year, so_far, same_days])
    pairs = zip(monthly_trend(flows, year), monthly_trend(flows, last_year), strict=True)
    return Yearly(
        question=question,
        months=tuple(
            YearMonth(
                now,
                before,
                is_over=Period.month_of(now.month).end <= question.on,
                is_running=question.on in Period.month_of(now.month),
            )
            for now, before in pairs
        ),
        total=cash_flow(flows, so_far),
        before=cash_flow(flows, same_days),
        whole_before=cash_flow(flows, last_year),
        categories=spending_by_category(
            flows, so_far, previous=same_days, categories=categories_of(flows), with_gone=True
        ),
    )


def _same_days(year: Period, last_year: Period, on: date) -> tuple[Period, Period]:
    """The year up to today and the year before up to the same date; both whole for a past year."""
    if on not in year:
        return year, last_year
    same_date = min(add_months(on, -12) + timedelta(days=1), last_year.end)
    return Period(year.start, on + timedelta(days=1)), Period(last_year.start, same_date)
