"""Changes of the job schedule that a second admin approved."""

from typing import Any

from django.db import transaction as db_transaction
from django.db.models import ForeignKey, Model

from users.audit import trail
from users.models import User
from users.policy import Ability, require
from users.services.second_admin import EDIT_SCHEDULE, require_second_admin


def plain_values(row: Model, names: list[str]) -> dict[str, Any]:
    """The row's values of these fields as text, to be set later."""
    fields = [row._meta.get_field(name) for name in names]
    return {field.name: _text_of(row, field) for field in fields}


def _text_of(row: Model, field: Any) -> str | None:
    if isinstance(field, ForeignKey):
        value = getattr(row, field.attname)
        return None if value is None else str(value)
    value = getattr(row, field.name)
    return None if value is None else field.value_to_string(row)


@db_transaction.atomic
def apply_schedule(*, actor: User, target: Model, values: dict[str, Any]) -> None:
    """Set these values of a job or a timing. Raises ValidationError if they are invalid."""
    require(actor, Ability.MANAGE_USERS)
    require_second_admin(EDIT_SCHEDULE, target)
    rows = type(target)._base_manager.select_for_update(of=("self",))
    locked = rows.get(pk=target.pk)
    before = plain_values(locked, list(values))
    for name, value in values.items():
        field: Any = locked._meta.get_field(name)
        setattr(locked, field.attname, None if value is None else field.to_python(value))
    locked.full_clean()
    locked.save()
    changed: dict[str, Any] = {
        name: [before[name], values[name]] for name in values if before[name] != values[name]
    }
    trail.record(
        actor=actor,
        action="insights.schedule.changed",
        target=locked,
        schedule=str(locked),
        **changed,
    )
