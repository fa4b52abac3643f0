"""Fast bulk writes to one table: COPY on PostgreSQL, executemany on SQLite.

Both store the same rows. Nothing is validated or filled in: give every column without a database
default, as stored (an AmountField as its whole number).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, cast

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models

from banking.kernel.narrowing import sure

ROWS_AT_ONCE = 2000


def bulk_insert(
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Insert `rows` (tuples in the order of `columns`); returns how many.

    Dates may be dates or ISO text. Memory stays flat for any number of rows.
    """
    connection = connections[using]
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    target = f"{connection.ops.quote_name(table)} ({names})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Django does not translate the driver's errors of a COPY.
            with connection.wrap_database_errors:
                return _copy(cursor, f"COPY {target} FROM STDIN", rows)
        marks = ", ".join(["%s"] * len(columns))
        return _execute_many(cursor, f"INSERT INTO {target} VALUES ({marks})", rows)  # noqa: S608


def reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """Keys for rows that are about to be inserted with them, in ascending order. Nobody else gets
    them; in SQLite, as long as this transaction goes on.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    table, key = model._meta.db_table, sure(model._meta.pk).column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_NEXT_KEYS, [connection.ops.quote_name(table), key, count])
            return [taken for (taken,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or (0,))[0]
        return list(range(last + 1, last + 1 + count))


# Materialized, because PostgreSQL would look for the sequence once for each key.
_NEXT_KEYS = """
WITH found AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, %s)::regclass AS sequence)
SELECT nextval(sequence) FROM found, generate_series(1, %s)
"""


def insert_if_new(row: models.Model) -> bool:
    """Insert one row and set its key, unless a unique constraint already has it. Whether it did.

    One statement, which waits for another transaction that is inserting the same.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    quote = connection.ops.quote_name
    key: Any = row._meta.pk
    fields: list[Any] = [
        field
        for field in row._meta.concrete_fields
        if field is not key and not isinstance(field, models.GeneratedField)
    ]
    columns = ", ".join(quote(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(row._meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608
            f" ON CONFLICT DO NOTHING RETURNING {quote(key.column)}",
            [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields],
        )
        inserted = cursor.fetchone()
    if inserted is None:
        return False
    row.pk = inserted[0]
    return True


def insert_selected(
    model: type[models.Model], names: Sequence[str], rows: models.QuerySet[Any]
) -> int:
    """INSERT … SELECT: insert what `rows` (a values_list in the order of `names`) selects."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        # A condition that cannot hold, such as an ID in an empty list.
        return 0
    connection = connections[DEFAULT_DB_ALIAS]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(_column(model, name).column) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) {sql}", params)
        return cast(int, cursor.rowcount)


def bulk_update(
    model: type[models.Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Update each row with its own values: (primary key, value, …) in the order of `names`.

    Values are Python values; include FoldedField and `auto_now` columns explicitly. Returns how
    many.
    """
    return _update_each(model, names, rows, "{value}", using)


def bulk_add(
    model: type[models.Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    fixed: Mapping[str, Any] | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """As `bulk_update`, but the values are added to the stored ones. All rows get the `fixed`
    values of other columns.
    """
    return _update_each(model, names, rows, "{table}.{column} + {value}", using, fixed or {})


def add_or_insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    added: Sequence[str],
    unique: str,
) -> None:
    """Insert the rows, or add their `added` columns to the rows that have the same key, in one
    statement. `unique` is the conflict target, in SQL; no two rows may be equal in it.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    quote = connection.ops.quote_name
    fields = [_column(model, name) for name in columns]
    table = quote(model._meta.db_table)
    names = ", ".join(quote(field.column) for field in fields)
    sums = [quote(_column(model, name).column) for name in added]
    changes = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    marks = f"({', '.join(['%s'] * len(fields))})"
    values = [
        field.get_db_prep_save(value, connection)
        for row in rows
        for field, value in zip(fields, row, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES {', '.join([marks] * len(rows))}"  # noqa: S608
            f" ON CONFLICT {unique} DO UPDATE SET {changes}",
            values,
        )


def _update_each(
    model: type[models.Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    change: str,
    using: str,
    fixed: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    connection = connections[using]
    quote = connection.ops.quote_name
    key: Any = model._meta.pk
    fields = [key, *(_column(model, name) for name in names)]
    table = quote(model._meta.db_table)
    # PostgreSQL treats a column of only NULLs as text; SQLite would cast a date to its year.
    casts = connection.vendor == "postgresql"
    types = [fields[0].rel_db_type(connection), *(f.db_type(connection) for f in fields[1:])]
    values = [
        f"CAST(v.column{place} AS {kind})" if casts else f"v.column{place}"
        for place, kind in enumerate(types, start=1)
    ]
    targets = zip([quote(field.column) for field in fields[1:]], values[1:], strict=True)
    same = {_column(model, name): value for name, value in fixed.items()}
    assignments = ", ".join(
        [
            *(f"{quote(field.column)} = %s" for field in same),
            *(
                f"{column} = {change.format(table=table, column=column, value=value)}"
                for column, value in targets
            ),
        ]
    )
    set_to = [field.get_db_prep_save(value, connection) for field, value in same.items()]
    marks = f"({', '.join(['%s'] * len(fields))})"
    count = 0
    with connection.cursor() as cursor:
        for batch in batched(rows, ROWS_AT_ONCE):
            listed = ", ".join([marks] * len(batch))
            prepared = [
                field.get_db_prep_save(value, connection)
                for row in batch
                for field, value in zip(fields, row, strict=True)
            ]
            cursor.execute(
                f"UPDATE {table} SET {assignments} FROM (VALUES {listed}) AS v"  # noqa: S608
                f" WHERE {table}.{quote(fields[0].column)} = {values[0]}",
                [*set_to, *prepared],
            )
            count += cursor.rowcount
    return count


def _column(model: type[models.Model], name: str) -> Any:
    """A field with a column; callers pass no others."""
    return model._meta.get_field(name)


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Split the rows into lists of at most `size`."""
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
    # In batches: Django's SQLite cursor keeps every row it is given until the call returns.
    count = 0
    for batch in batched(rows, ROWS_AT_ONCE):
        cursor.executemany(statement, batch)
        count += len(batch)
    return count
