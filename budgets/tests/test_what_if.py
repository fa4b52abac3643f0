"""The previewed effect of a rule on this month's budgets equals its actual effect."""

from datetime import date

import pytest
from django.utils import timezone

from budgets.progress import budget_progress
from budgets.tests.test_progress import ON
from tests.builders import make_account
from transactions.rules.rule_preview import preview_rules
from transactions.services.rule_applying import apply_rules
from transactions.services.rule_editing import create_rule
from users.models import User

pytestmark = pytest.mark.django_db
# Categorized by the bank: a category chosen by hand would stay.
BY_BANK = {"category_source": "import", "description": "Espresso"}


@pytest.fixture
def rule(alice, category_of):
    coffee = category_of("coffee")
    return create_rule(actor=alice, user=alice, category=coffee, keyword_pattern="espresso")


@pytest.fixture
def budgets(alice, budget_for, spend, rate):
    """Groceries at 512 of 500, including 82 of espressos, in euros and dollars; 10 in February."""
    dollars = make_account(user=alice, name="Dollars", currency="USD", opening_balance="100")
    rate("USD", "EUR", "0.5", date(2026, 3, 9))
    kept = budget_for("groceries", 500), budget_for("coffee", 100, rollover=True)
    budget_for("coffee", 30, month=2)
    budget_for("rent", 900)
    spend("430.00", "groceries")
    spend("80.00", "groceries", **BY_BANK)
    spend("4.00", "groceries", account=dollars, **BY_BANK)
    spend("10.00", "groceries", date(2026, 2, 9), **BY_BANK)
    spend("40.00", "coffee", date(2026, 2, 10))
    return kept


def standing(budgets):
    return [
        (progress.spent, progress.limit, progress.status)
        for progress in budget_progress(budgets, on=ON)
    ]


def test_the_preview_equals_the_effect_of_applying(alice, budgets, rule):
    before = standing(budgets)
    assert before == [(512, 500, "exceeded"), (0, 90, "on_track")]
    preview = preview_rules(alice, rule, on=ON)
    previewed = [
        (
            limit.name,
            limit.before,
            limit.after,
            limit.limit_before,
            limit.limit_after,
            limit.is_turned,
        )
        for limit in preview.limits
    ]
    assert previewed == [
        ("Coffee & snacks", 0, 82, 90, 80, True),
        ("Groceries", 512, 430, 500, 500, True),
    ]
    assert standing(budgets) == before
    assert apply_rules(actor=alice, user=alice, at=timezone.now(), rule=rule).row_count == 3
    assert standing(budgets) == [
        (limit.after, limit.limit_after, limit.status_after) for limit in reversed(preview.limits)
    ]
    assert standing(budgets) == [(430, 500, "warning"), (82, 80, "exceeded")]
    assert preview_rules(alice, rule, on=ON).limits == []


def test_other_months_and_users_without_budgets_show_no_effects(alice, budgets, rule):
    assert preview_rules(alice, rule, on=date(2026, 4, 1)).limits == []
    alice.role = User.Role.VIEWER
    alice.save()
    assert preview_rules(alice, rule, on=ON).limits == []


def test_page_and_api_show_the_effects(alice, budget_for, spend, rule, client_for, api_for):
    today = timezone.now().date()
    budget_for("groceries", 100, year=today.year, month=today.month)
    spend("90.00", "groceries", today, **BY_BANK)
    page = client_for(alice).get(f"/transactions/rules/{rule.pk}/preview/").content.decode()
    assert "Effect on this month’s budgets" in page
    assert page.index("Nearly used") < page.index("On track")
    answer = api_for(alice).post(f"/api/categories/rules/{rule.pk}/preview").json()
    assert answer["budgets"] == [
        {
            **{"name": "Groceries", "currency": "EUR", "before": "90.00", "after": "0.00"},
            **{"limit_before": "100.00", "limit_after": "100.00"},
            **{"status_before": "warning", "status_after": "on_track"},
        }
    ]
