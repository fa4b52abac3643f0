"""The private parts of Django and of its REST framework that we use: here and nowhere else.

tests/test_private_parts.py names the versions this was written for. On another version look at each
of them again, then change the number there.
"""

from typing import Any, cast

from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCache
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request


def has_redis() -> bool:
    """Whether the cache is a Redis, and can run a script."""
    return isinstance(caches["default"], RedisCache)


def redis_client(full_key: str) -> Any:
    """The client of the Redis behind the cache: Django's cache has no way to run a script."""
    return cast(Any, cache)._cache.get_client(full_key, write=True)


def delete_at_once(rows: QuerySet[Any]) -> int:
    """Delete rows in one statement, reading none of them: for tables without dependents left."""
    return cast(Any, rows)._raw_delete(rows.db) or 0


def django_request(request: Request) -> HttpRequest:
    """The request that DRF has wrapped, for functions that know Django's only."""
    return request._request
