"""All writes of budgets.

Callers find the budget with `visible_to` (404) and call `require_change` (403) first.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.utils import timezone

from banking.kernel.money import (
    LARGEST_AMOUNT,
    exact_amount,
    validate_currency,
)
from banking.limits import TRASH_FOR
from budgets.models import Budget, check_month
from transactions.models import Category
from users.audit import trail
from users.models import User
from users.policy import Ability, require

EDITABLE = ("category", "year", "month", "limit_amount", "currency", "rollover")
TAKEN = "You already have a budget for {category} in {month:02}/{year}."


def require_change(user: User, budget: Budget) -> None:
    """Raise PermissionDenied (403) unless the user owns the budget and their
    role allows changes.
    """
    require(user, Ability.CHANGE_OWN_DATA)
    if budget.user_id != user.pk:
        raise PermissionDenied("You can view this budget but not change it.")


@db_transaction.atomic
def create_budget(
    *,
    actor: User,
    user: User,
    category: Category,
    year: int,
    month: int,
    limit_amount: Decimal,
    currency: str = "",
    rollover: bool = False,
) -> Budget:
    """Set a limit for one category in one month, in the user's base currency by default.

    Raises ValidationError, for example if the category already has a budget.
    """
    _lock_owner(user.pk)
    budget = Budget(
        user=user,
        category=category,
        year=year,
        month=month,
        limit_amount=limit_amount,
        currency=currency or user.base_currency,
        rollover=rollover,
    )
    _check(budget)
    budget.save(force_insert=True)
    trail.record(actor=actor, action="budgets.budget.created", target=budget, **_facts(budget))
    return budget


@db_transaction.atomic
def edit_budget(*, actor: User, budget: Budget, **changes: Any) -> Budget:
    """Change a budget's limit, currency, category, month or rollover. Raises ValidationError."""
    _lock_owner(budget.user_id)
    row = _locked(budget)
    if row.deleted_at is not None:
        raise ValidationError("This budget is in the trash. Restore it first.")
    before = _facts(row)
    changed = [name for name in EDITABLE if name in changes and changes[name] != getattr(row, name)]
    if not changed:
        return row
    for name in changed:
        setattr(row, name, changes[name])
    _check(row, category_is_new="category" in changed)
    row.save(update_fields=[*changed, "updated_at"])
    trail.record_edit(
        actor=actor,
        action="budgets.budget.edited",
        target=row,
        before=before,
        after=_facts(row),
    )
    return row


@db_transaction.atomic
def delete_budget(*, actor: User, budget: Budget) -> None:
    """Move a budget to the trash; it may be restored for 30 days."""
    row = _locked(budget)
    if row.deleted_at is None:
        row.throw_away(timezone.now())
        trail.record(actor=actor, action="budgets.budget.deleted", target=row)


@db_transaction.atomic
def restore_budget(*, actor: User, budget: Budget) -> Budget:
    """Take a budget out of the trash. Raises ValidationError if another one has replaced it."""
    _lock_owner(budget.user_id)
    row = _locked(budget)
    if row.deleted_at is None:
        return row
    _refuse_taken(row)
    row.take_back()
    trail.record(actor=actor, action="budgets.budget.restored", target=row)
    return row


@db_transaction.atomic
def purge_trash(*, at: datetime) -> int:
    """Delete budgets that have been in the trash for 30 days. Returns how many."""
    old = Budget.objects.filter(deleted_at__lt=at - TRASH_FOR)
    count = old.delete()[1].get(Budget._meta.label, 0)
    if count:
        trail.record(actor=None, action="budgets.trash.purged", count=count)
    return count


@db_transaction.atomic
def copy_last_month(*, actor: User, user: User, year: int, month: int) -> int:
    """Copy the previous month's budgets into the month, for categories without one.

    Copies limit, currency and rollover; skips removed categories. Returns how many were added.
    """
    _lock_owner(user.pk)
    check_month(year, month)
    sources = Budget.objects.to_copy_into(user, year, month).order_by("pk")
    copies = [
        Budget(
            user=user,
            category_id=source.category_id,
            year=year,
            month=month,
            limit_amount=source.limit_amount,
            currency=source.currency,
            rollover=source.rollover,
        )
        for source in sources
    ]
    return _add_many(actor, user, copies, action="budgets.month.copied", year=year, month=month)


