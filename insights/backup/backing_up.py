"""Backing up: the database and the stored files in one archive, while the product runs."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from banking.kernel.encryption import encrypt
from insights.backup import archive, engines

# What is stored outside the database, below DATA_DIR. Keys are not: they never enter an archive.
FOLDERS = ("audit", "files", "mail")
KEY_TEST = "tallybank backup"


def back_up(path: Path, *, at: datetime) -> archive.Manifest:
    """Write the archive to `path`, which must not exist."""
    if path.exists():
        raise archive.ArchiveError(f"{path} exists already. Nothing was overwritten.")
    with tempfile.TemporaryDirectory(prefix="backup-", dir=path.resolve().parent) as scratch:
        folder = Path(scratch)
        # Heads copied after the database could be ahead of it, and look like a truncated trail;
        # a file without a row does no harm, so the other files come last.
        files = list(_copies_of("audit", folder))
        database = folder / archive.DATABASE
        facts = engines.copy_out(database)
        files += [pair for name in FOLDERS[1:] for pair in _copies_of(name, folder)]
        return archive.write(
            path,
            [(archive.DATABASE, database), *files],
            {
                "product_version": settings.SPECTACULAR_SETTINGS["VERSION"],
                "created_at": at.isoformat(),
                "engine": connection.vendor,
                "key_test": encrypt(KEY_TEST),
                **asdict(facts),
            },
        )


def _copies_of(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Copies of the stored files, which may change or go while we read them."""
    root = Path(settings.DATA_DIR)
    for source in sorted((root / name).rglob("*")):
        if source.is_symlink() or not source.is_file():
            continue
        inside = f"{archive.FILES}{source.relative_to(root).as_posix()}"
        copy = folder / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source, copy)
        except FileNotFoundError:
            continue
        yield inside, copy
