"""When pages may be read from a replica: a PostgreSQL that follows the one with the changes.

A page never shows less than was committed when it was asked for, by whomever. So before each
snapshot we ask the primary how far its log goes and wait a moment until the replica has replayed as
much. If it has not, the snapshot is the primary's, and for a second this process does not ask
again. Commands and jobs never read the replica.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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

_reads_page: ContextVar[bool] = ContextVar("reads_page", default=False)


class _Rest:
    """Until when this process does without the replica; shared by its threads."""

    until = 0.0


@contextmanager
def page_reads(*, is_read: bool) -> Iterator[None]:
    """Whether snapshots in the block belong to a page that changes nothing."""
    token = _reads_page.set(is_read)
    try:
        yield
    finally:
        _reads_page.reset(token)


def may_be_read() -> bool:
    """Whether the next snapshot may be the replica's: it shows all that is committed by now."""
    if ALIAS not in settings.DATABASES or not _reads_page.get():
        return False
    is_current = monotonic() >= _Rest.until and _catches_up()
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
    _Rest.until = monotonic() + REST_SECONDS
    return False


def _ask(alias: str, question: str, *params: str) -> Any:
    with connections[alias].cursor() as cursor:
        cursor.execute(question, params)
        return cursor.fetchone()[0]