@db_transaction.atomic
def adopt_suggestions(
    *,
    actor: User,
    user: User,
    year: int,
    month: int,
    suggestions: Iterable[tuple[Category, Decimal, str]],
) -> int:
    """Create budgets from suggestions (category, amount, currency) for categories without one.

    Returns how many were added.
    """
    _lock_owner(user.pk)
    check_month(year, month)
    taken = set(
        Budget.objects.owned_by(user).in_month(year, month).values_list("category_id", flat=True)
    )
    budgets = [
        Budget(
            user=user,
            category=category,
            year=year,
            month=month,
            limit_amount=amount,
            currency=currency,
        )
        for category, amount, currency in suggestions
        if category.pk not in taken
    ]
    return _add_many(
        actor, user, budgets, action="budgets.suggestions.adopted", year=year, month=month
    )


def _add_many(
    actor: User, user: User, budgets: list[Budget], *, action: str, year: int, month: int
) -> int:
    # The source budgets were validated when created; the database constraints still apply.
    if not budgets:
        return 0
    try:
        with db_transaction.atomic():
            Budget.objects.bulk_create(budgets)
    except IntegrityError as error:
        raise ValidationError(
            "This month's budgets were just changed. Reload and try again."
        ) from error
    trail.record(
        actor=actor,
        action=action,
        owner_id=user.pk,
        year=year,
        month=month,
        categories=sorted(budget.category_id for budget in budgets),
    )
    return len(budgets)


def _lock_owner(owner_id: int) -> None:
    """Lock the owner's row so that two requests cannot create the same budget."""
    User.objects.select_for_update(no_key=True).get(pk=owner_id)


def _locked(budget: Budget) -> Budget:
    rows = Budget.objects.select_for_update(no_key=True, of=("self",)).select_related("category")
    return rows.get(pk=budget.pk)


def _check(budget: Budget, *, category_is_new: bool = True) -> None:
    """Raise ValidationError unless the budget is valid; the limit must fit the currency's minor
    unit.
    """
    # A budget may keep a category that was removed later.
    if category_is_new:
        _check_category(budget)
    check_month(budget.year, budget.month)
    try:
        validate_currency(budget.currency)
    except ValidationError as error:
        raise ValidationError({"currency": error}) from error
    budget.limit_amount = _checked_limit(budget.limit_amount, budget.currency)
    _refuse_taken(budget)
    # The constraints repeat the checks above, and both rows are read already.
    budget.full_clean(exclude=["user", "category"], validate_constraints=False)


def _check_category(budget: Budget) -> None:
    category = budget.category
    if category.user_id not in (None, budget.user_id) or category.deleted_at is not None:
        raise ValidationError({"category": "Choose one of your own categories."})
    if category.kind != Category.Kind.EXPENSE:
        raise ValidationError({"category": "Choose an expense category."})


def _checked_limit(amount: Decimal, currency: str) -> Decimal:
    if amount < 0:
        raise ValidationError({"limit_amount": "Enter zero or more."})
    if amount > LARGEST_AMOUNT:
        raise ValidationError({"limit_amount": "This amount is too large."})
    return exact_amount(amount, currency, "limit_amount")


def _refuse_taken(budget: Budget) -> None:
    twins = Budget.objects.of_owners([budget.user_id]).in_month(budget.year, budget.month)
    if twins.filter(category_id=budget.category_id).exclude(pk=budget.pk).exists():
        sentence = TAKEN.format(category=budget.category.name, month=budget.month, year=budget.year)
        raise ValidationError({"category": ValidationError(sentence, code="unique")})


def _facts(budget: Budget) -> dict[str, Any]:
    """The budget's fields as recorded in the audit trail."""
    return {
        "category": budget.category.slug,
        "year": budget.year,
        "month": budget.month,
        "limit_amount": budget.limit_amount,
        "currency": budget.currency,
        "rollover": budget.rollover,
    }
