"""The private parts of Django and DRF that we use. Import them nowhere else.

tests/test_private_parts.py pins the versions this was written for. After an upgrade, review each of
them, then change the version there.
"""

from typing import Any, cast

from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCache
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request


def has_redis() -> bool:
    """Whether the cache is Redis and can run scripts."""
    return isinstance(caches["default"], RedisCache)


def redis_client(full_key: str) -> Any:
    """The cache's Redis client: Django's cache API cannot run scripts."""
    return cast(Any, cache)._cache.get_client(full_key, write=True)


def delete_at_once(rows: QuerySet[Any]) -> int:
    """Delete rows in one statement without loading them: for tables without dependents."""
    return cast(Any, rows)._raw_delete(rows.db) or 0


def django_request(request: Request) -> HttpRequest:
    """The Django request inside a DRF request, for functions that only accept Django's."""
    return request._request
