"""Type narrowing for values that an earlier query or check guarantees."""

from typing import TypeVar

Value = TypeVar("Value")


def sure(value: Value | None) -> Value:
    """The value, which earlier code guarantees to exist. Raises if it is None."""
    if value is None:
        raise AssertionError("An earlier check should have ruled out None.")
    return value
