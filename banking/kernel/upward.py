"""Lets an app call functions of an app above it without importing upward.

The lower app owns a `Callbacks` and documents the signature. The upper app registers its function
in `AppConfig.ready` by dotted path, because models are not loaded yet. See docs/decisions for what
may be called this way.
"""

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string


class Callbacks:
    """The functions registered by upper apps, in the order in which the apps start."""

    def __init__(self) -> None:
        self._paths: list[str] = []

    def add(self, path: str) -> None:
        """Register a function by its dotted path; registering it again changes nothing."""
        if path not in self._paths:
            self._paths.append(path)

    def functions(self) -> list[Callable[..., Any]]:
        return [import_string(path) for path in self._paths]
