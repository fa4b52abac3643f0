"""A command with an Idempotency-Key takes effect at most once and always gets the same response.

The key is written in the command's own transaction, so effect and key are committed together or not
at all. A concurrent duplicate waits at the unique index.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError
from django.db import transaction as db_transaction

from banking.kernel.bulk import insert_if_new
from banking.kernel.commands import in_one_commit
from banking.kernel.outages import StaleSnapshotError, is_lock_wait
from banking.limits import IDEMPOTENCY_KEYS_FOR
from users.models import IdempotentCommand, User

Answer = tuple[int, Any]


class Outcome(NamedTuple):
    """The outcome of a command, computed now or stored earlier under its key."""

    status: int
    data: Any
    is_replay: bool = False


class KeyReusedError(Exception):
    """The key was used before with a different body, so no response would be right."""


class CommandRunningError(Exception):
    """A duplicate holds the key and has not finished within the database's lock timeout."""


def run_once(
    *,
    user: User,
    key: str,
    body: Any,
    command: Callable[[], Answer],
    refusal: Callable[[Exception], Answer | None] = lambda error: None,
) -> Outcome:
    """Run `command` and store its response under (user, key); a repetition gets the stored
    response.

    An exception also rolls the key back, so that the command can be retried, unless
    `refusal(exception)` turns it into a response: then only its effects are rolled back and the
    response is stored. Without a key the command simply runs, atomically.
    """

    def run(*, is_again: bool) -> Outcome:
        if not key:
            return Outcome(*command())
        row, is_new = _claim(user, key, body_hash(body))
        if is_new:
            row.status_code, answer = _run(command, refusal)
            row.response = plain(answer)
            row.save(update_fields=["status_code", "response"])
        return Outcome(row.status_code, row.response, not is_new)

    return in_one_commit(run, is_idempotent=bool(key))


def is_kept(user: User, key: str) -> bool:
    """Whether a command with this key already has a stored response."""
    return bool(key) and IdempotentCommand.objects.filter(user=user, key=key).exists()


def body_hash(body: Any) -> str:
    """A digest of the body's content, independent of the order of its keys."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(answer: Any) -> Any:
    """The response after a JSON round trip, so that the first caller and
    repetitions get the same.
    """
    return json.loads(json.dumps(answer, cls=DjangoJSONEncoder))


def forget_old_commands(*, at: datetime) -> int:
    """Delete expired keys."""
    return IdempotentCommand.objects.filter(created_at__lt=at - IDEMPOTENCY_KEYS_FOR).delete()[0]


def _claim(user: User, key: str, digest: str) -> tuple[IdempotentCommand, bool]:
    row = IdempotentCommand(user=user, key=key, body_hash=digest)
    try:
        if insert_if_new(row):
            return row, True
    except OperationalError as error:
        if is_lock_wait(error):
            raise CommandRunningError from error
        raise
    # The duplicate has committed; otherwise the insert would still be waiting.
    found = IdempotentCommand.objects.filter(user=user, key=key).first()
    if found is None:
        raise StaleSnapshotError
    if found.body_hash != digest:
        raise KeyReusedError
    return found, False


def _run(command: Callable[[], Answer], refusal: Callable[[Exception], Answer | None]) -> Answer:
    try:
        with db_transaction.atomic():
            return command()
    except Exception as error:
        answer = refusal(error)
        if answer is None:
            raise
        return answer
