"""Which rows belong to a person. Read from the models, so a new table needs no registration.

A row belongs to the person it names by a foreign key, unless the key is a mere mention (SET_NULL).
A row that names no person belongs to whoever owns the row it depends on: by the CASCADE key if
there is one, otherwise by the required key.
"""

from collections.abc import Iterator
from functools import cache

from django.apps import apps
from django.db.models import CASCADE, SET_NULL, ForeignKey, Model, Q, QuerySet

from users.models import AuditChain, AuditEvent, User

# The trail stays; its personal data is blanked (audit.erase_details).
KEPT = (User, AuditChain, AuditEvent)


def tables_of_people() -> list[type[Model]]:
    """Every table with rows of a person; dependent tables come first."""
    models = apps.get_models(include_auto_created=True)
    return sorted(
        (model for model in models if model not in KEPT and paths_to_person(model)),
        key=lambda model: -paths_to_person(model)[0].count("__"),
    )


def rows_of(model: type[Model], user: User) -> QuerySet:
    """The person's rows in one table, including the trash."""
    theirs = Q()
    for path in paths_to_person(model):
        theirs |= Q(**{path: user})
    return model._base_manager.filter(theirs)


@cache
def paths_to_person(model: type[Model]) -> tuple[str, ...]:
    """The lookups from a row to its owner; empty if the table belongs to nobody."""
    keys = [key for key in _foreign_keys(model) if key.related_model is not model]
    own = tuple(key.name for key in keys if key.related_model is User)
    if own:
        return own
    needed = [key for key in keys if not key.null]
    whole = [key for key in needed if key.remote_field.on_delete is CASCADE]
    for key in whole or needed:
        if paths := paths_to_person(key.related_model):
            return tuple(f"{key.name}__{path}" for path in paths)
    return ()


def _foreign_keys(model: type[Model]) -> Iterator[ForeignKey]:
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey) and field.remote_field.on_delete is not SET_NULL:
            yield field
