"""The private parts of Django and DRF that we use. Import them nowhere else.

tests/test_private_parts.py pins the versions this was written for. After an upgrade, review each of
them, then change the version there.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCache
from django.db import connections
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request

Row = TypeVar("Row")


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


@dataclass(frozen=True)
class Statement:
    """A query's text as Django wrote it, its parameters, and how its rows are read."""

    sql: str
    params: tuple[Any, ...]
    compiler: Any


def statement_of(rows: QuerySet[Any, Any]) -> Statement:
    """Have the statement written. Raises EmptyResultSet if it could find nothing."""
    compiler = cast(Any, rows.query).get_compiler(rows.db)
    sql, params = compiler.as_sql()
    # A connection belongs to one thread; whoever reads has their own.
    compiler.connection = None
    return Statement(sql, tuple(params), compiler)


def with_statement(
    rows: QuerySet[Any, Row], statement: Statement, params: Sequence[Any]
) -> QuerySet[Any, Row]:
    """The same query set, to be read with this statement and parameters. Only read it: a copy of
    it would have the same statement.
    """
    compiler = copy(statement.compiler)
    compiler.as_sql = lambda *args, **kwargs: (statement.sql, tuple(params))
    return _compiled_by(compiler, rows)


def column_types(statement: Statement) -> list[str]:
    """What type of field each of the statement's columns has."""
    return [
        column.output_field.get_internal_type()
        for column, _sql, _alias in statement.compiler.select
    ]


def with_rows(
    rows: QuerySet[Any, Row], statement: Statement, found: list[tuple[Any, ...]]
) -> QuerySet[Any, Row]:
    """The same query set, to be read from these rows of the statement. Only read it."""
    compiler = copy(statement.compiler)
    compiler.execute_sql = lambda *args, **kwargs: [found]
    return _compiled_by(compiler, rows)


def _compiled_by(compiler: Any, rows: QuerySet[Any, Row]) -> QuerySet[Any, Row]:
    def get_compiler(using: str, **kwargs: Any) -> Any:
        compiler.using, compiler.connection = using, connections[using]
        return compiler

    read: Any = rows.all()
    read.query.get_compiler = get_compiler
    return cast("QuerySet[Any, Row]", read)
