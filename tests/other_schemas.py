"""A pytest plugin for `make matrix`: the tests run on another form of the same schema.

`TEST_SCHEMA` is "large-ids", as databases of several servers hand them out, or "not-deferrable",
for databases that check each foreign key at once. PostgreSQL only.
"""

import os
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

# JavaScript's numbers are exact up to 2^53.
FIRST_ID = 2**53 + 1


@pytest.fixture(scope="session", autouse=True)
def _other_schema(django_db_setup, django_db_blocker) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for statement in list(SCHEMAS[os.environ["TEST_SCHEMA"]](cursor)):
            cursor.execute(statement)


def _large_ids(cursor) -> Iterator[str]:
    cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
    for (name,) in cursor.fetchall():
        yield f'ALTER SEQUENCE "{name}" AS bigint START WITH {FIRST_ID} RESTART WITH {FIRST_ID}'


def _not_deferrable(cursor) -> Iterator[str]:
    cursor.execute(
        "SELECT conrelid::regclass, quote_ident(conname) FROM pg_constraint"
        " WHERE condeferrable AND contype = 'f'"
    )
    for table, name in cursor.fetchall():
        yield f"ALTER TABLE {table} ALTER CONSTRAINT {name} NOT DEFERRABLE"


SCHEMAS: dict[str, Callable[..., Iterator[str]]] = {
    "large-ids": _large_ids,
    "not-deferrable": _not_deferrable,
}
