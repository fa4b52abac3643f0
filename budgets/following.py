"""Updates budgets when their category is removed, and when that is undone."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from budgets.models import Budget
from transactions.models import Category, ReferenceChange
from transactions.services.references import follow, give_back


def follow_category(
    *, category: Category, target: Category | None, at: datetime
) -> list[ReferenceChange]:
    """Move budgets to the category that takes over the transactions.

    If that category already has a budget for the month, its limit stays and the moved budget goes
    to the trash. Without a new category, all go to the trash.
    """
    budgets = Budget.objects.filter(category=category)
    live = budgets.filter(deleted_at=None)
    if target is None:
        return follow(live, at=at, deleted_at=at)
    same_month = Budget.objects.filter(
        category=target,
        deleted_at=None,
        user=OuterRef("user"),
        year=OuterRef("year"),
        month=OuterRef("month"),
    )
    ids = list(live.filter(Exists(same_month)).values_list("pk", flat=True))
    trashed = follow(live.filter(pk__in=ids), at=at, category=target, deleted_at=at)
    return trashed + follow(budgets, at=at, category=target)


def give_back_category(*, moved: ReferenceChange, at: datetime) -> list[int] | None:
    """Return budgets to their restored category, also from the trash, unless changed since."""
    return give_back(Budget.objects.all(), moved, at)
