"""Many rows into one table at the database's own speed: COPY on PostgreSQL, executemany on SQLite.

The rows end up the same on both. Nothing is checked or filled in here: give every column that has
no default in the database, as the column stores it (an AmountField as its whole number).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

ROWS_AT_ONCE = 2000


def bulk_insert(
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Insert `rows` (tuples in the order of `columns`) as they come; returns how many there were.

    Dates are given as dates or as ISO text. Memory stays flat however many rows there are.
    """
    connection = connections[using]
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    target = f"{connection.ops.quote_name(table)} ({names})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _copy(cursor, f"COPY {target} FROM STDIN", rows)
        marks = ", ".join(["%s"] * len(columns))
        return _execute_many(cursor, f"INSERT INTO {target} VALUES ({marks})", rows)  # noqa: S608


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows in lists of at most `size`."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def _copy(cursor: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _execute_many(cursor: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    # In batches: Django's SQLite cursor keeps every row it was given until the call returns.
    count = 0
    for batch in batched(rows, ROWS_AT_ONCE):
        cursor.executemany(statement, batch)
        count += len(batch)
    return count
