"""Search columns that store codes by the words that people see instead."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import JSONField, Q, QuerySet, TextField
from django.db.models.functions import Cast

from banking.kernel.fields import folded
from banking.limits import STAFF_SEARCH_ROWS

# Column -> the words in which a stored value is shown.
ShownAs = Mapping[str, Callable[[Any], str]]


def rows_showing(rows: QuerySet[Any], text: str, shown_as: ShownAs) -> QuerySet[Any]:
    """The rows with a value whose words, as the reader sees them, include every word of the text.

    Each different value is put into words once, so equal ones cost nothing more.
    """
    wanted = folded(text).split()
    found = Q()
    for column, shown in shown_as.items():
        is_json = isinstance(rows.model._meta.get_field(column), JSONField)
        stored = rows.model._base_manager.annotate(as_stored=Cast(column, TextField()))
        here = stored.filter(pk__in=rows.order_by().values("pk")).order_by()
        values = here.values_list("as_stored", flat=True).distinct()[:STAFF_SEARCH_ROWS]
        fitting = [
            value
            for value in values
            if value and _has(folded(shown(json.loads(value) if is_json else value)), wanted)
        ]
        if fitting:
            found |= Q(pk__in=stored.filter(as_stored__in=fitting).values("pk"))
    return rows.filter(found) if found else rows.none()


def _has(text: str, words: list[str]) -> bool:
    return all(word in text for word in words)
