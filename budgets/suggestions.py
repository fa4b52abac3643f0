"""Budget suggestions based on past spending.

A suggestion is the median of a category's spending in the last six full months. A month without
spending counts as zero; months before the person's first transaction do not count. Only categories
with transactions of their own are suggested, unless a budget already covers them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from accounts.known_accounts import asking_accounts
from banking.kernel.money import round_to_minor_unit
from banking.kernel.periods import Period, add_months, first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from budgets.month import BUDGETS_OF
from budgets.spending import Subject, load_all_spending
from transactions.known_categories import asking_categories, known_categories, read_categories
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
    months = months_before(year, month, on)
    with read_snapshot():
        read_together(
            BUDGETS_OF.asking({user.pk}, year, month),
            asking_categories({user.pk}),
            asking_accounts({user.pk}),
        )
        read_categories({user.pk})
        spending = load_all_spending(user.pk, currency, months, on=on)
        candidates = _candidates(user, year, month, spending.filed_under())
    first = spending.first_month()
    if first is None:
        return []
    counted = tuple(month for month in months if month >= first)
    found = []
    for category in candidates:
        subject = Subject(user.pk, category.pk, currency)
        spent = [spending.of(subject, month) for month in counted]
        history = tuple(month.amount for month in spent)
        amount = round_to_minor_unit(median(history), currency)
        left_out = sum(line.count for month in spent for line in month.not_converted)
        if amount > 0:
            found.append(Suggestion(category, currency, amount, counted, history, left_out))
    return sorted(found, key=lambda suggestion: (-suggestion.amount, suggestion.category.name))


def months_before(year: int, month: int, on: date) -> list[date]:
    """The first days of the six months that suggestions for a month look at."""
    last = add_months(min(first_of_month(on), date(year, month, 1)), -1)
    return list(Period.last_months(MONTHS, last).months())


def _candidates(user: User, year: int, month: int, category_ids: Collection[int]) -> list[Category]:
    """The user's expense categories without a budget in that month for them or their parents."""
    budgeted = {budget.category_id for budget in BUDGETS_OF.rows({user.pk}, year, month)}
    known = known_categories({user.pk}) or {}
    return [
        category
        for pk, category in known.items()
        if pk in category_ids
        and category.kind == Category.Kind.EXPENSE
        and category.deleted_at is None
        and not {pk, category.parent_id} & budgeted
    ]
