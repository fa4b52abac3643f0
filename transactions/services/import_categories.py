"""Categories of imported rows: follow or drop deleted ones, and record the history."""

from datetime import datetime
from typing import cast

from django.db import connection
from django.db.models import QuerySet

from transactions.models import (
    Category,
    CategoryChange,
    ImportBatch,
    ImportRow,
    ReferenceChange,
    Transaction,
)
from transactions.services.references import follow, give_back
from users.models import User

_LEDGER, _ROWS = Transaction._meta.db_table, ImportRow._meta.db_table
# Rows with one fingerprint have the same text, amount and account, so one rule decided for all.
_HISTORY = f"""
INSERT INTO {CategoryChange._meta.db_table}
  (transaction_id, to_category_id, "by", rule_id, actor_id, created_at)
SELECT t.id, t.category_id,
  CASE WHEN t.category_source IN ('rule', 'learned') THEN t.category_source ELSE 'import' END,
  r.rule_id, %s, %s
FROM {_LEDGER} t
LEFT JOIN (
  SELECT fingerprint, MIN(rule_id) AS rule_id FROM {_ROWS}
  WHERE batch_id = %s AND rule_id IS NOT NULL GROUP BY fingerprint) r
  ON r.fingerprint = t.fingerprint AND t.category_source = 'rule'
WHERE t.import_batch_id = %s AND t.category_id IS NOT NULL
"""  # noqa: S608 - table names of our own models


def let_staged_rows_follow(
    *, category: Category, target: Category | None, at: datetime
) -> list[ReferenceChange]:
    """Move the rows of unconfirmed imports from a deleted category to `target`, or to none."""
    rows = _staged_rows(category.user_id).filter(category=category)
    if target is None:
        source = Transaction.CategorySource.NONE
        return follow(rows, at=at, category=None, rule=None, category_source=str(source))
    return follow(rows, at=at, category=target)


def give_back_staged_rows(*, moved: ReferenceChange, at: datetime) -> list[int] | None:
    """Return staged rows to a restored category, unless their import has been confirmed."""
    return give_back(_staged_rows(moved.change.user_id), moved, at)


def _staged_rows(user_id: int | None) -> QuerySet[ImportRow]:
    """Found by import, because rows have no index by category."""
    waiting = ImportBatch.objects.filter(user=user_id, confirmed_at=None)
    return ImportRow.objects.filter(batch__in=waiting.values("pk"))


def forget_lost_categories(batch: ImportBatch) -> None:
    """Clear categories from staged rows if they were deleted after the check."""
    rows = ImportRow.objects.filter(batch=batch, category__deleted_at__isnull=False)
    rows.update(category=None, rule=None, category_source=Transaction.CategorySource.NONE)


def write_history(batch: ImportBatch, *, actor: User | None, at: datetime) -> int:
    """Write one history entry for each posted row that has a category. Returns how many."""
    moment = CategoryChange._meta.get_field("created_at").get_db_prep_save(at, connection)
    actor_id = actor.pk if actor else None
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [actor_id, moment, batch.pk, batch.pk])
        return cast(int, cursor.rowcount)
