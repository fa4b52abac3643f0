"""Set a transaction's category: one choice by hand, or many rows at once."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction as db_transaction
from django.utils import timezone

from accounts.services import lock_accounts
from transactions.models import Category, CategoryChange, Transaction, TransactionQuerySet
from transactions.services.posting import book, edit_transaction
from transactions.totals import Sums, SumsByKey, merge, sums_in
from users.models import User

CHUNK = 2_000


def set_category(
    *, actor: User, transaction: Transaction, category: Category | None
) -> Transaction:
    """Set a category by hand. Rules no longer change it until it is removed."""
    return edit_transaction(actor=actor, transaction=transaction, category=category)


@db_transaction.atomic
def recategorize(
    *,
    actor: User | None,
    rows: TransactionQuerySet,
    category: Category | None,
    by: str = CategoryChange.By.USER,
    source: str | None = Transaction.CategorySource.MANUAL,
) -> int:
    """Change the category of rows (including the trash), with history. Returns how many changed.

    Without `source` each row keeps its own. Totals follow the live rows; balances do not change.
    The caller records the audit event.
    """
    accounts = lock_accounts(rows.order_by().values_list("account_id", flat=True).distinct())
    chosen = Transaction.objects.filter(pk__in=rows.order_by().values("pk"), account__in=accounts)
    chosen = chosen.exclude(category=category)
    # A split transaction counts by its parts, whose categories stay.
    sums = sums_in(chosen.filter(deleted_at=None, is_split=False))
    CategoryChange.objects.bulk_create(_history(actor, chosen, category, by), batch_size=CHUNK)
    values: dict[str, Any] = {"category": category, "updated_at": timezone.now()}
    count = chosen.update(**values, **({"category_source": source} if source else {}))
    if sums:
        moved = _moved_to(sums, category.pk if category else None)
        book(accounts, merge((moved, 1), (sums, -1)))
    return count


def _moved_to(sums: SumsByKey, category_id: int | None) -> SumsByKey:
    moved: SumsByKey = {}
    for key, value in sums.items():
        moved.setdefault(key._replace(category_id=category_id), Sums()).add(value)
    return moved


def _history(
    actor: User | None, rows: TransactionQuerySet, category: Category | None, by: str
) -> Iterator[CategoryChange]:
    for pk, before in rows.order_by("pk").values_list("pk", "category_id"):
        yield CategoryChange(
            transaction_id=pk, from_category_id=before, to_category=category, by=by, actor=actor
        )
