"""Budgets of a category that goes."""

from datetime import datetime

from budgets.models import Budget
from transactions.models import Category


def follow_category(*, category: Category, target: Category | None, at: datetime) -> dict[str, int]:
    """Budgets go to the category that takes the transactions; returns how many went where.

    Where that has a budget for the month, its limit stands and the other goes to the trash; so do
    all where there is no category to go to.
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
