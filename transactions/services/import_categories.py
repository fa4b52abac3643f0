"""Categories of imported rows: follow or drop deleted ones."""

from datetime import datetime

from django.db.models import Q, QuerySet

from transactions.models import (
    Category,
    ImportBatch,
    ImportRow,
    ReferenceChange,
    Transaction,
)
from transactions.services.references import follow, give_back


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
    own_or_predefined = Q(user=None) | Q(user=batch.user_id)
    deleted = Category.objects.filter(own_or_predefined, deleted_at__isnull=False)
    lost = list(deleted.values_list("pk", flat=True))
    if lost:
        rows = ImportRow.objects.filter(batch=batch, category__in=lost)
        rows.update(category=None, rule=None, category_source=Transaction.CategorySource.NONE)
