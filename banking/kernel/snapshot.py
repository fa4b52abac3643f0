"""Consistent reads for pages that combine several queries.

Under READ COMMITTED a page that sums balances in one query and rows in another shows totals that
never existed while transfers run. Inside `read_snapshot()` every read goes to the read-only alias,
in one REPEATABLE READ (PostgreSQL) or DEFERRED (SQLite) transaction.

With a replica, the snapshots of pages are its own while it keeps up (banking/kernel/replica.py).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connections
from django.db import transaction as db_transaction
from django.http import HttpRequest

from banking.kernel import replica


@dataclass(frozen=True)
class _Snapshot:
    """The alias that is read, and what readers keep until the snapshot ends."""

    alias: str
    kept: dict[str, list[Any]] = field(default_factory=dict)


# The snapshot that is open; None outside.
_inside: ContextVar[_Snapshot | None] = ContextVar("read_snapshot", default=None)


@contextmanager
def read_snapshot(*, takes_time: bool = False) -> Iterator[str]:
    """Run all reads in the block on one snapshot, of the alias it yields; the database refuses
    writes. Checks of everything take more time than a page may.
    """
    opened = _inside.get()
    if opened is not None:
        yield opened.alias
        return
    alias = replica.ALIAS if replica.may_be_read() else settings.SNAPSHOT_ALIAS
    token = _inside.set(_Snapshot(alias))
    try:
        with db_transaction.atomic(using=alias):
            if takes_time:
                lift_time_limits(alias)
            yield alias
    finally:
        _inside.reset(token)


def snapshot_to_show(request: HttpRequest) -> AbstractContextManager[Any]:
    """A snapshot for a request that only shows. What is read in one must not be written."""
    is_safe = request.method in ("GET", "HEAD")
    return read_snapshot() if is_safe else nullcontext()


def lift_time_limits(alias: str) -> None:
    """Let statements, and pauses between them, take any time until this transaction ends."""
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def is_open() -> bool:
    """Whether a snapshot is."""
    return _inside.get() is not None


def read_before(kind: str) -> list[Any]:
    """What readers of this kind kept in the open snapshot, for them to add to.

    A snapshot answers every question the same each time, so nothing in it is read twice. Outside of
    a snapshot the list is new at each call.
    """
    snapshot = _inside.get()
    return [] if snapshot is None else snapshot.kept.setdefault(kind, [])


class SnapshotRouter:
    """Routes reads to the snapshot's connection while one is open."""

    def db_for_read(self, model: type, **hints: Any) -> str | None:
        snapshot = _inside.get()
        return None if snapshot is None else snapshot.alias

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db in ("snapshot", replica.ALIAS) else None
