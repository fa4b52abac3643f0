"""Tell the type checker what an earlier check has established (no imports of ours here)."""

from typing import TypeVar

Value = TypeVar("Value")


def sure(value: Value | None) -> Value:
    """``value``, which an earlier check has shown not to be None. Raises if it is."""
    if value is None:
        raise AssertionError("An earlier check should have ruled out None.")
    return value
