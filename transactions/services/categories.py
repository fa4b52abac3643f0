"""Create, change and delete a user's own categories."""

import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from accounts.services import lock_accounts
from banking.kernel.narrowing import sure
from banking.limits import MOST_CATEGORIES
from transactions.category_holders import let_holders_follow
from transactions.models import (
    Category,
    Change,
    ChangePlan,
    ReviewItem,
    Transaction,
    TransactionQuerySet,
    TransactionSplit,
    Transfer,
)
from transactions.predefined import UNCATEGORIZED
from transactions.services.categorizing import recategorize
from transactions.services.import_categories import let_staged_rows_follow
from transactions.services.rule_editing import release_category
from transactions.services.splitting import move_parts, rows_with_parts_in
from users.audit import trail
from users.models import User

EDITABLE = ("name", "icon", "color", "parent", "kind")
MOVED_INTO = "Transactions are being moved to this category. Delete it once that's finished."
PARTS_HERE = "This category is used by split transactions, which can't be transfers."
# The default target, since None means "no category".
PARENT: Any = object()
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_ICON = re.compile(r"[a-z0-9-]{1,40}")


@db_transaction.atomic
def create_category(
    *,
    actor: User,
    user: User,
    name: str,
    kind: str = "",
    parent: Category | None = None,
    icon: str = "tag",
    color: str = "",
) -> Category:
    """Create an own category. Under a parent it takes the parent's kind and color."""
    # Lock the owner's row: two categories with one name would otherwise choose the same slug.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Category.objects.filter(user=user, deleted_at=None).count() >= MOST_CATEGORIES:
        raise ValidationError(f"You can have at most {MOST_CATEGORIES} categories of your own.")
    category = Category(
        user=user,
        name=name.strip(),
        kind=parent.kind if parent else kind or Category.Kind.EXPENSE,
        parent=parent,
        icon=icon or "tag",
        color=color or (parent.color if parent else "#64748b"),
    )
    category.slug = _free_slug(user, category.name)
    _check(category)
    category.save(force_insert=True)
    trail.record(
        actor=actor, action="transactions.category.created", target=category, slug=category.slug
    )
    return category


@db_transaction.atomic
def edit_category(*, actor: User, category: Category, **changes: Any) -> Category:
    """Change the name, icon, color, parent or kind of an own category. Its slug stays."""
    row = Category.objects.select_for_update(no_key=True).get(pk=category.pk)
    if "name" in changes:
        changes["name"] = changes["name"].strip()
    before = {}
    for field in EDITABLE:
        if field in changes and changes[field] != getattr(row, field):
            before[field] = getattr(row, field)
            setattr(row, field, changes[field])
    if not before:
        return row
    if row.parent is not None:
        row.kind = row.parent.kind
    _check(row)
    _refuse_parts_of_a_transfer(row)
    row.save(update_fields=[*{*before, "kind"}, "updated_at"])
    row.children.filter(user=row.user_id).update(kind=row.kind)
    trail.record(
        actor=actor,
        action="transactions.category.edited",
        target=row,
        before=before,
        after={field: getattr(row, field) for field in before},
    )
    return row


@db_transaction.atomic
def delete_category(
    *, actor: User, category: Category, target: Category | None = PARENT, with_rules: bool = True
) -> int:
    """Delete an own category and move its transactions to its parent, to `target`, or to none.

    Its rules move too, or are deleted without `with_rules` or a target. Returns how many
    transactions moved. Its child categories move to the top level.
    """
    rows = Transaction.objects.filter(category=category)
    # Lock accounts before everything else, as posting does.
    concerned = set(rows.order_by().values_list("account_id", flat=True).distinct())
    concerned |= set(rows_with_parts_in(category).values_list("account_id", flat=True).distinct())
    accounts = lock_accounts(sorted(concerned))
    row = _locked(category)
    if row.deleted_at is not None:
        return 0
    target, gone_at = _checked_target(row, target), timezone.now()
    moved = move_rows(actor=actor, rows=rows, target=target)
    move_parts(accounts=accounts, category=row, target=target)
    _take_away(actor, row, target, with_rules, at=gone_at, moved_count=moved)
    return moved


