"""Burn rate: average monthly and daily spending over recent full months, and how long cash
lasts.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Min

from accounts.honesty import NotConverted, RatesUsed
from accounts.models import Account
from banking.kernel.periods import Period, add_months, first_of_month
from insights.figures.cash_flow import CashFlow, MonthFlow, cash_flow, lived_in, monthly_trend
from insights.figures.net_worth import NetWorth, net_worth
from insights.figures.questions import Question
from insights.figures.spending import percent_change
from transactions.flows import Flows
from transactions.models import Category, MonthlyTotal

WINDOWS = (3, 6, 12)
MAIN_WINDOW = 6
LIQUID = (Account.Type.CHECKING, Account.Type.SAVINGS, Account.Type.CASH)
# Smaller changes of the monthly average count as steady.
STEADY_PERCENT = 5


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """The last `months` full calendar months, or fewer if the history is shorter."""

    months: int
    flow: CashFlow
    month_count: int

    @property
    def monthly(self) -> Decimal:
        """Average monthly expenses."""
        return self.flow.expenses / self.month_count

    @property
    def daily(self) -> Decimal:
        return self.flow.expenses / self.flow.period.days

    @property
    def monthly_income(self) -> Decimal:
        return self.flow.income / self.month_count

    @property
    def net_burn(self) -> Decimal:
        """Average monthly expenses minus income; 0 or less means there is no burn."""
        return self.monthly - self.monthly_income

    @property
    def burns(self) -> bool:
        return self.net_burn > 0

    def runway_months(self, funds: Decimal) -> Decimal | None:
        """How many months the cash on hand lasts at this burn; None if income covers the
        expenses.
        """
        return max(funds, Decimal(0)) / self.net_burn if self.burns else None

    def months_without_income(self, funds: Decimal) -> Decimal | None:
        """How many months the cash would last without any income; None if nothing is spent."""
        return max(funds, Decimal(0)) / self.monthly if self.monthly > 0 else None


@dataclass(frozen=True, slots=True)
class BurnRate:
    """`windows` is empty before the first full month.

    `trend_percent` compares the last three months with the three before; None without six months of
    history.
    """

    question: Question
    windows: tuple[BurnWindow, ...]
    months: tuple[MonthFlow, ...]
    liquid: NetWorth
    trend_percent: Decimal | None
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def main(self) -> BurnWindow | None:
        """The headline window: six months, which smooths out unusual months."""
        return next((window for window in self.windows if window.months == MAIN_WINDOW), None)

    @property
    def runway_months(self) -> Decimal | None:
        return self.main.runway_months(self.liquid.total) if self.main else None

    @property
    def months_without_income(self) -> Decimal | None:
        return self.main.months_without_income(self.liquid.total) if self.main else None

    @property
    def trend(self) -> str | None:
        """ "rising", "falling" or "steady"."""
        if self.trend_percent is None:
            return None
        if abs(self.trend_percent) < STEADY_PERCENT:
            return "steady"
        return "rising" if self.trend_percent > 0 else "falling"

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)


def burn_rate(question: Question) -> BurnRate:
    """Averages over the last 3, 6 and 12 full months, and the runway of the cash on hand.

    Cash on hand is the current balance of checking, savings and cash accounts, minus overdrafts.
    """
    end = first_of_month(question.on)
    year = Period(add_months(end, -max(WINDOWS)), end)
    flows, rates = question.load([year])
    first = _first_month(question)
    whole = cash_flow(flows, year)
    liquid = [account for account in question.coverage.accounts if account.account_type in LIQUID]
    return BurnRate(
        question=question,
        windows=tuple(
            BurnWindow(count, cash_flow(flows, period), sum(1 for _month in period.months()))
            for count in WINDOWS
            if (period := _window(end, count, first)).days
        ),
        months=lived_in(monthly_trend(flows, year)),
        liquid=net_worth(accounts=liquid, currency=question.currency, on=question.on, rates=rates),
        trend_percent=_trend(flows, end, first),
        not_converted=whole.not_converted,
        rates=whole.rates,
    )


def _window(end: date, count: int, first: date | None) -> Period:
    """The last full months before `end`, starting no earlier than the first month with activity."""
    return Period(min(max(add_months(end, -count), first or end), end), end)


def _trend(flows: Flows, end: date, first: date | None) -> Decimal | None:
    middle, start = add_months(end, -3), add_months(end, -6)
    if first is None or first > start:
        return None
    now, before = cash_flow(flows, Period(middle, end)), cash_flow(flows, Period(start, middle))
    return percent_change(now.expenses, before.expenses)


def _first_month(question: Question) -> date | None:
    """The first month with income or expenses on these accounts; averages start there."""
    totals = MonthlyTotal.objects.filter(account_id__in=question.coverage.account_ids)
    counted = totals.exclude(category__kind=Category.Kind.TRANSFER)
    return counted.aggregate(first=Min("month"))["first"]
