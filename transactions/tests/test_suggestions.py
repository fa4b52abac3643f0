"""The initial category of a transaction: rule, then provider, then the built-in map."""

from decimal import Decimal

import pytest

from transactions.models import Category, CategoryRule
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import suggester_for


@pytest.fixture
def line():
    return Line("CARD PAYMENT TESCO STORES 3021", "", 1, Decimal("12.00"))


def slug_of(suggestion):
    category = Category.objects.filter(pk=suggestion.category_id).first()
    return category.slug if category else None


def test_built_in_map_recognizes_common_merchants(alice, line):
    suggestion = suggester_for(alice.pk).suggest(line, is_inflow=False)
    assert (slug_of(suggestion), suggestion.category_source, suggestion.merchant) == (
        "groceries",
        "import",
        "Tesco",
    )


def test_provider_category_wins_over_the_map(alice, line):
    suggestion = suggester_for(alice.pk).suggest(
        line, is_inflow=False, provider_category="Household"
    )
    assert (slug_of(suggestion), suggestion.category_source) == ("household", "provider")


def test_a_rule_wins_over_learning_and_map_and_a_new_rule_applies_immediately(alice, bob, line):
    pets = Category.objects.get(user=None, slug="pets")
    assert slug_of(suggester_for(alice.pk).suggest(line, is_inflow=False)) == "groceries"
    rule = CategoryRule.objects.create(user=alice, category=pets, keyword_pattern="tesco")
    suggestion = suggester_for(alice.pk).suggest(
        line, is_inflow=False, provider_category="household"
    )
    assert (slug_of(suggestion), suggestion.category_source, suggestion.rule_id) == (
        "pets",
        "rule",
        rule.pk,
    )
    assert slug_of(suggester_for(bob.pk).suggest(line, is_inflow=False)) == "groceries"


def test_unknown_line_gets_no_suggestion(alice):
    unknown = Line("ZXQ 4711", "", 1, Decimal("1.00"))
    suggestion = suggester_for(alice.pk).suggest(unknown, is_inflow=False)
    assert (suggestion.category_id, suggestion.category_source) == (None, "none")
