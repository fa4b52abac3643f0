"""Values kept in the cache with the state they were made from: one per key, the latest.

Without a cache, as in an outage, each is made anew.
"""

import pickle
import zlib
from collections.abc import Iterable
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

# Pages shrink to a sixth in a millisecond, and leave room for the counters of rate limits.
_QUICKLY = 1


def recall(key: str, state: str) -> Any:
    """The value kept under this key if it was made from this state, or None.

    The state names the build, so that what another one kept is never read.
    """
    try:
        kept = cache.get(key)
    except (RedisError, OSError):
        return None
    if kept is None or kept[0] != state:
        return None
    # Our own cache, where Django pickles too.
    return pickle.loads(zlib.decompress(kept[1]))  # noqa: S301  # nosec B301


def keep(key: str, state: str, value: Any, seconds: int) -> None:
    """Keep the value in place of any earlier one."""
    packed = zlib.compress(pickle.dumps(value), _QUICKLY)
    try:
        cache.set(key, (state, packed), seconds)
    except (RedisError, OSError):
        return


def forget(keys: Iterable[str]) -> None:
    """Remove these keys' values."""
    try:
        cache.delete_many(list(keys))
    except (RedisError, OSError):
        return
