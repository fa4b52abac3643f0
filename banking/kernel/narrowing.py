"""Type narrowing for values that an earlier query or check guarantees."""

from typing import TypeVar

Value = TypeVar("Value")


def sure(value: Value | None) -> Value:
    """The value, which earlier code guarantees to exist. Raises if it is None."""
    if value is None:
        raise AssertionError("Something above was to make sure of this.")
    return value
