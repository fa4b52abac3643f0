"""Apply rules to existing transactions: one commit, one change that can be undone."""

from datetime import datetime
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from accounts.models import Account
from accounts.services import lock_accounts
from transactions.models import CategoryChange, CategoryRule, Change, Transaction
from transactions.rules.rule_scan import Judged, RuleScan, Verdict
from transactions.services.changing import (
    CATEGORY,
    RULE,
    SOURCE,
    Act,
    carry_out,
    packed,
    stage,
)
from users.audit import trail
from users.models import User

BY_RULE = str(Transaction.CategorySource.RULE)


@db_transaction.atomic
def apply_rules(
    *, actor: User, user: User, at: datetime, rule: CategoryRule | None = None
) -> Change | None:
    """Give every row the category of the first rule that matches it: of one rule, or of all rules.

    Categories chosen by hand stay, and so do rows that an earlier rule matches. A second run finds
    nothing to do and returns None. Raises ValidationError for an inactive rule.
    """
    mine = Account.objects.owned_by(user).values_list("pk", flat=True)
    # Every writer of a transaction locks its account first, so nothing changes during the scan.
    accounts = lock_accounts(list(mine))
    if rule is not None:
        rule = rule_in_force(rule.pk)
    change: Change | None = None
    for judged in RuleScan(user, rule).pieces(accounts):
        staged = staged_changes(judged)
        if staged and change is None:
            change = Change.objects.create(
                user=user, kind=Change.Kind.RULE_RUN, summary=run_title(rule)
            )
        if change is not None and staged:
            stage(change, staged)
    if change is None:
        return None
    act = Act(actor=actor, accounts=accounts, at=at, by=CategoryChange.By.RULE)
    carry_out(change, act, [CATEGORY])
    trail.record(
        actor=actor,
        action="transactions.rules.applied",
        target=change,
        rule=rule.pk if rule else None,
        changed=change.row_count,
    )
    return change


def count_changes(user: User, rule: CategoryRule | None, *, most: int) -> int:
    """How many rows applying would change now; counting stops above `most`. Locks nothing."""
    count = 0
    for judged in RuleScan(user, rule).pieces():
        count += sum(verdict is Verdict.CHANGES for _, verdict, _ in judged)
        if count > most:
            break
    return count


def rule_in_force(pk: int) -> CategoryRule:
    """The current rule. Raises ValidationError if it is inactive."""
    found = CategoryRule.objects.in_force().select_related("category").filter(pk=pk).first()
    if found is None:
        raise ValidationError("This rule is off. Turn it on first.")
    return found


def staged_changes(judged: list[Judged]) -> list[tuple[int, str, str]]:
    return [
        (row.pk, _before(row.category_id, row.category_source), _after(rule.category_id, rule.pk))
        for row, verdict, rule in judged
        if verdict is Verdict.CHANGES and rule is not None
    ]


@lru_cache(maxsize=1_000)
def _before(category_id: int | None, source: str) -> str:
    return packed({CATEGORY: category_id, SOURCE: source})


@lru_cache(maxsize=10_000)
def _after(category_id: int, rule_id: int) -> str:
    return packed({CATEGORY: category_id, SOURCE: BY_RULE, RULE: rule_id})


def run_title(rule: CategoryRule | None) -> str:
    if rule is None:
        return "All rules"
    return f"Rule {rule.title} → {rule.category.name}"[:200]
