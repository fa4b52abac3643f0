"""`manage.py migrate`, which also installs the schedule's defaults (banking/beat.py).

Only one runs at a time on PostgreSQL: with several containers starting at once, the others wait,
and then find nothing left to do. (Not behind a pooler in transaction mode, which cannot keep a
lock: there, let one migrate before the others start.)
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections
from django_celery_beat.models import PeriodicTask

from banking.beat import install_schedule

# A migration of a large table may take longer than a page, but never waits longer for a lock.
PAGE_LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")
# Any number, the same in every process.
LOCK = 7_309_452_118
WAIT_SECONDS = 600


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with alone(options["database"]):
            super().handle(*args, **options)
        only_looks = options["plan"] or options["check_unapplied"]
        if only_looks or options["database"] != DEFAULT_DB_ALIAS:
            return
        # After a backward migration (`migrate app zero`) its table may not exist.
        tables = connections[DEFAULT_DB_ALIAS].introspection.table_names()
        if PeriodicTask._meta.db_table in tables:
            install_schedule()


@contextmanager
def alone(alias: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Wait until no other process migrates this database, and lift the time limits of pages.

    Raises CommandError after a while.
    """
    connection = connections[alias]
    if connection.vendor != "postgresql" or connection.settings_dict.get("POOLED"):
        yield
        return
    deadline = time.monotonic() + wait_seconds
    with connection.cursor() as cursor:
        while not _answer(cursor, "SELECT pg_try_advisory_lock(%s)"):
            if time.monotonic() >= deadline:
                raise CommandError("Another process is migrating this database. Try again later.")
            time.sleep(0.5)
        limits = {name: _limit(cursor, name, "0") for name in PAGE_LIMITS}
    try:
        yield
    finally:
        # A connection that was lost has given the lock back itself.
        with connection.cursor() as cursor:
            for name, limit in limits.items():
                _limit(cursor, name, limit)
            _answer(cursor, "SELECT pg_advisory_unlock(%s)")


def _answer(cursor: Any, statement: str) -> bool:
    cursor.execute(statement, [LOCK])
    return bool(cursor.fetchone()[0])


def _limit(cursor: Any, name: str, limit: str) -> str:
    """Set a limit of this connection; returns the one before."""
    cursor.execute("SELECT current_setting(%s)", [name])
    before: str = cursor.fetchone()[0]
    cursor.execute("SELECT set_config(%s, %s, false)", [name, limit])
    return before
