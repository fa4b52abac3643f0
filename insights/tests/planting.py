"""Plant a unique word in every text field of a person's rows, and search for it afterward."""

import datetime
import uuid
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, connection, models
from django.db import transaction as db_transaction
from django.utils import timezone

from insights.exports.ownership import paths_to_person, rows_of, tables_of_people
from users.models import User

# Four letters, so that it fits almost any field.
CANARY = "Qyzw"
ADDRESS = f"{CANARY}@example.com".lower()
# Text columns restricted by database constraints to choices, codes or numbers.
NOT_FREE = {"last_four", "currency", "base_currency", "rate", "locale", "timezone", "color", "icon"}
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)


# --- Planting ---------------------------------------------------------------------------------


def free_texts(model) -> list[models.Field]:
    """The text fields of a model that can hold the word."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, TEXTS)
        and not field.choices
        and field.name not in NOT_FREE
        and not field.primary_key
        # The email addresses contain the word already, and other code looks users up by them.
        and model is not EmailAddress
        and (field.max_length is None or field.max_length >= len(CANARY))
    ]


def value_for(field: models.Field, person: User):
    """A valid value for the field, containing the word if possible."""
    if isinstance(field, models.ForeignKey):
        return related_pk(field, person)
    made = {
        models.DateTimeField: timezone.now(),
        models.DateField: datetime.date(2026, 3, 1),
        models.TimeField: datetime.time(8),
        models.BooleanField: True,
        models.JSONField: {CANARY: [CANARY]},
        models.BinaryField: CANARY.encode(),
        models.UUIDField: uuid.uuid4(),
        models.GenericIPAddressField: "203.0.113.77",
        models.CharField: CANARY[: field.max_length or 4],
        models.TextField: CANARY,
    }
    kind = next((made[kind] for kind in type(field).__mro__ if kind in made), 1)
    if field.choices and not callable(field.choices):
        return field.flatchoices[0][0]
    return kind


def related_pk(field: models.ForeignKey, person: User) -> int | None:
    model = field.related_model
    if model is User:
        return person.pk
    if paths_to_person(model):
        return rows_of(model, person).values_list("pk", flat=True).first()
    return None if field.null else model._base_manager.values_list("pk", flat=True).first()


def make_one(model, person: User) -> None:
    """Create a row of a model that the test's world lacks."""
    row = model()
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.AutoField | models.BigAutoField):
            setattr(row, field.attname, value_for(field, person))
    model._base_manager.bulk_create([row])


def plant(person: User) -> dict[str, list[str]]:
    """Write the word into every text field of every row; returns what could not
    hold it, by table.
    """
    refused: dict[str, list[str]] = {}
    for model in reversed(tables_of_people()):
        if not rows_of(model, person).exists():
            make_one(model, person)
        for field in free_texts(model):
            for row in rows_of(model, person):
                text = {models.JSONField: {CANARY: CANARY}, models.BinaryField: CANARY.encode()}
                value = text.get(type(field), CANARY)
                if field.unique or in_a_unique_constraint(model, field):
                    value = f"{CANARY}{row.pk}"
                try:
                    with db_transaction.atomic():
                        model._base_manager.filter(pk=row.pk).update(**{field.name: value})
                except IntegrityError:
                    refused.setdefault(model._meta.label, []).append(field.name)
    return refused


def in_a_unique_constraint(model, field) -> bool:
    together = [c.fields for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    return any(field.name in names for names in together)


# --- Looking ----------------------------------------------------------------------------------


def dump() -> dict[str, str]:
    """{table: all its content}, and the files, in lowercase."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = [
                [bytes(value) if isinstance(value, memoryview) else value for value in row]
                for row in cursor.fetchall()
            ]
            found[table] = repr(rows).lower()
    for path in Path(settings.DATA_DIR).rglob("*"):
        if path.is_file():
            found[str(path)] = path.read_bytes().decode("latin-1").lower()
    found["cache"] = repr(getattr(cache, "_cache", {})).lower()
    return found


def places_of(word: str) -> list[str]:
    return sorted(place for place, content in dump().items() if word.lower() in content)
