"""Queries whose SQL is written once in a process.

Django writes a statement anew for every request, which takes longer than most of its answers. A
`WrittenOnce` has it written with stand-ins, keeps the text, and puts each request's values in their
places. Rows come as Django reads them: with their types, their models and what is joined.

    _DUE = WrittenOnce(lambda user_id, on: Bill.objects.filter(user_id=user_id, due_date__lte=on))
    bills = _DUE.rows(user.pk, on)

The text must be the same for any values: nothing in the function may look at them, or at the time.
tests/test_written_once.py compares each statement with the one that Django writes anew.
"""

import threading
from collections.abc import Callable, Collection, Set
from datetime import date
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

from banking.kernel.django_private import Statement, statement_of, with_statement
from banking.kernel.snapshot import read_before

Row = TypeVar("Row")
# An identifier, a day, a text, or several of them, for IN or OR.
One = int | date | str | UUID
Value = One | Collection[int] | Collection[date] | Collection[str]

# No statement has these numbers and days of its own. They are small, as a month or year may be one.
_NUMBER, _DAY = 32_749, date(2, 2, 2).toordinal()


class _Written(NamedTuple):
    """A statement, None if it can find nothing, and which value each of its parameters is."""

    query_set: QuerySet[Any, Any]
    statement: Statement | None
    places: list[int | None]


class Asked(NamedTuple):
    """A statement with the values that it is asked for."""

    source: "WrittenOnce[Any]"
    values: tuple[Value, ...]

    @property
    def key(self) -> Any:
        """Equal for two that find the same: the order of a set's values is none."""
        return self.source, tuple(_fixed(value) for value in self.values)

    def rows(self) -> list[Any]:
        """Its rows."""
        return self.source.rows(*self.values)


def _fixed(value: Value) -> Any:
    if isinstance(value, One):
        return value
    return frozenset(value) if isinstance(value, Set) else tuple(value)


# Where the open snapshot keeps what was read together: one dictionary of rows by key.
AHEAD = "ahead"


class WrittenOnce(Generic[Row]):
    """`write` makes the query set from values; `rows` reads it without writing it again."""

    # Every one there is, for the test.
    known: ClassVar[list["WrittenOnce[Any]"]] = []

    def __init__(self, write: Callable[..., QuerySet[Any, Row]]) -> None:
        self.write = write
        self._written: dict[tuple[Any, ...], _Written] = {}
        self._writing = threading.Lock()
        self.known.append(self)

    def rows(self, *values: Value) -> list[Row]:
        """The rows for these values, in one statement; none for one that can find nothing."""
        for ahead in read_before(AHEAD):
            rows = ahead.get(self.asking(*values).key)
            if rows is not None:
                return list(rows)
        written, params = self.filled(*values)
        if written.statement is None:
            return []
        _refuse_lock_outside(written.query_set)
        return list(with_statement(written.query_set, written.statement, params))

    def asking(self, *values: Value) -> Asked:
        """This statement for these values, to be read together with others."""
        return Asked(self, values)

    def filled(self, *values: Value) -> tuple[_Written, list[Any]]:
        """The statement for such values, and its parameters with these."""
        lists = [_several(value) for value in values]
        shapes = tuple(_shape(value, ones) for value, ones in zip(values, lists, strict=True))
        with self._writing:
            if shapes not in self._written:
                self._written[shapes] = self._write(shapes)
            written = self._written[shapes]
        if written.statement is None:
            return written, []
        given = _adapted(written.query_set, [one for ones in lists for one in ones])
        pairs = zip(written.statement.params, written.places, strict=True)
        return written, [param if place is None else given[place] for param, place in pairs]

    def _write(self, shapes: tuple[Any, ...]) -> _Written:
        stand_ins: list[Any] = []
        query_set = self.write(*[_stand_in(shape, stand_ins) for shape in shapes])
        try:
            statement = statement_of(query_set)
        except EmptyResultSet:
            return _Written(query_set, None, [])
        adapted = _adapted(query_set, stand_ins)
        place_of = {one: place for place, one in enumerate(adapted)}
        return _Written(
            query_set, statement, [_place(param, place_of) for param in statement.params]
        )


def _refuse_lock_outside(query_set: QuerySet[Any, Any]) -> None:
    """Django refuses a lock that would end at once only when it writes the statement."""
    if query_set.query.select_for_update and not connections[query_set.db].in_atomic_block:
        raise TransactionManagementError("Rows are locked in a transaction only.")


def _adapted(query_set: QuerySet[Any, Any], values: list[Any]) -> list[Any]:
    """The values as the database takes them."""
    database = connections[query_set.db]
    if not database.features.has_native_uuid_field:
        values = [one.hex if isinstance(one, UUID) else one for one in values]
    adapt = database.ops.adapt_datefield_value
    return [adapt(one) if isinstance(one, date) else one for one in values]


def _several(value: Value) -> list[Any]:
    """The values at this place. Those of a collection are repeated up to a power of two, which
    changes no answer: so there are few texts, not one for each number of accounts.
    """
    if isinstance(value, One):
        return [value]
    ones = list(value)
    if not ones:
        return []
    return ones + ones[-1:] * ((1 << (len(ones) - 1).bit_length()) - len(ones))


def _shape(value: Value, ones: list[Any]) -> Any:
    """What the text depends on: the type, and of a collection how many there are."""
    if isinstance(value, One):
        return type(value)
    return (type(ones[0]) if ones else int, len(ones))


def _stand_in(shape: Any, taken: list[Any]) -> Any:
    if isinstance(shape, tuple):
        kind, count = shape
        return [_stand_in(kind, taken) for _ in range(count)]
    number = len(taken)
    one: Any = _NUMBER - number
    if shape is date:
        one = date.fromordinal(_DAY + number)
    elif shape is str:
        one = f"stand-in {number}"
    elif shape is UUID:
        one = UUID(int=number)
    taken.append(one)
    return one


def _place(param: Any, place_of: dict[Any, int]) -> int | None:
    try:
        return place_of.get(param)
    except TypeError:  # A list or JSON, which is no stand-in.
        return None
