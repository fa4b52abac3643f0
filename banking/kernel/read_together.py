"""Several statements that are written once, read as one.

A page made from twenty figures asks the database twenty times. Inside of a snapshot, what is known
to be asked can be read ahead, by one statement that returns each one's rows as JSON:

    read_together(BILLS.asking(user.pk), PROGRAMS.asking(user.pk))

`BILLS.rows(user.pk)` then finds its rows read. Whoever asks for something else reads it as ever, so
the figures do not depend on what was read ahead, only the number of statements does.
tests/test_written_once.py compares rows that were read together with those read alone.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connections

from banking.kernel.django_private import column_types, with_rows
from banking.kernel.snapshot import is_open, read_before
from banking.kernel.written_once import AHEAD, Asked

# Both databases limit the arguments of a function.
_MOST_COLUMNS = 90
# JSON has these as texts, and PostgreSQL's driver reads them as another type. From SQLite they are
# texts anyway.
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "DateField": date.fromisoformat,
    "DateTimeField": datetime.fromisoformat,
    "DecimalField": Decimal,
    "TimeField": time.fromisoformat,
    "UUIDField": UUID,
}
_TO_TEXT = {"DecimalField", "JSONField"}
_NOT_READ = {"BinaryField", "DurationField", "FloatField"}


def read_together(*asked: Asked | None) -> None:
    """Read all of these with one statement, and keep the rows until the snapshot ends.

    Outside of a snapshot nothing is read ahead: what is read twice might differ.
    """
    if not is_open():
        return
    kept = read_before(AHEAD)
    known: dict[Any, Any] = kept[0] if kept else {}
    wanted = {one.key: one for one in asked if one is not None and one.key not in known}
    filled = [(key, *one.source.filled(*one.values)) for key, one in wanted.items()]
    found = [
        (key, written.query_set, written.statement, params)
        for key, written, params in filled
        if written.statement is not None
    ]
    if len(found) < 2:
        return
    (alias,) = {rows.db for _key, rows, _statement, _params in found}
    connection = connections[alias]
    is_postgresql = connection.vendor == "postgresql"
    parts = [
        _as_json(statement.sql, tuple(column_types(statement)), is_postgresql)
        for _key, _rows, statement, _params in found
    ]
    with connection.cursor() as cursor:
        params = list(chain.from_iterable(one[-1] for one in found))
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        texts = cursor.fetchone()
    for (key, rows, statement, _params), text in zip(found, texts, strict=True):
        read = _rows_in(text, column_types(statement) if is_postgresql else ())
        known[key] = with_rows(rows, statement, read)
    if not kept:
        kept.append(known)


@lru_cache(maxsize=500)
def _as_json(sql: str, types: tuple[str, ...], is_postgresql: bool) -> str:
    """A column with all rows of the statement: arrays in one JSON text, NULL for none."""
    if not _NOT_READ.isdisjoint(types):
        raise TypeError(f"JSON has no {_NOT_READ.intersection(types)}: read it alone.")
    names = [f"c{place}" for place in range(len(types))]
    build, collect, values, text = "json_array", "json_group_array", names, ""
    if is_postgresql:
        build, collect, text = "json_build_array", "json_agg", "::text"
        pairs = zip(names, types, strict=True)
        values = [f"{name}::text" if kind in _TO_TEXT else name for name, kind in pairs]
    groups = [
        f"{build}({', '.join(values[start : start + _MOST_COLUMNS])})"
        for start in range(0, len(values), _MOST_COLUMNS)
    ]
    rows = f"{collect}({build}({', '.join(groups)})){text}"
    return f"(WITH q ({', '.join(names)}) AS ({sql}) SELECT {rows} FROM q)"  # noqa: S608 - our own


def _rows_in(text: str | None, types: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows as the driver would return them."""
    rows = [tuple(chain.from_iterable(groups)) for groups in json.loads(text or "[]")]
    reading = [(place, _FROM_TEXT[kind]) for place, kind in enumerate(types) if kind in _FROM_TEXT]
    return [_read(row, reading) for row in rows] if reading else rows


def _read(
    row: tuple[Any, ...], reading: Sequence[tuple[int, Callable[[str], Any]]]
) -> tuple[Any, ...]:
    values = list(row)
    for place, read in reading:
        if values[place] is not None:
            values[place] = read(values[place])
    return tuple(values)
