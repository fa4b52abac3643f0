"""Which errors mean "not now": the service answers 503, and nothing was changed."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, InternalError, OperationalError

# PostgreSQL's code for a change on a read-only server, such as a standby after a fail-over.
READ_ONLY = "25006"
LOCK_NOT_AVAILABLE = "55P03"
# No space on the disk for an upload or a temporary file, or no more for this process.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StaleSnapshotError(OperationalError):
    """Another transaction has added the row, but ours began before that and cannot see it. This
    happens under SERIALIZABLE; starting again helps.
    """


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of a Django database error; empty if it has none."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def is_outage(error: BaseException | None) -> bool:
    """Whether the database is away, frozen, busy, full or read-only, or the disk is full."""
    if isinstance(error, OSError):
        return error.errno in FULL
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, InternalError) and sqlstate(error) == READ_ONLY


def is_lock_wait(error: BaseException) -> bool:
    """Whether a statement gave up waiting for a lock."""
    return sqlstate(error) == LOCK_NOT_AVAILABLE or "database is locked" in str(error)


@contextmanager
def if_possible() -> Iterator[None]:
    """Do what a page can do without: in an outage of changes it can still be read."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        if not is_outage(error):
            raise
