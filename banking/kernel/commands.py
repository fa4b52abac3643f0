"""Commands that run again when the database could not let two of them happen at once.

A deadlock, a serialization failure or a lock timeout undoes a whole transaction, so the
outermost command simply starts again: a few times, after a random pause. The pause grows with how
long the attempt took, since on a busy machine the other command needs longer, too. A lost
connection undoes it as well, unless it broke during COMMIT: then nobody knows, and only a command
with an idempotency key may start again. Inside another transaction nothing is repeated.
"""

import random
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

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
# The first pause is as long as the attempt took, within these bounds. Each further one may be
# twice as long.
FIRST_PAUSE_SECONDS = (0.02, 0.5)
MOST_PAUSE_SECONDS = 4

retries = Counter("database_command_retries", "Commands that ran again, by reason.", ["reason"])


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
        with db_transaction.atomic():
            return work(is_again=False)
    attempt = 0
    while True:
        attempt += 1
        progress, started = _Progress(), time.monotonic()
        try:
            with db_transaction.atomic():
                db_transaction.on_commit(progress.note_commit)
                result = work(is_again=attempt > 1)
                progress.is_committing = True
            return result
        except (OperationalError, InterfaceError) as error:
            reason = _reason(error)
            if attempt >= TRIES.get(reason, 1) or not _is_undone(progress, reason, is_idempotent):
                raise
            retries.labels(reason).inc()
            time.sleep(_pause(attempt, took=time.monotonic() - started))


def _pause(attempt: int, *, took: float) -> float:
    """Seconds to wait after an attempt that took so many: the others need as many to finish."""
    least, most = FIRST_PAUSE_SECONDS
    first = min(max(took, least), most)
    longest = min(first * 2**attempt, MOST_PAUSE_SECONDS)
    return random.uniform(first / 2, longest)  # noqa: S311 - not a secret


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
