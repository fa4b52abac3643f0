"""Words of many languages, read from the CLDR without keeping the rest of it."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from threading import Lock, RLock
from typing import TypeVar

from banking.kernel.babel_private import forget_locale, loaded_locales
from banking.kernel.garbage import collector_paused

Read = TypeVar("Read")
# Two threads that read at once would each hold what the other has just made.
_one_at_a_time = RLock()


@contextmanager
def read_in_passing() -> Iterator[None]:
    """Forget afterward what Babel has loaded meanwhile, about a megabyte for a language.

    Decorates a function that reads one language: memory that many took at once is not given back
    to the system. Babel's data refers to itself, so only the collector frees it. Without a
    collection in between all of it is still young, and looking at the young objects takes no time.
    """
    with _one_at_a_time, collector_paused():
        known = loaded_locales()
        try:
            yield
        finally:
            for identifier in loaded_locales() - known:
                forget_locale(identifier)
            gc.collect(0)


def read_once(read: Callable[[], Read]) -> Callable[[], Read]:
    """Cache what a function has read. Whoever asks meanwhile waits for it: with `functools.cache`
    everybody reads.
    """
    cached, lock = cache(read), Lock()

    @wraps(read)
    def found() -> Read:
        with lock:
            return cached()

    return found
