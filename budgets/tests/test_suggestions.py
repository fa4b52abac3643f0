"""Suggestions: the median of six full months including empty ones, and which
categories get none.
"""

from datetime import date
from decimal import Decimal

import pytest

from budgets.suggestions import suggestions
from tests.builders import make_account

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 15)


def suggested(user, year=2026, month=3, on=ON):
    found = suggestions(user=user, year=year, month=month, on=on)
    return {suggestion.category.slug: suggestion.amount for suggestion in found}


def test_a_suggestion_is_the_median_of_the_six_previous_full_months(alice, spend):
    for month, amount in ((9, "1.00"), (10, "9.00"), (11, "3.00"), (12, "2.00")):
        spend(amount, "groceries", date(2025, month, 1))
    spend("4.00", "groceries", date(2026, 1, 31))
    spend("5.01", "groceries", date(2026, 2, 28))
    spend("90.00", "groceries", date(2026, 3, 1))
    spend("90.00", "groceries", date(2025, 8, 31))
    assert suggested(alice) == {"groceries": Decimal("3.50")}


def test_an_empty_month_counts_as_zero_and_a_rare_category_gets_none(alice, spend):
    for month in range(9, 13):
        spend("10.00", "groceries", date(2025, month, 3))
    for month in range(10, 13):
        spend("10.00", "pets", date(2025, month, 3))
    spend("50.00", "gifts", date(2025, 12, 3))
    assert suggested(alice) == {"groceries": 10, "pets": 5}


def test_months_before_the_first_transaction_do_not_count(alice, spend):
    spend("30.00", "groceries", date(2026, 1, 20))
    spend("10.00", "groceries", date(2026, 2, 20))
    assert suggested(alice) == {"groceries": 20}


def test_a_person_without_history_gets_none(alice, bob, spend):
    spend("30.00", "groceries")
    assert suggested(alice) == suggested(bob) == {}


def test_only_expense_categories_not_covered_by_a_budget_are_suggested(alice, spend, budget_for):
    for slug in ("groceries", "coffee", "pets", "savings-transfer"):
        spend("10.00", slug, date(2026, 2, 2))
    spend("-100.00", "salary", date(2026, 2, 2))
    spend("-5.00", "books", date(2026, 2, 2))
    assert suggested(alice) == {"groceries": 10, "coffee": 10, "pets": 10}
    budget_for("pets")
    assert suggested(alice) == {"groceries": 10, "coffee": 10}
    budget_for("food")
    assert suggested(alice) == {}
    assert suggested(alice, month=4) == {"groceries": 10, "coffee": 10, "pets": 10}


def test_a_category_with_own_transactions_is_suggested_along_with_subcategories(alice, spend):
    spend("10.00", "groceries", date(2026, 2, 2))
    spend("5.00", "food", date(2026, 2, 2))
    assert suggested(alice) == {"food": 15, "groceries": 10}


def test_unconverted_amounts_are_counted(alice, spend):
    yen = make_account(user=alice, currency="JPY", opening_balance="9000")
    spend("100", "groceries", date(2026, 2, 2), account=yen)
    spend("8.00", "groceries", date(2026, 2, 2))
    (one,) = suggestions(user=alice, year=2026, month=3, on=ON)
    assert (one.amount, one.not_converted_count) == (8, 1)


def test_a_past_month_uses_the_months_before_it(alice, spend):
    spend("10.00", "groceries", date(2025, 12, 2))
    spend("30.00", "groceries", date(2026, 1, 2))
    assert suggested(alice, month=1) == {"groceries": 10}
