"""Rate limits, counted in a store shared by all processes.

A limit allows `count` uses of a key in a window of `seconds`, which starts with the first use. On
Redis one script counts and starts the window, so that parallel requests cannot slip through between
reading and writing; the in-memory cache of tests counts under its own lock.
"""

import hashlib
import logging
import secrets
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from banking.kernel.counters import rate_limit_refusals
from banking.kernel.django_private import has_redis, redis_client
from banking.limits import FORGIVEN_SECONDS

logger = logging.getLogger(__name__)

# For these limits, all counts of one subject (the key's first word) can be reset together.
FORGIVABLE = {"sign-in-account", "sign-in-everywhere"}
# If the store fails, these limits refuse everyone; others let requests pass, so the bank keeps
# running.
FAIL_CLOSED = {
    *("sign-in-account", "sign-in-everywhere", "sign-in-address", "sign-in-network"),
    *("otp", "passkey"),
}

_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('TTL', KEYS[1])}
"""
_GIVE_BACK = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"


class LimitReachedError(Exception):
    """Too many uses; `is_first` is set for the first use above the limit."""

    def __init__(self, retry_after: int, *, is_first: bool = False) -> None:
        self.retry_after = max(1, retry_after)
        self.is_first = is_first
        super().__init__(f"Too many attempts. Try again in {_in_words(self.retry_after)}.")


class LimitsUnavailableError(Exception):
    """The store of counts is unavailable, and this operation must not run without it."""

    def __init__(self) -> None:
        super().__init__("You can't sign in right now. Try again in a minute.")


def consume(name: str, key: str | None) -> None:
    """Count one use of settings.RATE_LIMITS[name] by `key`; raise if it exceeds the limit."""
    rate = settings.RATE_LIMITS[name]
    if rate is not None:
        limit(name, key or "unknown", *rate)


def limit(name: str, key: str, count: int, seconds: int) -> None:
    """Count one use of `name` by `key`; raise LimitReachedError above `count` in `seconds`."""
    try:
        used, left = _use(_cache_key(name, key), seconds)
    except (RedisError, OSError) as error:
        if name in FAIL_CLOSED:
            raise LimitsUnavailableError from error
        logger.warning("rate limit %s is not counted: %s", name, type(error).__name__)
        return
    if used > count:
        rate_limit_refusals.labels(name).inc()
        raise LimitReachedError(left, is_first=used == count + 1)


def give_back(name: str, key: str | None) -> None:
    """Undo one use: a right password is not a failure."""
    try:
        full_key = _cache_key(name, key or "unknown")
        if has_redis():
            redis_client(full_key).eval(_GIVE_BACK, 1, full_key)
        else:
            cache.decr(full_key)
    except ValueError:
        pass  # The window has ended in the meantime.
    except (RedisError, OSError) as error:
        logger.warning("rate limit %s is not given back: %s", name, type(error).__name__)


def forgive(name: str, subject: str) -> None:
    """Reset every count of a subject; raises LimitsUnavailableError without the store."""
    if name not in FORGIVABLE:
        raise ValueError(f"{name} is not counted by subject")
    try:
        cache.set(_generation_key(name, subject), secrets.token_hex(4), FORGIVEN_SECONDS)
    except (RedisError, OSError) as error:
        raise LimitsUnavailableError from error


def _cache_key(name: str, key: str) -> str:
    if name in FORGIVABLE:
        key += cache.get(_generation_key(name, key.partition(" ")[0]), "")
    return cache.make_key(f"limit:{name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}")


def _generation_key(name: str, subject: str) -> str:
    return f"limit-generation:{name}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"


def _use(full_key: str, seconds: int) -> tuple[int, int]:
    """(uses in this window, seconds until it ends)"""
    if has_redis():
        used, left = redis_client(full_key).eval(_COUNT, 1, full_key, seconds)
        return used, left
    now = time.time()
    ends_at: Any = cache.get_or_set(f"{full_key}:end", now + seconds, seconds)
    cache.add(full_key, 0, seconds)
    return cache.incr(full_key), int(ends_at - now) + 1


def _in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds" if seconds != 1 else "a second"
    minutes = -(-seconds // 60)
    return f"{minutes} minutes" if minutes < 90 else f"{-(-minutes // 60)} hours"
