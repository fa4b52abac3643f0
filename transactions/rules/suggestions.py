"""The initial category and clean merchant name of a new line.

Precedence: the user's rules by priority, the provider's category, what the user's own choices
teach, the built-in merchant map. Categories chosen by hand take precedence over all four and never
get here.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.db.models import Count, Max, QuerySet, Value

from banking.kernel.read_together import read_together
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.category_names import CategoryNames
from transactions.known_categories import asking_categories_of, categories_of
from transactions.models import (
    Category,
    CategoryChange,
    CategoryRule,
    ForgottenChoices,
    Transaction,
)
from transactions.rules import merchants
from transactions.rules.learning import Habit, Habits, asking_forgotten, chosen_by, habits_of
from transactions.rules.rule_book import Line, RuleBook
from users.models import User

_SOURCES = Transaction.CategorySource
_MEMORY = 10_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`category_id` is None if none was found; `rule_id` is the deciding rule, if any."""

    category_id: int | None
    category_source: str
    merchant: str
    rule_id: int | None = None

    @property
    def by(self) -> str:
        """Who decided, as the history of categories tells it."""
        if self.rule_id is not None:
            return CategoryChange.By.RULE
        is_learned = self.category_source == _SOURCES.LEARNED
        return CategoryChange.By.LEARNED if is_learned else CategoryChange.By.IMPORT


class Suggester:
    """Suggests categories for one person's lines. Built once per import, with a few queries."""

    def __init__(
        self, categories: list[Category], rules: list[CategoryRule], habits: Habits
    ) -> None:
        self._book = RuleBook(rules)
        self._names = CategoryNames(categories)
        self.categories = {category.pk: category for category in categories}
        self.habits = habits
        self._habits: dict[tuple[str, bool], Habit | None] = {}
        self._recognized: dict[tuple[str, bool], merchants.Recognized] = {}

    def suggest(
        self,
        line: Line,
        *,
        is_inflow: bool,
        provider_category: str = "",
        on: date | None = None,
    ) -> Suggestion:
        """The category from the first of rules, provider, the person's choices and built-in map
        that has one for the line. `on` is the line's date.
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
        habit = self._habit_at(merchant, is_inflow)
        if habit is not None:
            learned = habit.learned_for(line.account_id, line.amount, on)
            if learned is not None:
                return Suggestion(learned.category_id, _SOURCES.LEARNED, merchant)
            # The choices contradict each other: the map may only say what one of them said.
            known = known if known is not None and habit.has_chosen(known) else None
        if known is not None:
            return Suggestion(known, _SOURCES.IMPORT, merchant)
        return Suggestion(None, _SOURCES.NONE, merchant)

    def category_named(self, text: str) -> int | None:
        """The category with this slug or name, in any case."""
        return self._names.named(text)

    def habit_at(self, merchant: str, description: str, *, is_inflow: bool) -> Habit | None:
        """What the person's choices at this line's merchant teach, if there are any."""
        name = merchant or merchants.named_in(description, is_inflow=is_inflow)
        return self._habit_at(name, is_inflow)

    def _habit_at(self, merchant: str, is_inflow: bool) -> Habit | None:
        key = (merchant, is_inflow)
        if key not in self._habits:
            if len(self._habits) >= _MEMORY:
                self._habits.clear()
            self._habits[key] = self.habits.at(merchant, is_inflow=is_inflow)
        return self._habits[key]

    def _recognize(self, line: Line, is_inflow: bool) -> merchants.Recognized:
        text = f"{line.merchant} {line.description}" if line.merchant else line.description
        # Lines of one merchant differ by numbers only, so most are known already.
        text = merchants.without_numbers(text)
        key = (text, is_inflow)
        known = self._recognized.get(key)
        if known is None:
            if len(self._recognized) >= _MEMORY:
                self._recognized.clear()
            known = self._recognized[key] = merchants.recognize(text, is_inflow=is_inflow)
        return known


def suggester_for(owner_id: int) -> Suggester:
    """This person's suggester, cached in the process until their rules, categories or choices
    change.
    """
    version = sorted(_VERSION.rows(owner_id), key=itemgetter(0))
    return suggester_of(owner_id, tuple(version))


def asking_suggester(owner_id: int) -> list[Asked]:
    """What `suggester_for` reads, unless something has changed."""
    return [_VERSION.asking(owner_id)]


def _version(user_id: int) -> QuerySet[Any, Any]:
    """How many rules, categories, choices and forgotten choices there are and when they last
    changed.
    """
    sources: list[tuple[QuerySet[Any], str]] = [
        (CategoryRule.objects.filter(user=user_id), "updated_at"),
        (Category.objects.of_owner(user_id), "updated_at"),
        (chosen_by(user_id), "updated_at"),
        (ForgottenChoices.objects.filter(user=user_id), "forgotten_at"),
    ]
    counted: list[QuerySet[Any, Any]] = [
        rows.order_by()
        .values(source=Value(place))
        .annotate(latest=Max(changed), count=Count("pk"))
        .values_list("source", "latest", "count")
        for place, (rows, changed) in enumerate(sources)
    ]
    return counted[0].union(*counted[1:], all=True)


_VERSION = WrittenOnce(_version)


@lru_cache(maxsize=64)
def suggester_of(owner_id: int, version: tuple) -> Suggester:
    """The suggester of this person's version, read once in a process."""
    read_together(
        asking_categories_of(owner_id), _RULES.asking(owner_id), asking_forgotten(owner_id)
    )
    return Suggester(categories_of(owner_id), _RULES.rows(owner_id), habits_of(owner_id))


_RULES = WrittenOnce(
    lambda user_id: CategoryRule.objects.visible_to(User(pk=user_id)).in_force().in_order()
)
