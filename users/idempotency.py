"""A command with an Idempotency-Key takes effect at most once, and answers the same each time.

The key is written in the command's own transaction: an effect without its key, or a key without
its effect, cannot be committed. A twin that comes meanwhile waits at the unique index.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError
from django.db import transaction as db_transaction

from banking.limits import IDEMPOTENCY_KEYS_FOR
from users.models import IdempotentCommand, User

Answer = tuple[int, Any]


class Outcome(NamedTuple):
    """What a command answered, now or when its key first came."""

    status: int
    data: Any
    is_replay: bool = False


class KeyReusedError(Exception):
    """The key came before, with another body: answering either way would be a guess."""


class CommandRunningError(Exception):
    """A twin holds the key and has not finished within the database's lock timeout."""


def run_once(
    *,
    user: User,
    key: str,
    body: Any,
    command: Callable[[], Answer],
    refusal: Callable[[Exception], Answer | None] = lambda error: None,
) -> Outcome:
    """Run `command` and keep its answer under (user, key); a repetition gets the kept answer.

    An exception rolls the key back with everything else, so that the command may be tried again,
    unless `refusal(exception)` turns it into an answer: then its effects are rolled back and the
    answer is kept. Without a key the command simply runs, atomically.
    """
    with db_transaction.atomic():
        if not key:
            return Outcome(*command())
        row, is_new = _claim(user, key, body_hash(body))
        if is_new:
            row.status_code, answer = _run(command, refusal)
            row.response = plain(answer)
            row.save(update_fields=["status_code", "response"])
        return Outcome(row.status_code, row.response, not is_new)


def is_kept(user: User, key: str) -> bool:
    """Whether a command with this key was answered already."""
    return bool(key) and IdempotentCommand.objects.filter(user=user, key=key).exists()


def body_hash(body: Any) -> str:
    """One digest for one meaning: the order of keys in a body does not count."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(answer: Any) -> Any:
    """The answer as JSON gives it back, so that the first caller sees what a repetition sees."""
    return json.loads(json.dumps(answer, cls=DjangoJSONEncoder))


def forget_old_commands(*, at: datetime) -> int:
    """Remove the keys that are older than they need to be."""
    return IdempotentCommand.objects.filter(created_at__lt=at - IDEMPOTENCY_KEYS_FOR).delete()[0]


def _claim(user: User, key: str, digest: str) -> tuple[IdempotentCommand, bool]:
    found = IdempotentCommand.objects.filter(user=user, key=key).first()
    if found is None:
        try:
            with db_transaction.atomic():
                row = IdempotentCommand(user=user, key=key, body_hash=digest)
                row.save(force_insert=True)
                return row, True
        except IntegrityError:
            # The twin was faster; it has committed, or the insert would still be waiting.
            found = IdempotentCommand.objects.get(user=user, key=key)
        except OperationalError as error:
            raise CommandRunningError from error
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
