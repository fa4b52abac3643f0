"""Saying to the types what a check above has made sure of (this folder imports nothing of ours)."""

from typing import TypeVar

Value = TypeVar("Value")


def sure(value: Value | None) -> Value:
    """The value, where something above made sure that there is one. Never a wish: it raises."""
    if value is None:
        raise AssertionError("Something above was to make sure of this.")
    return value
