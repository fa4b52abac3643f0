"""Create and change a user's own categories."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Q
from django.utils.text import slugify

from banking.limits import MOST_CATEGORIES
from transactions.models import (
    Category,
    TransactionSplit,
)
from transactions.predefined import UNCATEGORIZED
from users.audit import trail
from users.models import User

EDITABLE = ("name", "icon", "color", "parent", "kind")
TOO_MANY = f"You can have at most {MOST_CATEGORIES} categories of your own."
PARTS_HERE = "This category is used by split transactions, which can't be transfers."
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
        raise ValidationError(TOO_MANY)
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
