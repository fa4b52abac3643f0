"""The household's budgets: a year of them, and this month one nearly used and one exceeded."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from banking.periods import add_months, first_of_month
from budgets.models import Budget
from budgets.progress import BudgetProgress, budget_progress
from budgets.services import copy_last_month, create_budget, edit_budget
from transactions.models import Category, Transaction
from users.models import User

MONTHS_BEFORE = 12
# (category, limit, carried over)
LIMITS = [
    ("groceries", 560, False),
    ("restaurants", 260, False),
    ("coffee", 60, False),
    ("transport", 240, False),
    ("shopping", 320, True),
    ("entertainment", 120, True),
    ("utilities", 380, False),
    ("health", 150, False),
]
NEARLY, OVER = Decimal("0.87"), Decimal("1.08")


def make_budgets(*, owner: User, on: date) -> int:
    """A year of budgets up to `on`'s month, as far back as the household goes."""
    this_month = first_of_month(on)
    oldest = Transaction.objects.filter(user=owner).order_by("txn_date").first()
    if oldest is None:
        return 0
    month = max(add_months(this_month, -MONTHS_BEFORE), first_of_month(oldest.txn_date))
    categories = {one.slug: one for one in Category.objects.filter(user=None)}
    for slug, limit, rollover in LIMITS:
        create_budget(
            actor=owner,
            user=owner,
            category=categories[slug],
            year=month.year,
            month=month.month,
            limit_amount=Decimal(limit),
            rollover=rollover,
        )
    while month < this_month:
        month = add_months(month, 1)
        copy_last_month(actor=owner, user=owner, year=month.year, month=month.month)
    _make_it_tight(owner, on)
    return Budget.objects.owned_by(owner).count()


def _make_it_tight(owner: User, on: date) -> None:
    """Set two of this month's limits by what was really spent; none on a quiet first day."""
    rows = Budget.objects.owned_by(owner).in_month(on.year, on.month).for_list()
    spent = _plain_and_used(budget_progress(list(rows.order_by("pk")), on=on))
    for one, share, rounding in zip(
        spent, (OVER, NEARLY), (ROUND_FLOOR, ROUND_CEILING), strict=False
    ):
        limit = (one.spent / share).quantize(Decimal(1), rounding=rounding)
        edit_budget(actor=owner, budget=one.budget, limit_amount=limit)


def _plain_and_used(progresses: Iterable[BudgetProgress]) -> list[BudgetProgress]:
    """The two without carrying over whose limits have to move least for it."""
    used = [one for one in progresses if one.spent > 10 and not one.budget.rollover]
    over = sorted(used, key=lambda one: abs(one.exact_percent - 100 * OVER))[:1]
    rest = [one for one in used if one not in over]
    return over + sorted(rest, key=lambda one: abs(one.exact_percent - 100 * NEARLY))[:1]
