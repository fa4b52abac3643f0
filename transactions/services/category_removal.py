"""Delete a user's own category, with everything needed to bring it back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Q
from django.utils import timezone

from accounts.services import lock_accounts
from banking.kernel.commands import command
from banking.kernel.narrowing import sure
from banking.limits import MOST_CATEGORIES
from transactions.category_holders import give_back_to_holders, let_holders_follow
from transactions.models import (
    Category,
    Change,
    ChangePlan,
    ReferenceChange,
    ReviewItem,
    Transaction,
    TransactionQuerySet,
    TransactionSplit,
    Transfer,
)
from transactions.services.categories import PARTS_HERE, TOO_MANY
from transactions.services.category_details import let_details_follow
from transactions.services.changing import CATEGORY, PARTS, SOURCE, Act, carry_out, packed, stage
from transactions.services.import_categories import give_back_staged_rows, let_staged_rows_follow
from transactions.services.references import follow, give_back
from transactions.services.rule_editing import give_back_rules, release_category
from users.audit import trail
from users.models import User

MOVED_INTO = "Transactions are being moved to this category. Delete it once that's finished."
# The default target, since None means "no category".
PARENT: Any = object()
_NOBODY = str(Transaction.CategorySource.NONE)
# Fields of this app's other models that refer to a category.
_OTHERS = (
    (ReviewItem, "category"),
    (Transfer, "outflow_category_before"),
    (Transfer, "inflow_category_before"),
)


# --- Deleting -------------------------------------------------------------------------------------


@command
def delete_category(
    *, actor: User, category: Category, target: Category | None = PARENT, with_rules: bool = True
) -> Change | None:
    """Delete an own category and move its transactions to its parent, to `target`, or to none.

    Its rules move too, or are deleted without `with_rules` or a target. Its child categories move
    to the top level. Returns the change that undoes it, or None if it was already deleted.
    """
    rows = rows_in(category)
    # Lock accounts before everything else, as posting does.
    accounts = lock_accounts(rows.values_list("account_id", flat=True).distinct())
    row = _locked(category)
    if row.deleted_at is not None:
        return None
    target, at = _checked_target(row, target), timezone.now()
    change = Change.objects.create(
        user=sure(row.user), kind=Change.Kind.CATEGORY, summary=row.name, category=row
    )
    among = rows.filter(account__in=accounts).order_by("pk")
    act = Act(actor=actor, accounts=accounts, at=at)
    move_transactions(change, act, list(among.values_list("pk", flat=True)), target)
    references = _take_away(actor, row, target, with_rules, at=at, moved_count=change.row_count)
    keep_references(change, references)
    return change


@db_transaction.atomic
def empty_later(
    *, actor: User, category: Category, target: Category | None = PARENT, with_rules: bool = True
) -> tuple[Category | None, list[ReferenceChange]]:
    """Delete a category at once, but leave moving its transactions and parts to a worker.

    Returns the target category, and the references that moved, unsaved. Raises ValidationError if
    it has already been deleted.
    """
    row = _locked(category)
    if row.deleted_at is not None:
        raise ValidationError("This category has already been deleted.")
    target = _checked_target(row, target)
    at = timezone.now()
    return target, _take_away(actor, row, target, with_rules, at=at, moved_count=0)


def keep_references(change: Change, references: Iterable[ReferenceChange]) -> None:
    """Store what moved with a deleted category, to undo it."""
    for moved in references:
        moved.change = change
        moved.save(force_insert=True)


def move_transactions(change: Change, act: Act, ids: list[int], target: Category | None) -> None:
    """Move transactions and parts, also in the trash, out of the change's deleted category.

    Each keeps its source. The caller locks their accounts and records the event.
    """
    if not ids:
        return
    # A row that came back in the meantime moves again.
    change.rows.filter(transaction__in=ids).delete()
    stage(change, _leaving(ids, sure(change.category_id), target))
    carry_out(change, act, [CATEGORY, PARTS], ids)


def rows_in(category: Category) -> TransactionQuerySet:
    """Transactions, including the trash, with this category or a part in it."""
    parts = TransactionSplit.objects.filter(category=category).values("transaction")
    return Transaction.objects.filter(Q(category=category) | Q(pk__in=parts)).order_by()


def _leaving(ids: list[int], gone_id: int, target: Category | None) -> list[tuple[int, str, str]]:
    target_id = target.pk if target else None
    parts: dict[int, list[int]] = {}
    found = TransactionSplit.objects.filter(transaction__in=ids, category=gone_id)
    for transaction_id, pk in found.values_list("transaction_id", "pk"):
        parts.setdefault(transaction_id, []).append(pk)
    staged = []
    rows = Transaction.objects.filter(pk__in=ids).order_by("pk")
    for pk, category_id, source in rows.values_list("pk", "category_id", "category_source"):
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if category_id == gone_id:
            before |= {CATEGORY: gone_id, SOURCE: source}
            after |= {CATEGORY: target_id, SOURCE: source if target else _NOBODY}
        if pk in parts:
            before[PARTS] = {str(part): gone_id for part in parts[pk]}
            after[PARTS] = {str(part): target_id for part in parts[pk]}
        if after:
            staged.append((pk, packed(before), packed(after)))
    return staged


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
) -> list[ReferenceChange]:
    rule_target = target if with_rules else None
    rules = release_category(category=row, target=rule_target, at=at)
    holders = let_holders_follow(category=row, target=target, at=at)
    references = [*rules, *holders, *let_staged_rows_follow(category=row, target=target, at=at)]
    references += let_details_follow(category=row, target=target, at=at)
    for model, name in _OTHERS:
        references += follow(model._base_manager.filter(**{name: row}), at=at, **{name: target})
    references += follow(Category.objects.filter(parent=row), at=at, parent=None)
    row.throw_away(at)
    trail.record(
        actor=actor,
        action="transactions.category.deleted",
        target=row,
        slug=row.slug,
        moved_count=moved_count,
        moved_to=target.slug if target else None,
        rule_count=sum(moved.count for moved in rules),
        rules_moved_to=rule_target.slug if rule_target else None,
        **_counts(holders),
    )
    return references


def _counts(references: list[ReferenceChange]) -> dict[str, int]:
    """Counts by name, such as {"budgets_moved": 2}."""
    counts: dict[str, int] = {}
    for moved in references:
        name = f"{moved.model.partition('.')[2]}s_{'trashed' if moved.was_trashed else 'moved'}"
        counts[name] = counts.get(name, 0) + moved.count
    return counts


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


# --- Undoing --------------------------------------------------------------------------------------


def lock_owner(change: Change) -> None:
    """Lock what `restore_category` changes, before the change itself is locked."""
    if change.category is not None:
        _locked(change.category)


@db_transaction.atomic
def restore_category(*, actor: User | None, change: Change, at: datetime) -> None:
    """Bring back a deleted category and all references to it, except its transactions.

    References that were changed since stay, and are noted. The caller locks with `lock_owner`, then
    the change. Raises ValidationError if the owner has too many categories.
    """
    row = sure(change.category)
    own = Category.objects.filter(user=row.user_id, deleted_at=None)
    if own.count() >= MOST_CATEGORIES:
        raise ValidationError(TOO_MANY)
    row.refresh_from_db()
    parent = row.parent
    if parent is not None and (parent.parent_id is not None or parent.deleted_at is not None):
        # The parent has become a child since, and there are two levels.
        row.parent = None
    row.take_back("parent")
    for moved in change.references.all():
        moved.change = change
        left = _give_back(moved, at)
        moved.left = moved.ids if left is None else left
        moved.save(update_fields=["left"])
    trail.record(actor=actor, action="transactions.category.restored", target=row, slug=row.slug)


def _give_back(moved: ReferenceChange, at: datetime) -> list[int] | None:
    for restore in (_give_back_children, give_back_rules, give_back_staged_rows):
        left: list[int] | None = restore(moved=moved, at=at)
        if left is not None:
            return left
    for model in {model for model, _ in _OTHERS}:
        left = give_back(model._base_manager.all(), moved, at)
        if left is not None:
            return left
    return give_back_to_holders(moved=moved, at=at)


def _give_back_children(*, moved: ReferenceChange, at: datetime) -> list[int] | None:
    """Return child categories, unless they have children or another kind by now."""
    category = sure(moved.change.category)
    with_children = Category.objects.filter(parent__isnull=False, deleted_at=None)
    fitting = Category.objects.filter(kind=category.kind)
    if category.parent_id is not None:
        fitting = fitting.none()
    return give_back(fitting.exclude(pk__in=with_children.values("parent")), moved, at)
