"""Which uses of one refresh token overlap: what tells requests of one moment from a thief's.

Kept in the store of counts for ten seconds. Without it nothing overlaps, which is the strict side.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from time import time

from django.core.cache import cache
from redis.exceptions import RedisError

# Nobody waits longer for an answer.
REMEMBERED_SECONDS = 10
_UNKNOWN = (RedisError, OSError, ValueError)


class Attempt:
    """One use of a token, while it is in work."""

    def __init__(self, token_hash: str) -> None:
        self._in_work = f"refresh-in-work:{token_hash}"
        self._ended = f"refresh-ended:{token_hash}"

    def overlaps(self, began: datetime) -> bool:
        """Whether another use is in work now, or ended after this one began."""
        try:
            last_end = cache.get(self._ended, 0.0)
            return last_end >= began.timestamp() or cache.get(self._in_work, 0) > 1
        except _UNKNOWN:
            return False

    def begin(self) -> None:
        with suppress(*_UNKNOWN):
            cache.add(self._in_work, 0, timeout=REMEMBERED_SECONDS)
            cache.incr(self._in_work)

    def end(self) -> None:
        with suppress(*_UNKNOWN):
            cache.set(self._ended, time(), timeout=REMEMBERED_SECONDS)
            cache.decr(self._in_work)


@contextmanager
def attempt_of(token_hash: str) -> Iterator[Attempt]:
    """Count a use as being in work until the block ends."""
    attempt = Attempt(token_hash)
    attempt.begin()
    try:
        yield attempt
    finally:
        attempt.end()
