"""The context of the insight pages: period picker, currencies, notes and links."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from accounts.honesty import NotConverted, RatesUsed
from banking.kernel.formats import date_format
from banking.kernel.periods import Period, add_months, first_of_month
from banking.limits import MERCHANTS_SHOWN
from insights.figures.burn_rate import BurnRate
from insights.figures.cash_flow import CashFlowMonths
from insights.figures.categories import Categories
from insights.figures.links import Links
from insights.figures.merchants import SHOWN, Merchants
from insights.figures.net_worth import AccountBalance
from insights.figures.net_worth_history import NetWorthHistory
from insights.figures.period_words import period_label, period_picker, span_label
from insights.figures.questions import Question
from insights.figures.spending import CategorySpending, percent_change
from insights.figures.yearly import Yearly, YearMonth
from transactions.models import Transaction

# Bars in the merchants' chart.
DRAWN_MERCHANTS = 10


def shared_context(
    question: Question, not_converted: Iterable[NotConverted], rates: Iterable[RatesUsed]
) -> dict[str, Any]:
    """Context shared by all insight pages."""
    links, choice, flows = Links(question.coverage), question.choice, tuple(not_converted)
    return {
        "question": question,
        "coverage": question.coverage,
        "currency": question.currency,
        "currencies": question.coverage.currencies(question.currency),
        "picker": period_picker(choice, on=question.on, kept=_kept(question)),
        "period_label": period_label(choice),
        "comparison_label": f"vs. {span_label(choice.comparison)}",
        "left_out": {
            "count": sum(line.count for line in flows),
            "balances": (),
            "flows": [(line, links.left_out(line)) for line in flows],
        },
        "rates": tuple(rates),
    }


def _kept(question: Question) -> dict[str, str]:
    """Query parameters to keep when the period changes."""
    kept = {"include_shared": "1"} if question.coverage.asked_for_shared else {}
    if question.currency != question.coverage.user.base_currency:
        kept["currency"] = question.currency
    return kept


def cash_flow_context(figure: CashFlowMonths) -> dict[str, Any]:
    question, links = figure.question, Links(figure.question.coverage)
    period = question.choice.period
    rows = []
    for row in figure.months:
        month = _within(Period.month_of(row.month), period)
        rows.append((row, links.income(month), links.expenses(month), links.counted(month)))
    return shared_context(question, figure.total.not_converted, figure.total.rates) | {
        "total": figure.total,
        "before": figure.before,
        "income_change": percent_change(figure.total.income, figure.before.income),
        "expenses_change": percent_change(figure.total.expenses, figure.before.expenses),
        "savings_percent": _percent(figure.total.savings_rate),
        "savings_percent_before": _percent(figure.before.savings_rate),
        "rows": [(row, _percent(row.savings_rate), *urls) for row, *urls in rows],
        "income_url": links.income(period),
        "expenses_url": links.expenses(period),
        "counted_url": links.counted(period),
        "monthly_income": _average(figure.total.income, rows),
        "monthly_expenses": _average(figure.total.expenses, rows),
    }


def _within(month: Period, period: Period) -> Period:
    return Period(max(month.start, period.start), min(month.end, period.end))


def _percent(part: Decimal | None) -> Decimal | None:
    return None if part is None else part * 100


def _average(amount: Decimal, rows: list) -> Decimal | None:
    return amount / len(rows) if len(rows) > 1 else None


def categories_context(figure: Categories) -> dict[str, Any]:
    question = figure.question
    return shared_context(question, figure.total.not_converted, figure.total.rates) | {
        "total": figure.total,
        "before": figure.before,
        "change": percent_change(figure.total.expenses, figure.before.expenses),
        "rows": _category_rows(figure.rows, question),
        "risen": _moved(figure.rows, question, rose=True),
        "fallen": _moved(figure.rows, question, rose=False),
        "expenses_url": Links(question.coverage).expenses(question.choice.period),
    }


def _category_rows(rows: Iterable[CategorySpending], question: Question) -> list[tuple]:
    """(row, link, [(child, link)]); a row with past spending only links to the previous period."""
    found = []
    for row in rows:
        children = [(child, _category_url(child, question)) for child in row.children]
        found.append((row, _category_url(row, question), children))
    return found


def _category_url(row: CategorySpending, question: Question) -> str:
    choice = question.choice
    period = choice.period if row.total else choice.comparison
    return Links(question.coverage).category(row, period)


def _moved(rows: Iterable[CategorySpending], question: Question, *, rose: bool) -> list[tuple]:
    """The three categories with the biggest increases, or decreases."""
    moved = [row for row in rows if (row.change > 0 if rose else row.change < 0)]
    moved.sort(key=lambda row: -abs(row.change))
    return [(row, _category_url(row, question)) for row in moved[:3]]


def merchants_context(figure: Merchants, limit: int) -> dict[str, Any]:
    question, links = figure.question, Links(figure.question.coverage)
    period = question.choice.period
    return shared_context(question, figure.not_converted, figure.rates) | {
        "figure": figure,
        "change": percent_change(figure.total, figure.previous_total),
        "rows": [(row, links.merchant(row.key, period)) for row in figure.rows],
        "drawn": DRAWN_MERCHANTS,
        "top": figure.rows[0] if figure.rows else None,
        "more_limit": MERCHANTS_SHOWN if figure.others_count and limit == SHOWN else None,
        "expenses_url": links.expenses(period),
    }


def burn_rate_context(figure: BurnRate) -> dict[str, Any]:
    question, links = figure.question, Links(figure.question.coverage)
    funds = figure.liquid.total
    context = shared_context(question, figure.not_converted, figure.rates)
    context["left_out"]["balances"] = figure.liquid.not_converted
    context["left_out"]["count"] += figure.liquid.not_converted_count
    return context | {
        "figure": figure,
        "main": figure.main,
        "rows": [
            (window, window.runway_months(funds), links.expenses(window.flow.period))
            for window in figure.windows
        ],
        "months": [
            (
                row,
                links.income(Period.month_of(row.month)),
                links.expenses(Period.month_of(row.month)),
            )
            for row in figure.months
        ],
        "runs_out": _runs_out(figure),
    }


def _runs_out(figure: BurnRate) -> str:
    """The month the cash runs out ("March 2028"), if less than ten years away."""
    months = figure.runway_months
    if months is None or months > 120:
        return ""
    return date_format(add_months(first_of_month(figure.question.on), int(months)), "F Y")


def net_worth_context(figure: NetWorthHistory) -> dict[str, Any]:
    question, links = figure.question, Links(figure.question.coverage)
    context = shared_context(question, (), figure.rates)
    context["left_out"] = {
        "count": figure.not_converted_count,
        "balances": figure.not_converted,
        "flows": [],
    }
    rows: list[tuple[Any, Decimal | None, str]] = []
    before: Decimal | None = None
    for point in figure.points:
        change = None if before is None else point.total - before
        url = links.transactions(Period.month_of(point.on), status=Transaction.Status.POSTED)
        rows.append((point, change, url))
        before = point.total
    first, last = (figure.points[0], figure.points[-1]) if figure.points else (None, None)
    return context | {
        "figure": figure,
        "rows": rows,
        "first": first,
        "last": last,
        "assets_change": last.assets - first.assets if first and last else None,
        "liabilities_change": last.liabilities - first.liabilities if first and last else None,
        "is_now": bool(figure.points) and figure.points[-1].on == question.on,
        "accounts": [
            (item, links.account(item.account.pk))
            for item in sorted(figure.now.items, key=_by_worth)
        ],
    }


def yearly_context(figure: Yearly) -> dict[str, Any]:
    question, links = figure.question, Links(figure.question.coverage)
    year = figure.year
    kept = _kept(question)
    context = shared_context(question, figure.total.not_converted, figure.total.rates)
    return context | {
        "figure": figure,
        "year": year,
        "last_year": year - 1,
        "has_money": any(not (row.now.is_empty and row.before.is_empty) for row in figure.months),
        "is_running": figure.before.period != figure.whole_before.period,
        "same_days_label": span_label(figure.before.period),
        "savings_percent": _percent(figure.total.savings_rate),
        "savings_percent_before": _percent(figure.before.savings_rate),
        "rows": [(row, *_month_urls(row, links)) for row in figure.months],
        "categories": _category_rows(figure.categories, question),
        "years": {
            "previous": _year_url(year - 1, kept),
            "next": _year_url(year + 1, kept) if year < question.on.year else "",
        },
        "income_url": links.income(figure.total.period),
        "expenses_url": links.expenses(figure.total.period),
    }


def _month_urls(row: YearMonth, links: Links) -> tuple[str, str, str, str]:
    """Links to the month's income and expenses, and to those of a year earlier."""
    now, before = Period.month_of(row.month), Period.month_of(row.before.month)
    return links.income(now), links.expenses(now), links.income(before), links.expenses(before)


def _year_url(year: int, kept: Mapping[str, str]) -> str:
    return f"?{urlencode({'year': year, **kept})}"


def _by_worth(item: AccountBalance) -> tuple[bool, Decimal]:
    """The largest balances and debts first; unconverted ones last."""
    worth = item.converted.amount if item.converted else item.account.balance
    return item.converted is None, -abs(worth)
