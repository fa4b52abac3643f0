"""The progress of a running import, in the cache, for the page that waits for it.

Optional: without the cache the import still runs, and its page shows it as waiting.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from banking.limits import IMPORT_PROGRESS_FOR, SILENT_FOR


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage ("reading", "comparing", "writing") and how many of its rows are done."""

    stage: str
    done: int
    total: int
    at: str

    @property
    def percent(self) -> int:
        return min(99, self.done * 100 // self.total) if self.total else 0


def report_progress(batch_id: int, stage: str, done: int, total: int) -> None:
    """Store the import's progress."""
    progress = Progress(stage, done, total, timezone.now().isoformat())
    try:
        cache.set(_key(batch_id), asdict(progress), IMPORT_PROGRESS_FOR.total_seconds())
    except (RedisError, OSError):
        return


def forget_progress(batch_id: int) -> None:
    """Delete the progress: the import has ended or was requested again."""
    try:
        cache.delete(_key(batch_id))
    except (RedisError, OSError):
        return


def progress_of(batch_id: int) -> Progress | None:
    """The last stored progress, or None if there is none or the cache is unavailable."""
    try:
        found = cache.get(_key(batch_id))
    except (RedisError, OSError):
        return None
    return Progress(**found) if found else None


def is_silent(batch_id: int, *, at: datetime) -> bool:
    """Whether no worker has reported progress recently."""
    progress = progress_of(batch_id)
    return progress is None or datetime.fromisoformat(progress.at) < at - SILENT_FOR


def _key(batch_id: int) -> str:
    return f"import-progress:{batch_id}"
