"""Copying a whole database out and in, with each engine's own tools, while it serves.

A copy and its facts (row counts, audit heads) come from one snapshot.
"""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.db import transaction as db_transaction

from banking.kernel.snapshot import lift_time_limits
from insights.backup.archive import ArchiveError

Ask = Callable[[str], list[tuple]]
# SQLite's own tables.
_SQLITE_OWN = "sqlite_"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a copy holds."""

    migrations: list[str]
    rows: dict[str, int]
    audit_heads: dict[str, list]


def copy_out(target: Path) -> Facts:
    """Write a consistent copy of the database to `target`, and return what it holds."""
    return _copy_out_sqlite(target) if _is_sqlite() else _copy_out_postgresql(target)


def copy_in(source: Path) -> None:
    """Fill the empty database from a copy, all or nothing."""
    if _is_sqlite():
        _copy_in_sqlite(source)
    else:
        _run_client(["pg_restore", "--no-owner", "--no-privileges", "--single-transaction",
                     "--exit-on-error", "--dbname", _name(), str(source)])  # fmt: skip
        with db_transaction.atomic(), connection.cursor() as cursor:
            lift_time_limits(connection.alias)
            # A restored database has no statistics, and its first queries would be planned badly.
            cursor.execute("ANALYZE")


def damage() -> str:
    """What is wrong inside the file of a SQLite database; blank if nothing, or elsewhere."""
    if not _is_sqlite():
        return ""
    # On Django's connection: constraints use functions that it adds.
    with connection.cursor() as cursor:
        [(answer,)] = _asker(cursor)("PRAGMA integrity_check(1)")
    return "" if answer == "ok" else str(answer)


def table_count() -> int:
    """The number of tables in this database."""
    return len(connection.introspection.table_names())


def facts_now() -> Facts:
    """The contents of this database."""
    with db_transaction.atomic(), connection.cursor() as cursor:
        lift_time_limits(connection.alias)
        return _facts(connection.introspection.table_names(cursor), _asker(cursor))


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _facts(tables: list[str], ask: Ask) -> Facts:
    if "django_migrations" not in tables:
        raise ArchiveError("The database has no tables of this product.")
    quote = connection.ops.quote_name
    return Facts(
        migrations=sorted(
            f"{app}.{name}" for app, name in ask("SELECT app, name FROM django_migrations")
        ),
        rows={
            table: ask(f"SELECT COUNT(*) FROM {quote(table)}")[0][0]  # noqa: S608 - from the catalog
            for table in sorted(tables)
        },
        audit_heads={
            name: [length, head]
            for name, length, head in ask("SELECT name, length, head_hash FROM users_auditchain")
        },
    )


def _asker(cursor: Any) -> Ask:
    def ask(sql: str) -> list[tuple]:
        cursor.execute(sql)
        return cursor.fetchall()

    return ask


# --- SQLite -------------------------------------------------------------------------------------


def _copy_out_sqlite(target: Path) -> Facts:
    with closing(sqlite3.connect(target)) as copy:
        # In one step, or each commit of somebody else would start the copy again.
        with closing(sqlite3.connect(f"file:{_name()}?mode=ro", uri=True, timeout=20)) as source:
            source.backup(copy)
        # A copy in one file, without a log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        tables = [
            name
            for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(_SQLITE_OWN)
        ]
        return _facts(tables, lambda sql: copy.execute(sql).fetchall())


def _copy_in_sqlite(source: Path) -> None:
    connections.close_all()
    with (
        closing(sqlite3.connect(source)) as copy,
        closing(sqlite3.connect(_name(), timeout=20)) as target,
    ):
        copy.backup(target)


# --- PostgreSQL ---------------------------------------------------------------------------------


def _copy_out_postgresql(target: Path) -> Facts:
    reader = connections[settings.SNAPSHOT_ALIAS]
    with db_transaction.atomic(using=settings.SNAPSHOT_ALIAS), reader.cursor() as cursor:
        # Counting a large database takes longer than a page may, and then we wait for pg_dump.
        lift_time_limits(settings.SNAPSHOT_ALIAS)
        ask = _asker(cursor)
        [(snapshot,)] = ask("SELECT pg_export_snapshot()")
        facts = _facts(reader.introspection.table_names(cursor), ask)
        _run_client(["pg_dump", "--format=custom", "--no-owner", "--no-privileges",
                     f"--snapshot={snapshot}", f"--file={target}", _name()])  # fmt: skip
    return facts


def _run_client(command: list[str]) -> None:
    """Run a client program of PostgreSQL; the password goes through its environment only."""
    values = connection.settings_dict
    environment = os.environ | {
        f"PG{name}": str(value)
        for name, value in (
            ("HOST", values["HOST"]),
            ("PORT", values["PORT"]),
            ("USER", values["USER"]),
            ("PASSWORD", values["PASSWORD"]),
        )
        if value
    }
    try:
        done = subprocess.run(  # noqa: S603 - a fixed list
            command, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise ArchiveError(f"{command[0]} is missing: install PostgreSQL's client.") from error
    if done.returncode:
        raise ArchiveError(f"{command[0]} failed: {done.stderr.strip()[:2000]}")
