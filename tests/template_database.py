"""SQLite test databases are copies of one migrated database, because migrating takes five seconds.

The template is stored in the machine's temporary folder under a hash of everything migrations
depend on, so a changed migration or package creates a new one.
"""

import contextlib
import fcntl
import hashlib
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings

FOLDER = Path(tempfile.gettempdir()) / f"banking-test-databases-{os.getuid()}"
# What migrations and post-migrate handlers read, besides the migrations themselves.
_READ_BY_MIGRATE = ("**/migrations/*.py", "**/models.py", "**/models/*.py", "**/predefined.py")
_READ_BY_MIGRATE += ("banking/*.py", "banking/kernel/fields.py", "users/audit/*.py")


class Template:
    """The migrated template database for this code. The first process locks and creates it."""

    def __init__(self) -> None:
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        self.path = FOLDER / f"{_fingerprint()}.sqlite3"
        self._lock: IO[str] | None = None

    def copy_to(self, target: Path) -> bool:
        """Copy the template and return whether it existed. If not, other processes wait until
        `keep` or our exit.
        """
        self._lock = (FOLDER / f"{self.path.stem}.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if not self.path.exists():
            return False
        self._release()
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(self.path, target)
        return True

    def keep(self, source: Path) -> None:
        """Store a freshly migrated database as the template, unless there already is one."""
        if self._lock is None:
            return
        with contextlib.suppress(OSError):
            unfinished = self.path.with_suffix(f".{os.getpid()}")
            _copy(source, unfinished)
            unfinished.rename(self.path)
            _forget_old()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source)) as origin,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        origin.backup(copy)


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in _sources():
        digest.update(str(file.relative_to(settings.BASE_DIR)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _sources() -> Iterator[Path]:
    root = settings.BASE_DIR
    yield root / "requirements.txt"
    apps = sorted(folder for folder in root.iterdir() if (folder / "apps.py").exists())
    for folder in (*apps, root / "banking"):
        for pattern in _READ_BY_MIGRATE:
            base = root if pattern.startswith(("banking/", "users/")) else folder
            yield from sorted(base.glob(pattern))


def _forget_old(most: int = 12) -> None:
    """Keep only the newest few templates; branches come and go."""
    files = sorted(FOLDER.glob("*.sqlite3"), key=lambda file: file.stat().st_mtime)
    for file in files[:-most]:
        file.unlink(missing_ok=True)
