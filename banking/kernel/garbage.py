"""Python's garbage collector, where it costs more than it frees."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class _Pause:
    """How many blocks of any thread pause the collector, and whether it ran before the first."""

    lock = Lock()
    blocks = 0
    was_on = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector in this process while a great many objects are made that all live until
    the end: it would scan them again and again, and find nothing to free. It goes on once no
    thread is in such a block.
    """
    with _Pause.lock:
        if not _Pause.blocks:
            _Pause.was_on = gc.isenabled()
        _Pause.blocks += 1
        gc.disable()
    try:
        yield
    finally:
        with _Pause.lock:
            _Pause.blocks -= 1
            if _Pause.was_on and not _Pause.blocks:
                gc.enable()
