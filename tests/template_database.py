"""Test databases are copies of one migrated database, because migrating takes five seconds on
SQLite and longer on PostgreSQL.

On SQLite the template is a file in the machine's temporary folder, on PostgreSQL a database of the
same server. Its name is a hash of everything migrations depend on, so a changed migration or
package creates a new one.
"""

import contextlib
import fcntl
import hashlib
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

FOLDER = Path(tempfile.gettempdir()) / f"banking-test-databases-{os.getuid()}"
# What migrations and post-migrate handlers read, besides the migrations themselves.
_READ_BY_MIGRATE = ("**/migrations/*.py", "**/models.py", "**/models/*.py", "**/predefined.py")
_READ_BY_MIGRATE += ("banking/*.py", "banking/kernel/fields.py", "users/audit/*.py")


class Template:
    """The migrated template database for this code. The first process locks and creates it."""

    def __init__(self) -> None:
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        self._engine = Files() if connection.vendor == "sqlite" else Databases()
        self._lock: IO[str] | None = None

    def copy_to_test_database(self) -> bool:
        """Copy the template and return whether it existed. If not, other processes wait until
        `keep` or our exit.
        """
        self._lock = (FOLDER / f"{self._engine.name}.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if not self._engine.exists():
            return False
        self._engine.copy()
        self._release()
        return True

    def keep(self) -> None:
        """Store the freshly migrated test database as the template, unless there is one."""
        if self._lock is not None:
            self._engine.keep()
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


class Files:
    """Templates on SQLite."""

    def __init__(self) -> None:
        self.name = _fingerprint()
        self.path = FOLDER / f"{self.name}.sqlite3"
        self.test_database = Path(settings.DATABASES["default"]["TEST"]["NAME"])

    def exists(self) -> bool:
        return self.path.exists()

    def copy(self) -> None:
        self.test_database.parent.mkdir(parents=True, exist_ok=True)
        copy_sqlite(self.path, self.test_database)

    def keep(self) -> None:
        with contextlib.suppress(OSError):
            unfinished = self.path.with_suffix(f".{os.getpid()}")
            copy_sqlite(self.test_database, unfinished)
            unfinished.rename(self.path)
            _forget_old()


class Databases:
    """Templates on a PostgreSQL server."""

    def __init__(self) -> None:
        database = connection.settings_dict
        self.name = f"template_{database['PORT']}_{_fingerprint()}"
        self.test_database = database["TEST"]["NAME"] or f"test_{database['NAME']}"
        self._server = {
            "host": database["HOST"],
            "port": database["PORT"],
            "user": database["USER"],
            "password": database["PASSWORD"],
            "dbname": "postgres",
        }

    def exists(self) -> bool:
        return self._run("SELECT FROM pg_database WHERE datname = %s", [self.name]) == 1

    def copy(self) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(self.test_database)))
        self._run(_create(self.test_database, self.name))

    def keep(self) -> None:
        # A database that is in use cannot be copied.
        connection.close()
        # A pooler keeps it in use; then every process migrates its own.
        with contextlib.suppress(psycopg.errors.ObjectInUse):
            self._run(_create(self.name, self.test_database))

    def _run(self, statement: Any, params: Sequence[str] = ()) -> int:
        with psycopg.connect(**self._server, autocommit=True) as server:
            return server.execute(statement, params).rowcount


def _create(name: str, template: str) -> sql.Composed:
    names = sql.Identifier(name), sql.Identifier(template)
    return sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database that connections of this process may be using.

    Through SQLite: whoever closes a file of its own on the database takes the locks of the whole
    process with it. The next process to leave then removes the write-ahead log under our feet.
    """
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source)) as origin,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        origin.backup(copy)


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in _sources():
        digest.update(str(file.relative_to(settings.BASE_DIR)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _sources() -> Iterator[Path]:
    root = settings.BASE_DIR
    yield root / "requirements.txt"
    apps = sorted(folder for folder in root.iterdir() if (folder / "apps.py").exists())
    for folder in (*apps, root / "banking"):
        for pattern in _READ_BY_MIGRATE:
            base = root if pattern.startswith(("banking/", "users/")) else folder
            yield from sorted(base.glob(pattern))


def _forget_old(most: int = 12) -> None:
    """Keep only the newest few templates; branches come and go."""
    files = sorted(FOLDER.glob("*.sqlite3"), key=lambda file: file.stat().st_mtime)
    for file in files[:-most]:
        file.unlink(missing_ok=True)
