"""How well twenty corrections teach the categories of the demo household."""

from datetime import date
from decimal import Decimal

from insights.demo.household import Household
from transactions.models import Category
from transactions.tests.invented_people import taught


def test_twenty_corrections_categorize_ninety_percent_of_the_next_lines(db):
    slugs = {category.slug: category for category in Category.objects.filter(user=None)}
    household = Household(
        start=date(2025, 1, 1),
        end=date(2025, 12, 31),
        categories=slugs,
        euro_rates=dict.fromkeys([date(2025, 1, 1)], Decimal("1.1")),
    )
    rows = household.live()
    lines = sorted(
        (
            (row.txn_date, row.description, row.signed_amount, row.category.slug)
            for account in ("checking", "card")
            for row in rows[account]
            if row.category and row.category.kind != Category.Kind.TRANSFER
        ),
        key=lambda line: line[0],
    )
    right, wrong, absent = taught(lines, corrections=20, lines=200)
    assert (right + wrong + absent, right >= 180, wrong <= 4) == (200, True, True)
