"""Invented people with habits of their own, and how well their corrections teach.

A person buys at a few dozen merchants, some of them often and most of them rarely, and files each
as they like. Texts vary as banks vary them: store numbers, cities, dates.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from transactions.category_names import CategoryNames
from transactions.models import Category
from transactions.rules import learning
from transactions.rules.learning import Choice, Habits, payee_of
from transactions.rules.merchants import recognize
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import Suggester

Spent = tuple[date, str, Decimal, str]

_FIRST = [
    "koppel",
    "arden",
    "brookside",
    "tamarind",
    "velvet",
    "juniper",
    "larkspur",
    "hollow",
    "ember",
    "quill",
    "saffron",
    "marigold",
    "cobalt",
    "willow",
    "copper",
    "birch",
    "lantern",
    "harbour",
    "meadow",
    "thistle",
    "orchard",
    "pebble",
    "raven",
    "sable",
    "clover",
]
_SECOND = [
    "bakery",
    "books",
    "kitchen",
    "yoga",
    "hardware",
    "florist",
    "dental",
    "garage",
    "toys",
    "bikes",
    "kennels",
    "tailors",
    "deli",
    "optics",
    "music",
    "pottery",
    "crates",
    "works",
    "studio",
    "corner",
    "house",
    "yard",
    "lab",
    "room",
    "press",
]
_KNOWN = {
    "TESCO STORES": "groceries", "SHELL": "fuel", "NETFLIX.COM": "streaming", "LIDL": "groceries",
    "STARBUCKS": "coffee", "IKEA": "furnishing", "UBER TRIP": "taxi", "SPOTIFY": "music",
}  # fmt: skip
_KINDS = (
    *("groceries", "restaurants", "coffee", "household", "pets", "gifts", "hobbies", "clothing"),
    *("sports", "doctor", "car-maintenance", "books", "personal-care", "education"),
)


class Person:
    """An endless stream of purchases, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"a person {seed}")
        names = [
            name
            for first in _FIRST
            for two in _SECOND
            if not recognize(name := f"{first} {two}".upper(), is_inflow=False).category_slug
        ]
        offered = set(Category.objects.filter(user=None).values_list("slug", flat=True))
        kinds = [slug for slug in _KINDS if slug in offered]
        self.merchants = [(name, self.rng.choice(kinds)) for name in self.rng.sample(names, 24)]
        known = [(name, slug) for name, slug in _KNOWN.items() if slug in offered]
        self.merchants += self.rng.sample(known, 6)
        self.rng.shuffle(self.merchants)
        # A few merchants visited every week, and many visited now and then.
        self.weights = [1 / (place + 1) for place in range(len(self.merchants))]

    def __iter__(self) -> Iterator[Spent]:
        on = date(2026, 1, 1)
        while True:
            name, slug = self.rng.choices(self.merchants, self.weights)[0]
            amount = Decimal(self.rng.randint(250, 9000)).scaleb(-2)
            yield on, self._written(name), -amount, slug
            on += timedelta(days=self.rng.randint(0, 1))

    def _written(self, name: str) -> str:
        shape = self.rng.choice(
            ("{n}", "{n} {no}", "CARD PAYMENT {n} {no}", "POS {n}", "{n} #{no}")
        )
        return shape.format(n=name, no=self.rng.randint(100, 9999)).strip()


def taught(purchases: Iterable[Spent], *, corrections: int, lines: int) -> tuple[int, int, int]:
    """(right, wrong, missing) among the `lines` after the last correction.

    Until then the person corrects every line that is wrong or missing; after that, none.
    """
    categories = list(Category.objects.filter(user=None))
    slugs = {category.pk: category.slug for category in categories}
    ids = CategoryNames(categories).by_slug
    made: list[tuple[learning.Payee, Choice]] = []
    suggester = Suggester(categories, [], Habits())
    counts = {"right": 0, "wrong": 0, "absent": 0}
    for place, (on, text, amount, slug) in enumerate(purchases):
        line = Line(text, "", 1, abs(amount))
        suggestion = suggester.suggest(line, is_inflow=amount > 0, on=on)
        found = slugs.get(suggestion.category_id or 0)
        if len(made) < corrections:
            if found != slug:
                payee = payee_of(suggestion.merchant, is_inflow=amount > 0)
                choice = Choice(place, ids[slug], 1, abs(amount), on, suggestion.merchant, None)
                made.insert(0, (payee, choice))
                suggester = Suggester(categories, [], Habits(made))
            continue
        counts["right" if found == slug else "wrong" if found else "absent"] += 1
        if sum(counts.values()) == lines:
            break
    return counts["right"], counts["wrong"], counts["absent"]
