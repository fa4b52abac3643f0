"""Keyset pagination: page 10,000 costs as much as page 1, and new rows shift nothing.

A cursor contains the ordering and its values in the row at a page's edge. The ordering must use
columns or annotations that are never null, and ends in the primary key.
"""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import Http404

NO_SUCH_PAGE = "This page does not exist. Start again from the first."


Row = TypeVar("Row", bound=models.Model)


class KeysetPage(Generic[Row]):
    """One page of rows and the cursors of its neighbors (None at the ends).

    `next_row` is the first row of the next page, `previous_row` the last of the previous one, each
    None where it was not read.
    """

    def __init__(
        self,
        rows: list[Row],
        next_cursor: str | None,
        previous_cursor: str | None,
        next_row: Row | None = None,
        previous_row: Row | None = None,
    ) -> None:
        self.rows = rows
        self.next_cursor, self.next_row = next_cursor, next_row
        self.previous_cursor, self.previous_row = previous_cursor, previous_row


def full_ordering(queryset: QuerySet[Any]) -> list[str]:
    """The queryset's ordering as field names, ending in the primary key."""
    names = (
        [str(name) for name in queryset.query.order_by]
        or list(queryset.model._meta.ordering)
        or ["-pk"]
    )
    if names[-1].lstrip("-") not in ("pk", "id"):
        names.append("-id" if names[-1].startswith("-") else "id")
    return ["-id" if name == "-pk" else "id" if name == "pk" else name for name in names]


def keyset_page(
    queryset: QuerySet[Row],
    ordering: Sequence[str],
    page_size: int,
    cursor: str | None,
    read: Callable[..., list[Row]] | None = None,
) -> KeysetPage[Row]:
    """The page after (or before) the cursor's row. Raises Http404 for an invalid cursor.

    `read(position, backwards=…)` may read the rows, and one more, in place of the query set.
    """
    backwards, position = _decode(cursor, queryset, ordering) if cursor else (False, None)
    if read is not None:
        rows = read(position, backwards=backwards)
    else:
        directed = [_flip(name) for name in ordering] if backwards else list(ordering)
        rows_query = queryset.order_by(*directed)
        if position is not None:
            rows_query = rows_query.filter(beyond(directed, position))
        rows = list(rows_query[: page_size + 1])
    has_more = len(rows) > page_size
    further = rows[page_size] if has_more else None
    rows = rows[:page_size]
    if backwards:
        rows.reverse()
    has_next = has_more if not backwards else True
    has_previous = (position is not None) if not backwards else has_more
    return KeysetPage(
        rows,
        _encode(rows[-1], ordering, False) if rows and has_next else None,
        _encode(rows[0], ordering, True) if rows and has_previous else None,
        **{"previous_row" if backwards else "next_row": further},
    )


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def beyond(ordering: Sequence[str], position: Sequence[Any]) -> Q:
    """Rows after the position, column by column, with a bound on the first column for the index."""
    condition, equal = Q(), Q()
    for name, value in zip(ordering, position, strict=True):
        field = name.lstrip("-")
        lookup = f"{field}__lt" if name.startswith("-") else f"{field}__gt"
        condition |= equal & Q(**{lookup: value})
        equal &= Q(**{field: value})
    first = ordering[0]
    bound = f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}"
    return Q(**{bound: position[0]}) & condition


def _encode(row: models.Model, ordering: Sequence[str], backwards: bool) -> str:
    values = []
    for name in ordering:
        holder: Any = row
        for part in name.lstrip("-").split("__"):
            holder = getattr(holder, part)
        values.append(str(holder))
    parts = [int(backwards), ",".join(ordering), *values]
    packed = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _decode(
    cursor: str, queryset: QuerySet[Any], ordering: Sequence[str]
) -> tuple[bool, list[Any]]:
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        backwards, names, *values = json.loads(packed)
        if names != ",".join(ordering):
            raise ValueError("This cursor belongs to another list.")
        position = [
            _value(_field(queryset, name), text)
            for name, text in zip(ordering, values, strict=True)
        ]
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError) as error:
        raise Http404(NO_SUCH_PAGE) from error
    return bool(backwards), position


def _value(field: Any, text: Any) -> Any:
    """Parse a cursor's value for the column; ValueError if no row can have it."""
    if not isinstance(text, str) or "\x00" in text:
        raise ValueError("Not a text that a column holds.")
    text.encode()  # A lone surrogate is a ValueError here, instead of a database error.
    value = field.to_python(text)
    if value is None or (isinstance(value, datetime) and value.tzinfo is None):
        raise ValueError("Not a value that a column holds.")
    return value


def _field(queryset: QuerySet[Any], name: str) -> Any:
    *path, last = name.lstrip("-").split("__")
    if not path and last in queryset.query.annotations:
        annotated: Any = queryset.query.annotations[last].output_field
        return annotated
    model: Any = queryset.model
    for part in path:
        model = model._meta.get_field(part).related_model
    field: Any = model._meta.get_field(last)
    return cast(Any, field).output_field if isinstance(field, models.GeneratedField) else field
