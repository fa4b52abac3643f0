"""The Redis cache, which remembers for a moment that its server is away.

A frozen Valkey holds every command until its time-out. A page has several, so after the first one
fails, the process asks no more for some seconds: the others fail at once.
"""

from functools import cached_property
from time import monotonic
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import TimeoutError as SilentError

from banking.kernel.counters import cache_failures

AWAY_SECONDS = 5


class BreakingRedis(redis.Redis):
    """Redis's client. While its server is away, each command fails without a wait."""

    # By address; shared by the threads of this process.
    away_until: dict[tuple[Any, ...], float] = {}

    def execute_command(self, *args: Any, **options: Any) -> Any:
        pool = self.connection_pool
        server = pool.connection_kwargs
        # Sentinels know the primary's address; the service has a name.
        service = getattr(pool, "service_name", None)
        address = (server.get("path"), server.get("host"), server.get("port"), service)
        if monotonic() < self.away_until.get(address, 0):
            cache_failures.labels("spared").inc()
            raise LostError("The cache did not answer a moment ago.")
        try:
            client: Any = super()
            return client.execute_command(*args, **options)
        except (LostError, SilentError):
            cache_failures.labels("unanswered").inc()
            self.away_until[address] = monotonic() + AWAY_SECONDS
            raise


class _Client(RedisCacheClient):
    """Django's, which would make a client for each command: a quarter of a millisecond.

    Each thread has its own. A client holds no connection, and its pool opens new ones after a fork.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._client = BreakingRedis

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._only_client

    @cached_property
    def _only_client(self) -> Any:
        # A cache has one address (banking/kernel/stores.py).
        return super().get_client(write=True)


class BreakingCache(RedisCache):
    """Django's Redis cache with our client."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
