"""Values kept in the cache with the state they were made from: one per key, the latest.

Without a cache, as in an outage, each is made anew.
"""

from collections.abc import Iterable
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError


def recall(key: str, state: str) -> Any:
    """The value kept under this key if it was made from this state, or None."""
    try:
        kept = cache.get(key)
    except (RedisError, OSError):
        return None
    return kept[1] if kept is not None and kept[0] == state else None


def keep(key: str, state: str, value: Any, seconds: int) -> None:
    """Keep the value in place of any earlier one."""
    try:
        cache.set(key, (state, value), seconds)
    except (RedisError, OSError):
        return


def forget(keys: Iterable[str]) -> None:
    """Remove these keys' values."""
    try:
        cache.delete_many(list(keys))
    except (RedisError, OSError):
        return
