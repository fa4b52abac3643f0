"""Create, edit, reorder and delete a person's categorization rules."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction as db_transaction
from django.utils import timezone

from accounts.models import Account
from banking.kernel.bulk import bulk_update
from banking.kernel.narrowing import sure
from banking.limits import MOST_RULES
from transactions.models import Category, CategoryRule, ReferenceChange
from transactions.rules.rule_book import compile_pattern, refuse_heavy_patterns
from transactions.services.references import follow, give_back
from users.audit import trail
from users.models import User

EDITABLE = (
    *("category", "keyword_pattern", "merchant_pattern", "priority", "is_active", "account"),
    *("amount_min", "amount_max"),
)
STEP = 10


@db_transaction.atomic
def create_rule(*, actor: User, user: User, category: Category, **fields: Any) -> CategoryRule:
    """Create a rule. It applies to new transactions from now on, and to existing ones on request.

    Takes keyword_pattern, merchant_pattern, priority, is_active, account, amount_min, amount_max.
    Raises ValidationError at the field, for a pattern with the compiler's own message.
    """
    _lock_book(user)
    _refuse_one_more(user)
    rule = checked_rule(CategoryRule(user=user), {"category": category, **fields})
    rule.save(force_insert=True)
    trail.record(actor=actor, action="transactions.rule.created", target=rule, **_facts(rule))
    return rule


@db_transaction.atomic
def edit_rule(*, actor: User, rule: CategoryRule, **changes: Any) -> CategoryRule:
    """Edit a rule. Existing categories stay. Raises ValidationError at the field."""
    _lock_book(rule.user)
    row = CategoryRule.objects.select_related("category", "account", "user").get(pk=rule.pk)
    if row.deleted_at is not None:
        raise ValidationError("This rule has been deleted.")
    before = _facts(row)
    checked_rule(row, changes)
    after = _facts(row)
    if before == after:
        return row
    row.save(update_fields=[*EDITABLE, "updated_at"])
    trail.record_edit(
        actor=actor, action="transactions.rule.edited", target=row, before=before, after=after
    )
    return row


@db_transaction.atomic
def delete_rule(*, actor: User, rule: CategoryRule, at: datetime) -> None:
    """Delete a rule. The categories it set stay, and their history still names it."""
    _lock_book(rule.user)
    row = CategoryRule.objects.get(pk=rule.pk)
    if row.deleted_at is None:
        row.throw_away(at)
        trail.record(actor=actor, action="transactions.rule.deleted", target=row, **_facts(row))


def release_category(
    *, category: Category, target: Category | None, at: datetime
) -> list[ReferenceChange]:
    """Move the owner's rules to another category, or delete them if it is None.

    Used when a category is deleted. The caller records the event.
    """
    _lock_book(sure(category.user))
    rules = CategoryRule.objects.filter(category=category, deleted_at=None)
    if target is None:
        return follow(rules, at=at, deleted_at=at)
    return follow(rules, at=at, category=target)


def give_back_rules(*, moved: ReferenceChange, at: datetime) -> list[int] | None:
    """Undo `release_category`, with the owner locked. Deleted rules that would now exceed the
    limits, and rules edited since, stay as they are.
    """
    rules = CategoryRule.objects.all()
    if not moved.was_trashed or moved.model != CategoryRule._meta.label_lower:
        return give_back(rules, moved, at)
    left = []
    for rule in rules.filter(pk__in=moved.ids).select_related("category", "user"):
        try:
            if rule.deleted_at is None:
                continue
            _refuse_one_more(rule.user)
            checked_rule(rule, {})
        except ValidationError:
            left.append(rule.pk)
        else:
            rule.take_back()
    return left


@db_transaction.atomic
def restore_rule(*, actor: User, rule: CategoryRule) -> CategoryRule:
    """Restore a deleted rule as it was. Raises ValidationError if that is impossible."""
    _lock_book(rule.user)
    row = CategoryRule.objects.select_related("category", "user").get(pk=rule.pk)
    if row.deleted_at is None:
        return row
    _refuse_one_more(row.user)
    checked_rule(row, {})
    row.take_back()
    trail.record(actor=actor, action="transactions.rule.restored", target=row, **_facts(row))
    return row


@db_transaction.atomic
def move_rule(*, actor: User, rule: CategoryRule, steps: int) -> None:
    """Move a rule up (negative steps) or down. All rules get priorities 10, 20, 30 …"""
    _lock_book(rule.user)
    rules = CategoryRule.objects.visible_to(rule.user).in_order()
    order = list(rules.values_list("pk", "priority"))
    place = next((index for index, (pk, _) in enumerate(order) if pk == rule.pk), None)
    if place is None:
        raise ValidationError("This rule has been deleted.")
    target = max(0, min(len(order) - 1, place + steps))
    if target == place:
        return
    order.insert(target, order.pop(place))
    now = timezone.now()
    wanted = [(pk, number * STEP, was) for number, (pk, was) in enumerate(order, start=1)]
    bulk_update(
        CategoryRule,
        ("priority", "updated_at"),
        [(pk, priority, now) for pk, priority, was in wanted if priority != was],
    )
    trail.record(
        actor=actor,
        action="transactions.rule.moved",
        target=rule,
        from_place=place + 1,
        to_place=target + 1,
    )


def checked_rule(rule: CategoryRule, changes: Mapping[str, Any]) -> CategoryRule:
    """The unsaved rule with the changes applied. Raises ValidationError at the field."""
    drafted_rule(rule, changes)
    _check_owner(rule)
    return rule


def drafted_rule(rule: CategoryRule, changes: Mapping[str, Any]) -> CategoryRule:
    """As `checked_rule`, for a form that has found category and account among the user's own."""
    for name in EDITABLE:
        if name in changes:
            setattr(rule, name, changes[name])
    rule.keyword_pattern = " ".join(rule.keyword_pattern.split())
    rule.merchant_pattern = rule.merchant_pattern.strip()
    _check_pattern(rule)
    rule.full_clean(exclude=["user", "category", "account"], validate_constraints=False)
    _refuse_contradictions(rule)
    for name in ("amount_min", "amount_max"):
        if (getattr(rule, name) or 0) < 0:
            raise ValidationError({name: "Enter amounts without a minus. Rules ignore the sign."})
    return rule


