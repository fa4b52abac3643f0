"""Words of many languages, read from the CLDR without keeping the rest of it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from banking.kernel.babel_private import forget_locale, loaded_locales
from banking.kernel.garbage import collector_paused


@contextmanager
def read_in_passing() -> Iterator[None]:
    """Forget afterward what Babel has loaded meanwhile, about a megabyte for a language.

    Decorates a function that reads one language: memory that many took at once is not given back
    to the system. Babel's data refers to itself, so only the collector frees it. Without a
    collection in between all of it is still young, and looking at the young objects takes no time.
    """
    known = loaded_locales()
    with collector_paused():
        try:
            yield
        finally:
            for identifier in loaded_locales() - known:
                forget_locale(identifier)
            gc.collect(0)
