"""Budget suggestions based on past spending.

A suggestion is the median of a category's spending in the last six full months. A month without
spending counts as zero; months before the person's first transaction do not count. Only categories
with transactions of their own are suggested, unless a budget already covers them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from banking.kernel.money import round_to_minor_unit
from banking.kernel.periods import Period, add_months, first_of_month
from budgets.models import Budget
from budgets.spending import Subject, load_all_spending
from transactions.models import Category
from users.models import User

MONTHS = 6


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The median of `history`, the spending of each full month, oldest first."""

    category: Category
    currency: str
    amount: Decimal
    months: tuple[date, ...]
    history: tuple[Decimal, ...]
    not_converted_count: int

    @property
    def highest(self) -> Decimal:
        return max(self.history)

    @property
    def lowest(self) -> Decimal:
        return min(self.history)


def suggestions(
    *, user: User, year: int, month: int, on: date, currency: str = ""
) -> list[Suggestion]:
    """Suggestions for the user's own month, largest first; at least one minor unit.

    The six months end before that month, and before the current one.
    """
    currency = currency or user.base_currency
    last = add_months(min(first_of_month(on), date(year, month, 1)), -1)
    months = list(Period.last_months(MONTHS, last).months())
    spending = load_all_spending(user.pk, currency, months, on=on)
    first = spending.first_month()
    if first is None:
        return []
    counted = tuple(month for month in months if month >= first)
    found = []
    for category in _candidates(user, year, month, spending.filed_under()):
        subject = Subject(user.pk, category.pk, currency)
        spent = [spending.of(subject, month) for month in counted]
        history = tuple(month.amount for month in spent)
        amount = round_to_minor_unit(median(history), currency)
        left_out = sum(line.count for month in spent for line in month.not_converted)
        if amount > 0:
            found.append(Suggestion(category, currency, amount, counted, history, left_out))
    return sorted(found, key=lambda suggestion: (-suggestion.amount, suggestion.category.name))


def _candidates(
    user: User, year: int, month: int, category_ids: Iterable[int]
) -> Iterable[Category]:
    """The user's expense categories without a budget in that month for them or their parents."""
    budgeted = set(
        Budget.objects.owned_by(user).in_month(year, month).values_list("category_id", flat=True)
    )
    categories = (
        Category.objects.visible_to(user)
        .filter(pk__in=category_ids, kind=Category.Kind.EXPENSE)
        .select_related("parent")
    )
    return [category for category in categories if not {category.pk, category.parent_id} & budgeted]
