"""What happens to budgets when their category is removed."""

from datetime import datetime

from budgets.models import Budget
from transactions.models import Category


def follow_category(*, category: Category, target: Category | None, at: datetime) -> dict[str, int]:
    """Move budgets to the category that takes over the transactions; returns counts by outcome.

    If that category already has a budget for the month, its limit stays and the moved budget goes
    to the trash. Without a new category, all go to the trash.
    """
    budgets = Budget.objects.select_for_update().filter(category=category).order_by("pk")
    taken: set[tuple[int, int, int]] = set()
    if target is not None:
        others = Budget.objects.filter(category=target, deleted_at=None)
        taken = set(others.values_list("user_id", "year", "month"))
    moved = trashed = 0
    for budget in budgets:
        is_live = budget.deleted_at is None
        if is_live and (target is None or (budget.user_id, budget.year, budget.month) in taken):
            budget.deleted_at = at
            trashed += 1
        elif is_live:
            moved += 1
        budget.category = target or budget.category
        budget.save(update_fields=["category", "deleted_at", "updated_at"])
    return {"budgets_moved": moved, "budgets_trashed": trashed}
