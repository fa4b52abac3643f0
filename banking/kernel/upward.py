"""How an app calls what an app above it knows, without importing upwards.

The lower app has a `Callbacks` and says what such a function takes and gives. The app above names
its function there in `AppConfig.ready`, by its dotted path, because models are not there yet.
See docs/decisions for what is allowed to go this way.
"""

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string


class Callbacks:
    """The functions that apps above have named, in the order in which the apps start."""

    def __init__(self) -> None:
        self._paths: list[str] = []

    def add(self, path: str) -> None:
        """Name a function by its dotted path; naming it again changes nothing."""
        if path not in self._paths:
            self._paths.append(path)

    def functions(self) -> list[Callable[..., Any]]:
        return [import_string(path) for path in self._paths]
