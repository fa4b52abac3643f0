"""Restoring an archive into an empty database, and proving what was restored."""

import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from banking.kernel.encryption import UnreadableSecretError, decrypt
from insights.backup import archive, engines
from insights.backup.backing_up import FOLDERS
from insights.whole_ledger import check_whole_ledger
from users.audit.audit_check import verify

Say = Callable[[str], None]


def restore(path: Path, *, say: Say) -> bool:
    """Restore the archive; True if everything in it proves right.

    Raises ArchiveError before anything is changed if the archive or the database does not fit.
    """
    # Beside the data, not in /tmp, which may be small or in memory.
    with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.DATA_DIR) as scratch:
        folder = Path(scratch)
        manifest = archive.unpack(path, folder)
        say(f"The archive of {manifest.created_at} is complete, and its checksums match.")
        _require_fitting(manifest, folder)
        engines.copy_in(folder / archive.DATABASE)
        _place_files(folder)
    say(f"The database and {len(manifest.members) - 1} files are restored.")
    proofs = [_is_whole(say), _rows_are_right(manifest, say), _audit_is_right(manifest, say)]
    _migrate(say)
    proofs += [_ledger_is_right(say), _key_is_right(manifest, say)]
    return all(proofs)


# --- Before -------------------------------------------------------------------------------------


def _require_fitting(manifest: archive.Manifest, folder: Path) -> None:
    if manifest.engine != connection.vendor:
        raise archive.ArchiveError(
            f"The archive is from {manifest.engine}, but DATABASE_URL names {connection.vendor}."
        )
    if newer := sorted(set(manifest.migrations) - _known_migrations()):
        raise archive.ArchiveError(
            f"The archive was written by version {manifest.product_version}, newer than this one: "
            f"{newer[0]} is unknown here. Restore it with that version."
        )
    if engines.table_count():
        raise archive.ArchiveError(
            "The database is not empty. Restoring needs an empty one; nothing was changed."
        )
    for name, source in _files_in(folder):
        target = Path(settings.DATA_DIR) / name
        if target.exists() and not filecmp.cmp(source, target, shallow=False):
            raise archive.ArchiveError(
                f"{target} exists with different content. Nothing was changed."
            )


def _known_migrations() -> set[str]:
    """Of this version, with those that were merged into one of its own (squashed)."""
    migrations = MigrationLoader(None).disk_migrations
    replaced = {key for migration in migrations.values() for key in migration.replaces}
    return {f"{app}.{name}" for app, name in replaced | set(migrations)}


def _files_in(folder: Path) -> list[tuple[str, Path]]:
    root = folder / archive.FILES
    found = [(path.relative_to(root).as_posix(), path) for path in root.rglob("*")]
    for name, _ in found:
        if name.partition("/")[0] not in FOLDERS:
            raise archive.ArchiveError(f"The archive holds {name!r}, which isn't a file we store.")
    return [(name, path) for name, path in found if path.is_file()]


def _place_files(folder: Path) -> None:
    for name, source in _files_in(folder):
        target = Path(settings.DATA_DIR) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        os.chmod(target, 0o600)


# --- After --------------------------------------------------------------------------------------


def _is_whole(say: Say) -> bool:
    damage = engines.damage()
    if damage:
        say(f"The restored database is damaged: {damage}")
    return not damage


def _rows_are_right(manifest: archive.Manifest, say: Say) -> bool:
    rows = engines.facts_now().rows
    wrong = [
        f"{table}: {rows.get(table, 0)} rows instead of {count}"
        for table, count in manifest.rows.items()
        if rows.get(table) != count
    ]
    for line in wrong:
        say(line)
    if not wrong:
        count = sum(manifest.rows.values())
        say(f"Every table has the expected number of rows: {count} in {len(manifest.rows)} tables.")
    return not wrong


def _audit_is_right(manifest: archive.Manifest, say: Say) -> bool:
    result = verify(anchors=manifest.audit_heads)
    for fault in result.faults:
        say(f"Audit trail, {fault.chain}, event {fault.sequence}: {fault.problem}")
    if result.is_intact:
        say(
            f"The audit trail is intact: {result.event_count} events in {result.chain_count} "
            "chains, with the heads of the backup."
        )
    return result.is_intact


def _migrate(say: Say) -> None:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        say(f"The archive is older than this version: {len(missing)} migrations follow.")
        call_command("migrate", interactive=False, verbosity=0)


def _ledger_is_right(say: Say) -> bool:
    report = check_whole_ledger()
    for invariant in report.invariants:
        if invariant.violation_count:
            say(f"Ledger, {invariant.name}: {invariant.violation_count} rows are wrong.")
    if report.is_clean:
        say("The ledger is correct: every balance, total, points balance and bill payment.")
    return report.is_clean


def _key_is_right(manifest: archive.Manifest, say: Say) -> bool:
    try:
        decrypt(manifest.key_test)
    except UnreadableSecretError:
        say(
            "FIELD_ENCRYPTION_KEY is not the one used for the backup: stored bank tokens and "
            "authenticator secrets can't be read until you set it."
        )
        return False
    say("FIELD_ENCRYPTION_KEY can read the stored secrets.")
    return True
