"""Commands that run again when the database could not let two of them happen at once.

A deadlock, a serialization failure or a lock timeout undoes a whole transaction, so the
outermost command simply starts again: a few times, after a short random pause, and at last alone.
A lost connection undoes it as well, unless it broke during COMMIT: then nobody knows, and only a
command with an idempotency key may start again. Inside another transaction nothing is repeated.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, connection
from django.db import transaction as db_transaction
from django.db.models import QuerySet
from prometheus_client import Counter

from banking.kernel.outages import LOCK_NOT_AVAILABLE, StaleSnapshotError, sqlstate

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

LOST = "connection lost"
REASONS = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    LOCK_NOT_AVAILABLE: "lock timeout",
    "": LOST,
    # The server or an operator ended the connection.
    **dict.fromkeys(("57P01", "57P02", "57P03", "08003", "08006"), LOST),
}
# How often a command runs at most. Who waited for a lock has waited long already.
TRIES = {"serialization failure": 10, "deadlock": 5, "lock timeout": 2, LOST: 2}
# After so many serialization failures a command keeps the others from starting. Otherwise it could
# lose every time on a busy machine: its snapshot is old by the time its turn comes.
FAILURES_BEFORE_ALONE = 3
PAUSE_SECONDS = 0.02
MOST_PAUSE_SECONDS = 1

retries = Counter("database_command_retries", "Commands that ran again, by reason.", ["reason"])


# The table in which commands lock rows first. Its app names it at startup.
_contended: list[str] = []


def contend_for(table: str) -> None:
    """Name the table in which commands lock rows before they write anything."""
    _contended[:] = [table]


class _Progress:
    """How far one attempt has come."""

    is_committing = False
    is_committed = False

    def note_commit(self) -> None:
        self.is_committed = True


def command(service: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A service in one transaction, which runs again if the database undid it.

    A further attempt evaluates querysets anew. With an iterator, which can be read only once,
    there is one attempt.
    """

    @wraps(service)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        def work(*, is_again: bool) -> Result:
            if not is_again:
                return service(*args, **kwargs)
            named: dict[str, Any] = {name: _fresh(value) for name, value in kwargs.items()}
            again: Callable[..., Result] = service
            return again(*map(_fresh, args), **named)

        values = (*args, *kwargs.values())
        if any(isinstance(value, Iterator) for value in values):
            with db_transaction.atomic():
                return service(*args, **kwargs)
        return in_one_commit(work)

    return run


class Work(Protocol[Result_co]):
    """What to do in one transaction; `is_again` in every attempt but the first."""

    def __call__(self, *, is_again: bool) -> Result_co: ...


def in_one_commit(work: Work[Result], *, is_idempotent: bool = False) -> Result:
    """Run `work` in a transaction, again if the database undid it and no one has begun an outer
    one. `is_idempotent`: a second run of a finished `work` has no second effect.
    """
    if connection.in_atomic_block:
        with db_transaction.atomic(), _errors_told():
            return work(is_again=False)
    attempt, reason = 0, ""
    while True:
        attempt += 1
        progress = _Progress()
        try:
            with db_transaction.atomic():
                db_transaction.on_commit(progress.note_commit)
                if attempt > FAILURES_BEFORE_ALONE and reason == REASONS["40001"]:
                    _keep_others_out()
                with _errors_told():
                    result = work(is_again=attempt > 1)
                progress.is_committing = True
            return result
        except (OperationalError, InterfaceError) as error:
            reason = _reason(error)
            if attempt >= TRIES.get(reason, 1) or not _is_undone(progress, reason, is_idempotent):
                raise
            retries.labels(reason).inc()
            longest = min(PAUSE_SECONDS * 2**attempt, MOST_PAUSE_SECONDS)
            time.sleep(random.uniform(PAUSE_SECONDS / 2, longest))  # noqa: S311 - not a secret


@contextmanager
def _errors_told() -> Iterator[None]:
    """Django takes any database error while it checks a constraint for a broken constraint, and so
    a lost connection would refuse a right payment. Raise OperationalError instead.
    """
    had_errors, connection.errors_occurred = connection.errors_occurred, False
    try:
        yield
    except ValidationError as error:
        if connection.errors_occurred:
            raise OperationalError("The database failed while it checked a constraint.") from error
        raise
    finally:
        connection.errors_occurred |= had_errors


def _keep_others_out() -> None:
    """Wait for the commands that hold locks in that table, and let no other one lock rows there
    until this one is over. LOCK takes no snapshot, so this transaction's is taken after the wait.
    """
    with connection.cursor() as cursor:
        for table in _contended:
            cursor.execute(f"LOCK TABLE {connection.ops.quote_name(table)} IN EXCLUSIVE MODE")


def _fresh(value: Any) -> Any:
    return value.all() if isinstance(value, QuerySet) else value


def _reason(error: Exception) -> str:
    """Why the database undid the transaction; empty if trying again would not help."""
    if connection.vendor != "postgresql":
        # SQLite's writers take turns, and each has waited for its turn already.
        return ""
    if isinstance(error, StaleSnapshotError):
        return REASONS["40001"]
    return REASONS.get(sqlstate(error), "")


def _is_undone(progress: _Progress, reason: str, is_idempotent: bool) -> bool:
    if progress.is_committed:
        return False
    return is_idempotent or reason != LOST or not progress.is_committing
