"""Empty the test database after a transactional test, many times as fast as Django's `flush`.

`flush` truncates every table, for which PostgreSQL makes new files, and creates all content types
and permissions again. Here only the tables with rows are emptied, and what migrations filled in is
as it was before the first test.
"""

from typing import Any

from django.core.management import get_commands
from django.core.management.commands.flush import Command
from django.db import connection, transaction

from transactions.models import Category

# What no test changes.
KEPT = {"django_content_type", "auth_permission"}


class Empty(Command):
    """Stands in for `flush`, which Django's test cases call by its name."""

    def __init__(self) -> None:
        super().__init__()
        tables = connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        self._find_filled = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})"
            for table in sorted(set(tables) - KEPT)
        )
        self._predefined = list(Category.objects.order_by("pk"))

    def handle(self, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # No triggers, as with TRUNCATE: neither those of foreign keys nor our own.
                cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(self._find_filled)
            for (table,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM {quoted(table)}")
            Category.objects.bulk_create(self._predefined)


def quoted(table: str) -> str:
    return connection.ops.quote_name(table)


def replace_flush() -> None:
    """To be called once, with the migrated database."""
    get_commands()["flush"] = Empty()
