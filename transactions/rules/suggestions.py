"""The initial category and clean merchant name of a new line.

Precedence: the user's rules by priority, the provider's category, the built-in merchant map.
Categories chosen by hand take precedence over all three and never get here.
"""

from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Count, Max

from transactions.category_names import CategoryNames
from transactions.models import Category, CategoryRule, Transaction
from transactions.rules import merchants
from transactions.rules.rule_book import Line, RuleBook
from users.models import User

_SOURCES = Transaction.CategorySource
_MEMORY = 50_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`category_id` is None if none was found; `rule_id` is the deciding rule, if any."""

    category_id: int | None
    category_source: str
    merchant: str
    rule_id: int | None = None


class Suggester:
    """Suggests categories for one person's lines. Built once per import, with two queries."""

    def __init__(self, categories: list[Category], rules: list[CategoryRule]) -> None:
        self._book = RuleBook(rules)
        self._names = CategoryNames(categories)
        self._recognized: dict[tuple[str, bool], merchants.Recognized] = {}

    def suggest(self, line: Line, *, is_inflow: bool, provider_category: str = "") -> Suggestion:
        """The category from the first of rules, provider and built-in map that has one for the
        line.
        """
        recognized = self._recognize(line, is_inflow)
        merchant = (
            line.merchant or recognized.merchant or merchants.clean_merchant(line.description)
        )
        rule = self._book.first_match(line)
        if rule is not None:
            return Suggestion(rule.category_id, _SOURCES.RULE, merchant, rule.pk)
        provided = self.category_named(provider_category)
        if provided is not None:
            return Suggestion(provided, _SOURCES.PROVIDER, merchant)
        known = self._names.by_slug.get(recognized.category_slug)
        if known is not None:
            return Suggestion(known, _SOURCES.IMPORT, merchant)
        return Suggestion(None, _SOURCES.NONE, merchant)

    def category_named(self, text: str) -> int | None:
        """The category with this slug or name, in any case."""
        return self._names.named(text)

    def _recognize(self, line: Line, is_inflow: bool) -> merchants.Recognized:
        text = f"{line.merchant} {line.description}" if line.merchant else line.description
        key = (text, is_inflow)
        known = self._recognized.get(key)
        if known is None:
            if len(self._recognized) >= _MEMORY:
                self._recognized.clear()
            known = self._recognized[key] = merchants.recognize(text, is_inflow=is_inflow)
        return known


def suggester_for(user: User) -> Suggester:
    """The user's suggester, cached in the process until their rules or categories change."""
    rules = CategoryRule.objects.filter(user=user).aggregate(Max("updated_at"), Count("id"))
    categories = Category.objects.visible_to(user).aggregate(Max("updated_at"), Count("id"))
    return _suggester(user.pk, (*rules.values(), *categories.values()))


@lru_cache(maxsize=64)
def _suggester(user_id: int, version: tuple) -> Suggester:
    user = User(pk=user_id)
    rules = CategoryRule.objects.visible_to(user).in_force().in_order()
    return Suggester(list(Category.objects.visible_to(user)), list(rules))