@db_transaction.atomic
def empty_later(
    *, actor: User, category: Category, target: Category | None = PARENT, with_rules: bool = True
) -> Category | None:
    """Delete a category at once, but leave moving its transactions and parts to a worker.

    Returns the target category. Raises ValidationError if it has already been deleted.
    """
    row = _locked(category)
    if row.deleted_at is not None:
        raise ValidationError("This category has already been deleted.")
    target = _checked_target(row, target)
    _take_away(actor, row, target, with_rules, at=timezone.now(), moved_count=0)
    return target


def move_rows(*, actor: User, rows: TransactionQuerySet, target: Category | None) -> int:
    """Move rows from a deleted category to another one or to none. Each keeps its source."""
    source = None if target else Transaction.CategorySource.NONE
    return recategorize(actor=actor, rows=rows, category=target, source=source)


def _locked(category: Category) -> Category:
    User.objects.select_for_update(no_key=True).get(pk=sure(category.user_id))
    return Category.objects.select_for_update(no_key=True).get(pk=category.pk)


def _take_away(
    actor: User,
    row: Category,
    target: Category | None,
    with_rules: bool,
    *,
    at: datetime,
    moved_count: int,
) -> None:
    rule_target = target if with_rules else None
    rule_count = release_category(category=row, target=rule_target, at=at)
    holders = let_holders_follow(category=row, target=target, at=at)
    _forget_waiting(row, target)
    row.children.update(parent=None)
    row.throw_away(at)
    trail.record(
        actor=actor,
        action="transactions.category.deleted",
        target=row,
        slug=row.slug,
        moved_count=moved_count,
        moved_to=target.slug if target else None,
        rule_count=rule_count,
        rules_moved_to=rule_target.slug if rule_target else None,
        **{name: count for name, count in holders.items() if count},
    )


def _forget_waiting(row: Category, target: Category | None) -> None:
    """Replace the category in staged rows and trash data that could bring it back."""
    let_staged_rows_follow(category=row, target=target)
    for held, names in (
        (ReviewItem, ("category",)),
        (Transfer, ("outflow_category_before", "inflow_category_before")),
    ):
        for name in names:
            held.objects.filter(**{name: row}).update(**{name: target})


def _checked_target(category: Category, target: Category | None) -> Category | None:
    """The target category. Raises ValidationError, also while a worker moves others into it."""
    moving = ChangePlan.objects.filter(change__kind=Change.Kind.CATEGORY)
    if moving.filter(wanted__category=category.pk).exists():
        raise ValidationError(MOVED_INTO)
    target = category.parent if target is PARENT else target
    if target is None:
        return None
    chosen = Category.objects.of_owner(sure(category.user_id)).filter(pk=target.pk)
    if target.pk == category.pk or not chosen.exists():
        raise ValidationError({"target": "Choose a different category of your own."})
    has_parts = TransactionSplit.objects.filter(category=category).exists()
    if has_parts and target.kind == Category.Kind.TRANSFER:
        raise ValidationError({"target": PARTS_HERE})
    return target


def _refuse_parts_of_a_transfer(category: Category) -> None:
    """Split parts cannot be transfers, so a category with parts cannot become a transfer
    category.
    """
    if category.kind != Category.Kind.TRANSFER:
        return
    family = Q(category=category) | Q(category__parent=category)
    if TransactionSplit.objects.filter(family).exists():
        raise ValidationError({"kind": PARTS_HERE})


def _free_slug(user: User, name: str) -> str:
    """The name as a slug, with a number if the slug is taken, even by a deleted category."""
    base = slugify(name)[:50].strip("-") or "category"
    taken = {UNCATEGORIZED} | set(
        Category.objects.filter(slug__startswith=base, user=None).values_list("slug", flat=True)
    )
    taken |= set(
        Category.objects.filter(slug__startswith=base, user=user).values_list("slug", flat=True)
    )
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def _check(category: Category) -> None:
    category.full_clean()
    if not _COLOR.fullmatch(category.color):
        raise ValidationError({"color": "Enter a color such as #15803d."})
    if not _ICON.fullmatch(category.icon):
        raise ValidationError({"icon": "Choose an icon from the list."})
    parent = category.parent
    if parent is None:
        return
    if parent.user_id not in (None, category.user_id) or parent.deleted_at is not None:
        raise ValidationError({"parent": "Choose one of your own categories."})
    if parent.parent_id is not None or parent.pk == category.pk:
        raise ValidationError(
            {"parent": "Categories have two levels. Choose a top-level category."}
        )
    if category.pk and category.children.filter(deleted_at=None).exists():
        raise ValidationError(
            {"parent": "This category has subcategories, so it must stay at the top level."}
        )
