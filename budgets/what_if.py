"""Previews how a change of categories would affect this month's budgets."""

from collections.abc import Sequence
from datetime import date

from django.urls import reverse

from budgets.models import Budget
from budgets.progress import BudgetProgress, progress_if_moved
from transactions.category_moves import LimitEffect, Move
from users.models import User
from users.policy import Ability, may


def budget_effects(user: User, moves: Sequence[Move], on: date) -> list[LimitEffect]:
    """The user's own budgets in `on`'s month that the moves would change."""
    if not may(user, Ability.SEE_BUDGETS):
        return []
    rows = list(Budget.objects.owned_by(user).in_month(on.year, on.month).for_list())
    pairs = progress_if_moved(rows, on=on, moves=moves)
    return [_effect(was, will) for was, will in pairs if _differ(was, will)]


def _differ(was: BudgetProgress, will: BudgetProgress) -> bool:
    return (was.spent, was.limit) != (will.spent, will.limit)


def _effect(was: BudgetProgress, will: BudgetProgress) -> LimitEffect:
    category = was.budget.category
    return LimitEffect(
        name=category.name,
        color=category.color,
        url=reverse("budgets:budget_detail", args=[was.budget.pk]),
        currency=was.currency,
        before=was.spent,
        after=will.spent,
        limit_before=was.limit,
        limit_after=will.limit,
        status_before=was.status,
        status_after=will.status,
    )
