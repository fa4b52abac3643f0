"""Spending by category over a period compared with the previous one, including dropped
categories.
"""

from dataclasses import dataclass

from insights.figures.cash_flow import CashFlow, cash_flow
from insights.figures.questions import Question
from insights.figures.spending import CategorySpending, categories_of, spending_by_category


@dataclass(frozen=True, slots=True)
class Categories:
    """`rows` add up to the expenses of `total`; a category with past spending only has 0 now."""

    question: Question
    rows: tuple[CategorySpending, ...]
    total: CashFlow
    before: CashFlow


def categories(question: Question) -> Categories:
    """Top-level categories with their subcategories, largest first."""
    period, before = question.choice.period, question.choice.comparison
    flows, _rates = question.load([period, before])
    rows = spending_by_category(
        flows, period, previous=before, categories=categories_of(flows), with_gone=True
    )
    return Categories(question, rows, cash_flow(flows, period), cash_flow(flows, before))
