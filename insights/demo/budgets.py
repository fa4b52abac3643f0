"""A year of budgets for the household. This month, one is nearly used up and one is exceeded."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from banking.kernel.periods import Period, add_months, first_of_month
from budgets.models import Budget
from budgets.progress import EXCEEDED, ON_TRACK, WARNING, budget_progress
from budgets.services import copy_last_month, create_budget, edit_budget
from budgets.spending import Subject, load_spending
from transactions.models import Category, Transaction
from users.models import User

MONTHS_BEFORE = 12
# (category, carried over)
CATEGORIES = [
    ("groceries", False),
    ("restaurants", False),
    ("coffee", False),
    ("transport", False),
    ("shopping", True),
    ("entertainment", True),
    ("utilities", False),
    ("health", False),
]
NEARLY, OVER = Decimal("0.87"), Decimal("1.08")


def make_budgets(*, owner: User, on: date) -> int:
    """Create up to a year of budgets ending in `on`'s month, as far back as the history goes."""
    this_month = first_of_month(on)
    oldest = Transaction.objects.filter(user=owner).order_by("txn_date").first()
    if oldest is None:
        return 0
    month = max(add_months(this_month, -MONTHS_BEFORE), first_of_month(oldest.txn_date))
    categories = {category.slug: category for category in Category.objects.filter(user=None)}
    usual = _usual(owner, [categories[slug] for slug, _ in CATEGORIES], month, this_month, on)
    for slug, rollover in CATEGORIES:
        create_budget(
            actor=owner,
            user=owner,
            category=categories[slug],
            year=month.year,
            month=month.month,
            limit_amount=usual[slug],
            rollover=rollover,
        )
    while month < this_month:
        month = add_months(month, 1)
        copy_last_month(actor=owner, user=owner, year=month.year, month=month.month)
    _make_it_tight(owner, on)
    return Budget.objects.owned_by(owner).count()


def _usual(
    owner: User, categories: Iterable[Category], first: date, last: date, on: date
) -> dict[str, Decimal]:
    """A limit slightly above the average month, rounded to tens."""
    months = list(Period(first, last).months()) or [first]
    subjects = {
        category.slug: Subject(owner.pk, category.pk, owner.base_currency)
        for category in categories
    }
    spending = load_spending(set(subjects.values()), months, on=on)
    limits = {}
    for slug, subject in subjects.items():
        whole = sum((spending.of(subject, month).amount for month in months), Decimal(0))
        average = whole / len(months)
        tens = (average * Decimal("1.05") / 10).quantize(Decimal(1), rounding=ROUND_CEILING)
        limits[slug] = max(tens, Decimal(1)) * 10
    return limits


def _make_it_tight(owner: User, on: date) -> None:
    """Adjust this month's limits, if needed, so that one is exceeded and one nearly used up."""
    rows = Budget.objects.owned_by(owner).in_month(on.year, on.month).for_list()
    found = budget_progress(list(rows.order_by("pk")), on=on)
    free = [progress for progress in found if progress.spent > 10 and progress.status == ON_TRACK]
    wanted = [(EXCEEDED, OVER, ROUND_FLOOR), (WARNING, NEARLY, ROUND_CEILING)]
    for status, share, rounding in wanted:
        if not free or any(progress.status == status for progress in found):
            continue
        # Pick the budget whose limit has to change least.
        one = min(free, key=lambda progress: abs(progress.exact_percent - 100 * share))
        free.remove(one)
        limit = (one.spent / share - one.carried).quantize(Decimal(1), rounding=rounding)
        edit_budget(actor=owner, budget=one.budget, limit_amount=max(limit, Decimal(1)))
