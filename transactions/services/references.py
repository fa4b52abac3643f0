"""Rows that refer to a deleted category: move them to another one, and move them back on undo.

Rows with equal values are noted together, so a hundred thousand staged lines are one note.
"""

from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model, QuerySet

from transactions.models import ReferenceChange
from transactions.services.changing import in_pieces


def follow(rows: QuerySet[Any], *, at: datetime, **after: Any) -> list[ReferenceChange]:
    """Write these values to the rows. Returns what they had before, as unsaved notes."""
    after = {name: getattr(value, "pk", value) for name, value in after.items()}
    locked = rows.order_by("pk").select_for_update(no_key=True)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for pk, *values in locked.values_list("pk", *after):
        groups.setdefault(tuple(values), []).append(pk)
    notes = []
    for values, ids in groups.items():
        before = dict(zip(after, values, strict=True))
        _write(rows.model, ids, after, at)
        notes.append(
            ReferenceChange(
                model=rows.model._meta.label_lower,
                ids=ids,
                before=_packed(before),
                after=_packed(after),
            )
        )
    return notes


def give_back(rows: QuerySet[Any], moved: ReferenceChange, at: datetime) -> list[int] | None:
    """Restore the earlier values of the noted rows that still have the later ones.

    Only rows among `rows` change. Returns the ids of the noted rows that exist but have other
    values now; None if the note is about another model.
    """
    if moved.model != rows.model._meta.label_lower:
        return None
    still = rows.filter(**_read(rows.model, moved.after))
    before = _read(rows.model, moved.before)
    left: list[int] = []
    for piece in in_pieces(moved.ids):
        there = rows.model._base_manager.filter(pk__in=piece).order_by("pk")
        locked = list(there.select_for_update(no_key=True).values_list("pk", flat=True))
        held = set(still.filter(pk__in=locked).values_list("pk", flat=True))
        _write(rows.model, sorted(held), before, at)
        left += [pk for pk in locked if pk not in held]
    return left


def _write(model: type[Model], ids: list[int], values: dict[str, Any], at: datetime) -> None:
    stamp = {"updated_at": at} if _has_stamp(model) else {}
    for piece in in_pieces(ids):
        model._base_manager.filter(pk__in=piece).update(**values, **stamp)


def _has_stamp(model: type[Model]) -> bool:
    try:
        model._meta.get_field("updated_at")
    except FieldDoesNotExist:
        return False
    return True


def _packed(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _read(model: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    """Stored values as Python ones: points in time come back from their text."""
    read = dict(values)
    for name, value in values.items():
        field = model._meta.get_field(name)
        if isinstance(field, Field) and not field.is_relation:
            read[name] = field.to_python(value)
    return read
