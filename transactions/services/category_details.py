"""Categories inside stored details: the parts of staged lines, and what undoing an answer restores.

No foreign key leads to them, so a deleted category's would be lost or come back without a word.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from transactions.models import (
    Category,
    ImportBatch,
    ImportRow,
    ReferenceChange,
    ReviewItem,
    Transaction,
)

Change = Callable[[dict[str, Any]], dict[str, Any]]


def let_details_follow(
    *, category: Category, target: Category | None, at: datetime
) -> list[ReferenceChange]:
    """Move the details of lines that wait, and of answers that can be undone, to `target`, or to
    none. Returns what they had before, unsaved.
    """
    gone, new = category.pk, target.pk if target else None

    def parts(details: dict[str, Any]) -> dict[str, Any]:
        moved = [[new if part[0] == gone else part[0], *part[1:]] for part in details["parts"]]
        return details | {"parts": moved}

    def restored(undo: dict[str, Any]) -> dict[str, Any]:
        source = undo["category_source"] if new else str(Transaction.CategorySource.NONE)
        return undo | {"category": new, "category_source": source}

    answered = ReviewItem.objects.filter(user=category.user_id, undo__category=gone)
    return [
        *_follow(_lines_with_part(category), "details", parts),
        *_follow(answered, "undo", restored),
    ]


def _lines_with_part(category: Category) -> QuerySet[ImportRow]:
    """The lines that are not in the ledger yet and have a part in the category."""
    batches = ImportBatch.objects.filter(user=category.user_id)
    rows = ImportRow.objects.filter(batch__in=batches.values("pk"), details__has_key="parts")
    waiting = rows.filter(Q(batch__confirmed_at=None) | Q(verdict=ImportRow.Verdict.REVIEW))
    text = waiting.annotate(stored=Cast("details", TextField()))
    return text.filter(stored__contains=f"[{category.pk},")


def _follow(rows: QuerySet[Any], name: str, change: Change) -> Iterator[ReferenceChange]:
    """Write the changed details. Rows with equal ones are noted together."""
    groups: dict[str, list[int]] = {}
    for pk, details in rows.order_by("pk").values_list("pk", name):
        groups.setdefault(json.dumps(details), []).append(pk)
    for stored, ids in groups.items():
        before: dict[str, Any] = json.loads(stored)
        after = change(before)
        if after != before:
            yield _write(rows.model, ids, {name: before}, {name: after})


def _write(
    model: type[Model], ids: Iterable[int], before: dict[str, Any], after: dict[str, Any]
) -> ReferenceChange:
    model._base_manager.filter(pk__in=ids).update(**after)
    return ReferenceChange(model=model._meta.label_lower, ids=list(ids), before=before, after=after)