def _lock_book(user: User) -> None:
    """Lock the owner's row: the order, number and total size of rules belong to the owner."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _refuse_one_more(user: User) -> None:
    if CategoryRule.objects.visible_to(user).count() >= MOST_RULES:
        raise ValidationError(f"You can have at most {MOST_RULES:,} rules. Delete some first.")


def _check_pattern(rule: CategoryRule) -> None:
    if not rule.merchant_pattern:
        return
    others = CategoryRule.objects.visible_to(rule.user).filter(is_active=True)
    patterns = others.exclude(pk=rule.pk).exclude(merchant_pattern="")
    try:
        compile_pattern(rule.merchant_pattern)
        refuse_heavy_patterns(
            [rule.merchant_pattern, *patterns.values_list("merchant_pattern", flat=True)]
        )
    except ValidationError as error:
        raise ValidationError({"merchant_pattern": error}) from None


def _refuse_contradictions(rule: CategoryRule) -> None:
    """What the constraints would refuse, without a query for each."""
    low, high = rule.amount_min, rule.amount_max
    refused = {
        "category_rule_has_a_text": not (rule.keyword_pattern or rule.merchant_pattern),
        "category_rule_amounts_in_order": low is not None and high is not None and high < low,
    }
    told = [one for one in CategoryRule._meta.constraints if refused[one.name]]
    if told:
        raise ValidationError({NON_FIELD_ERRORS: [one.violation_error_message for one in told]})


def _check_owner(rule: CategoryRule) -> None:
    if not Category.objects.of_owner(rule.user_id).filter(pk=rule.category_id).exists():
        raise ValidationError({"category": "Choose one of your own categories."})
    if rule.account_id is None:
        return
    if not Account.objects.owned_by(rule.user).filter(pk=rule.account_id).exists():
        raise ValidationError({"account": "Choose one of your own accounts."})


def _facts(rule: CategoryRule) -> dict[str, Any]:
    return {
        "category": rule.category.slug,
        "keyword_pattern": rule.keyword_pattern,
        "merchant_pattern": rule.merchant_pattern,
        "priority": rule.priority,
        "is_active": rule.is_active,
        "account": rule.account_id,
        "amount_min": rule.amount_min,
        "amount_max": rule.amount_max,
    }
