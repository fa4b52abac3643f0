"""The built-in map: the longest keyword names the merchant and the category."""

import pytest

from transactions import predefined
from transactions.rules import merchants

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "merchant", "slug"),
    [
        ("CARD PAYMENT TO TESCO STORES 3021 LONDON GB", "Tesco", "groceries"),
        ("PAYPAL *NETFLIX.COM 12345", "Netflix", "streaming"),
        ("UBER *TRIP HELP.UBER.COM", "Uber", "taxi"),
        ("UBER EATS AMSTERDAM", "Uber Eats", "food-delivery"),
        ("Kontoführung Q1", "", "bank-fees"),
        ("Business lunch", "", ""),
    ],
)
def test_a_line_is_recognised_by_whole_words(text, merchant, slug):
    assert merchants.recognise(text, is_inflow=False) == merchants.Recognised(merchant, slug)


def test_money_going_out_is_never_salary():
    assert merchants.recognise("Salary March", is_inflow=True).category_slug == "salary"
    assert merchants.recognise("Salary March", is_inflow=False).category_slug == ""


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("KARTENZAHLUNG MUELLER GMBH 12.03.2024", "Mueller"),
        ("SQ *BLUE BOTTLE", "Blue Bottle"),
        ("Corner Café", "Corner Café"),
        ("0042 / 17", ""),
    ],
)
def test_what_banks_add_to_a_name_is_taken_away(text, cleaned):
    assert merchants.clean_merchant(text) == cleaned


def test_every_category_of_the_map_is_predefined():
    known = {slug for slug, *_, children in predefined.TREE} | {
        child[0] for *_, children in predefined.TREE for child in children
    }
    assert {slug for _, _, slug in merchants._keywords()[1]} <= known
