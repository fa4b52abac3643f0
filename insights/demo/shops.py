"""A small business beside the household, with as many transactions as requested.

Each shop sells all day and buys now and then, so its account stays above zero.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from banking.kernel.money import round_to_minor_unit
from transactions.models import Category
from transactions.services.bulk_posting import HistoryRow


@dataclass(frozen=True, slots=True)
class Shop:
    """An account full of small sales; it gets `share` of all the extra transactions."""

    key: str
    name: str
    currency: str
    share: float
    scale: int


SHOPS = [
    Shop("cart", "Coffee Cart Business", "USD", 0.55, 1),
    Shop("shop_eu", "Web Shop Europe", "EUR", 0.2, 1),
    Shop("shop_uk", "Web Shop UK", "GBP", 0.15, 1),
    Shop("shop_jp", "Web Shop Japan", "JPY", 0.1, 150),
]
_SUPPLIES = [
    ("BEAN & LEAF WHOLESALE", "Bean & Leaf", "groceries"),
    ("PAPERWORKS PACKAGING", "Paperworks", "household"),
    ("SWIFTPOST SHIPPING LABELS", "Swiftpost", "other"),
    ("TILLPAY CARD FEES", "Tillpay", "bank-fees"),
]


def shop_rows(
    shop: Shop, *, count: int, start: date, end: date, categories: Mapping[str, Category]
) -> Iterator[HistoryRow]:
    """`count` transactions spread evenly over the days from `start` to `end`."""
    rng = random.Random(shop.name)  # noqa: S311 - invented, not secret
    days = (end - start).days + 1
    for position in range(count):
        day = start + timedelta(days=position * days // count)
        if position % 12 == 11:
            text, name, category = rng.choice(_SUPPLIES)
            amount = -Decimal(rng.uniform(24, 70) * shop.scale)
        else:
            number = 100000 + position
            text, name, category = f"TILLPAY SALE {number}", "Tillpay", "self-employment"
            amount = Decimal(rng.uniform(3, 14) * shop.scale)
        yield HistoryRow(
            signed_amount=round_to_minor_unit(amount, shop.currency),
            txn_date=day,
            description=text,
            merchant=name,
            category=categories[category],
            category_source="provider",
        )
