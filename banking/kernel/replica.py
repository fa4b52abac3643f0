"""When pages may be read from a replica: a PostgreSQL that follows the one with the changes.

A page never shows less than was committed when it was asked for, by whomever. So before each
snapshot we ask the primary how far its log goes and wait a moment until the replica has replayed as
much. If it has not, the snapshot is the primary's, and for a second this process does not ask
again. Commands and jobs never read the replica.

A page whose replica is lost in the middle is made again from the primary: it changes nothing, and
nothing of it was sent.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from banking.kernel.counters import page_snapshots

ALIAS = "replica"
CATCH_UP_SECONDS, LOOK_SECONDS = 0.05, 0.005
REST_SECONDS = 1
# What is acknowledged is flushed. A standby, after a fail-over, has no log of its own.
_END_OF_LOG = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END::text"
_HAS_REPLAYED = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn"


@dataclass
class Reading:
    """Whether snapshots may be read from the replica, and whether one was."""

    is_allowed: bool
    was_done: bool = False


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)


class _Rest:
    """Until when this process does without the replica; shared by its threads."""

    until = 0.0


@contextmanager
def page_reads(*, is_read: bool) -> Iterator[Reading]:
    """Whether snapshots in the block belong to a page that changes nothing."""
    reading = Reading(is_read)
    token = _reading.set(reading)
    try:
        yield reading
    finally:
        _reading.reset(token)


def may_be_read() -> bool:
    """Whether the next snapshot may be the replica's: it shows all that is committed by now."""
    reading = _reading.get()
    if ALIAS not in settings.DATABASES or reading is None or not reading.is_allowed:
        return False
    is_current = monotonic() >= _Rest.until and _catches_up()
    reading.was_done |= is_current
    page_snapshots.labels(ALIAS if is_current else "primary").inc()
    return is_current


def _catches_up() -> bool:
    try:
        end = _ask("default", _END_OF_LOG)
        deadline = monotonic() + CATCH_UP_SECONDS
        while end:
            if _ask(ALIAS, _HAS_REPLAYED, end):
                return True
            if monotonic() > deadline:
                break
            time.sleep(LOOK_SECONDS)
    except (DatabaseError, InterfaceError):
        # Of the two, the primary's outage shows at its next query.
        connections[ALIAS].close()
    rest()
    return False


def rest() -> None:
    """Do without the replica for a moment."""
    _Rest.until = monotonic() + REST_SECONDS


def _ask(alias: str, question: str, *params: str) -> Any:
    with connections[alias].cursor() as cursor:
        cursor.execute(question, params)
        return cursor.fetchone()[0]
