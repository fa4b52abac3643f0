"""The categories a person is likely to choose next, likeliest first: wherever one is offered.

First what the merchant tells: a rule or what was learned, then what the person chose there, then
the built-in map. Then what the person used most lately, then what most people use.
"""

from collections.abc import Iterator
from datetime import date

from django.db.models import Sum

from banking.kernel.periods import add_months
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.models import Category, MonthlyTotal, Transaction
from transactions.rules.learning import payee_of
from transactions.rules.merchants import named_in
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import asking_suggester, suggester_for

_SOURCES = Transaction.CategorySource
RECENT_MONTHS = 3
MOST = 5
# For people who haven't used any category lately.
USUAL_OUT, USUAL_IN = (
    ("groceries", "restaurants", "shopping"),
    ("salary", "refunds", "gifts-received"),
)


class LikelyCategories:
    """Ranks one person's categories. Built once per page, with a fixed number of queries."""

    def __init__(self, owner_id: int, today: date) -> None:
        self._suggester = suggester_for(owner_id)
        self._categories = self._suggester.categories
        self._lately = _used_lately(owner_id, today)

    def for_row(self, row: Transaction) -> list[Category]:
        """The likeliest for one transaction; all are the owner's or predefined."""
        is_inflow = row.signed_amount > 0
        return self._named([*self._at_merchant(row, is_inflow), *self._usual(is_inflow)])

    def for_new(self) -> list[Category]:
        """The likeliest for a transaction of which nothing is known yet."""
        return self._named(self._lately)

    def _named(self, ids: list[int]) -> list[Category]:
        return [self._categories[pk] for pk in dict.fromkeys(ids) if pk in self._categories][:MOST]

    def _at_merchant(self, row: Transaction, is_inflow: bool) -> list[int]:
        line = Line(row.description, row.merchant, row.account_id, row.amount)
        found = self._suggester.suggest(line, is_inflow=is_inflow, on=row.txn_date)
        suggested = [found.category_id] if found.category_id is not None else []
        title = row.merchant or named_in(row.description, is_inflow=is_inflow)
        chosen = self._chosen_for(title, is_inflow=is_inflow)
        # A refund is likely what the purchase was.
        bought = self._chosen_for(title, is_inflow=not is_inflow)
        if found.category_source in (_SOURCES.RULE, _SOURCES.LEARNED):
            return [*suggested, *chosen, *bought]
        # The built-in map does not know the person.
        return [*chosen, *suggested, *bought]

    def _chosen_for(self, title: str, *, is_inflow: bool) -> list[int]:
        habit = self._suggester.habits.named(payee_of(title, is_inflow=is_inflow))
        return [] if habit is None else [choice.category_id for choice in habit.choices]

    def _usual(self, is_inflow: bool) -> Iterator[int]:
        for pk in self._lately:
            category = self._categories.get(pk)
            if category is not None and (category.kind == Category.Kind.INCOME) == is_inflow:
                yield pk
        slugs = USUAL_IN if is_inflow else USUAL_OUT
        by_slug = {one.slug: pk for pk, one in self._categories.items() if one.user_id is None}
        yield from (by_slug[slug] for slug in slugs if slug in by_slug)


def asking_likely(owner_id: int, today: date) -> list[Asked]:
    """What `likely_categories` reads, unless what the person taught has changed."""
    return [*asking_suggester(owner_id), _USED_SINCE.asking(owner_id, _recently(today))]


def likely_categories(owner_id: int, today: date, row: Transaction | None = None) -> list[int]:
    """Up to five category ids, likeliest first, for one transaction or a new one."""
    likely = LikelyCategories(owner_id, today)
    found = likely.for_new() if row is None else likely.for_row(row)
    return [category.pk for category in found]


def _used_lately(owner_id: int, today: date) -> list[int]:
    """Category ids by how often they were used. Reads only totals, so the cost doesn't grow with
    the number of transactions.
    """
    return [category for category, _ in _USED_SINCE.rows(owner_id, _recently(today))]


def _recently(today: date) -> date:
    return add_months(today.replace(day=1), -RECENT_MONTHS)


_USED_SINCE = WrittenOnce(
    lambda user_id, since: (
        MonthlyTotal.objects.filter(user=user_id, month__gte=since)
        .exclude(category=None)
        .values_list("category")
        .annotate(times=Sum("transaction_count"))
        .order_by("-times", "category")
    )
)
