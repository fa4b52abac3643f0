"""How far a running import has come: kept in the cache, for the page that waits for it.

Only a courtesy: without the cache an import runs just as well, and its page says that it waits.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from banking.limits import IMPORT_PROGRESS_FOR, SILENT_FOR


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage ("reading", "comparing", "writing") and how many rows of it are done."""

    stage: str
    done: int
    total: int
    at: str

    @property
    def percent(self) -> int:
        return min(99, self.done * 100 // self.total) if self.total else 0


def report_progress(batch_id: int, stage: str, done: int, total: int) -> None:
    """Say how far the import is."""
    progress = Progress(stage, done, total, timezone.now().isoformat())
    try:
        cache.set(_key(batch_id), asdict(progress), IMPORT_PROGRESS_FOR.total_seconds())
    except (RedisError, OSError):
        return


def forget_progress(batch_id: int) -> None:
    """The import has come to an end, or was asked for anew."""
    try:
        cache.delete(_key(batch_id))
    except (RedisError, OSError):
        return


def progress_of(batch_id: int) -> Progress | None:
    """What was last said; None when nothing has begun or the cache is away."""
    try:
        found = cache.get(_key(batch_id))
    except (RedisError, OSError):
        return None
    return Progress(**found) if found else None


def is_silent(batch_id: int, *, at: datetime) -> bool:
    """Whether no worker has said anything about this import of late."""
    progress = progress_of(batch_id)
    return progress is None or datetime.fromisoformat(progress.at) < at - SILENT_FOR


def _key(batch_id: int) -> str:
    return f"import-progress:{batch_id}"
