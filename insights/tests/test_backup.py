"""One archive holds everything, restores into an empty database only, and is trusted by proof."""

import io
import json
import os
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection

from insights.backup import archive, restoring
from insights.backup.backing_up import back_up
from tests import builders, servers
from users.audit import audit_guard

AT = datetime(2025, 12, 1, tzinfo=UTC)


@pytest.fixture
def stored(settings, tmp_path, checking):
    """A coffee in the database, a mail and the heads in files, and keys that stay out."""
    settings.DATA_DIR = tmp_path / "data"
    for name in ("mail/one.log", "audit/heads.json", "secret.key", ".env"):
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}")
    # Tests run without the triggers; a real database has them.
    audit_guard.install(connection)
    yield builders.make_transaction(account=checking)
    audit_guard.remove(connection)


def _members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def _rewrite(path: Path, change) -> None:
    members = _members(path)
    change(members)
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def _manifest(members: dict[str, bytes], **values) -> None:
    members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | values).encode()


class Empty:
    """An empty database of this engine, and a folder; commands run in them as an operator's do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "restored"
        self.folder.mkdir()
        self.name = "restored_backup"
        if connection.vendor == "sqlite":
            self.url = f"sqlite:///{self.folder / 'db.sqlite3'}"
            return
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self.name}")
            cursor.execute(f"CREATE DATABASE {self.name}")
        at = connection.settings_dict
        self.url = f"postgres://{at['USER']}@{at['HOST']}:{at['PORT']}/{self.name}"

    def manage(self, *arguments: str, **settings: str) -> tuple[int, str]:
        environment = servers.environment_without_settings() | {
            "SECRET_KEY": django_settings.SECRET_KEY,
            "FIELD_ENCRYPTION_KEY": django_settings.FIELD_ENCRYPTION_KEY,
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self.folder),
            "READ_DOT_ENV": "false",
            "HTTPS": "false",
        } | settings  # fmt: skip
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=environment, capture_output=True, text=True, cwd=django_settings.BASE_DIR,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def rows_the_planner_expects(self) -> float:
        """In the table of transactions; on SQLite what it would be."""
        if connection.vendor == "sqlite":
            return 1
        with psycopg.connect(self.url) as here:
            query = "SELECT reltuples FROM pg_class WHERE relname = 'transactions_transaction'"
            [[count]] = here.execute(query).fetchall()
            return count

    def drop(self) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {self.name} WITH (FORCE)")


@pytest.fixture
def empty(tmp_path):
    place = Empty(tmp_path)
    yield place
    place.drop()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_backup_restores_into_an_empty_database_and_proves_itself(stored, empty, tmp_path):
    file = tmp_path / "monday.tar.gz"
    call_command("backup", file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(_members(file)) == {
        "database", "files/mail/one.log", "files/audit/heads.json", "manifest.json",
    }  # fmt: skip

    code, told = empty.manage("restore", str(file))
    assert code == 0, told
    assert "Every table has the expected number of rows" in told
    assert "The audit trail is intact" in told
    assert "The ledger is correct" in told
    assert "FIELD_ENCRYPTION_KEY can read the stored secrets." in told
    assert (empty.folder / "mail/one.log").read_text() == "content of mail/one.log"
    assert not (empty.folder / "secret.key").exists()
    assert empty.rows_the_planner_expects() == 1

    code, told = empty.manage("restore", str(file))
    assert code == 1
    assert "The database is not empty" in told


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_restoring_reports_wrong_figures_and_a_different_encryption_key(stored, empty, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET balance = balance + 10000")
    file = tmp_path / "wrong.tar.gz"
    back_up(file, at=AT)
    code, told = empty.manage("restore", str(file), FIELD_ENCRYPTION_KEY="another key" * 4)
    assert code == 1
    assert "Ledger, balance: 1 rows are wrong." in told
    assert "FIELD_ENCRYPTION_KEY is not the one used for the backup" in told
    assert "restored, but it is NOT correct" in told


@pytest.fixture
def good(tmp_path) -> Path:
    """An archive with a made-up database."""
    database = tmp_path / "invented"
    database.write_bytes(os.urandom(100_000))
    path = tmp_path / "good.tar.gz"
    facts = {
        "product_version": "0.1", "created_at": AT.isoformat(), "engine": connection.vendor,
        "migrations": [], "rows": {}, "audit_heads": {}, "key_test": "",
    }  # fmt: skip
    archive.write(path, [("database", database), ("files/mail/a", database)], facts)
    return path


@pytest.fixture
def refused(good, tmp_path, settings):
    """`refused()`: the sentence with which `restore` refuses the archive."""
    settings.DATA_DIR = tmp_path / "target"
    settings.DATA_DIR.mkdir()

    def refused() -> str:
        with pytest.raises(CommandError) as caught:
            call_command("restore", good)
        assert list(settings.DATA_DIR.iterdir()) == []
        return str(caught.value)

    return refused


@pytest.mark.once
def test_truncated_archives_are_refused_at_every_length(good, refused):
    whole = good.read_bytes()
    for share in (0, 0.001, 0.3, 0.6, 0.99):
        good.write_bytes(whole[: int(len(whole) * share)])
        assert "cut off" in refused()


@pytest.mark.once
def test_a_changed_byte_is_refused(good, refused):
    whole = bytearray(good.read_bytes())
    whole[len(whole) // 3] ^= 1
    good.write_bytes(whole)
    assert "damaged" in refused() or "checksum" in refused()


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda members: members.update({"files/mail/a": b"other"}), "doesn't match the manifest"),
        (lambda members: members.pop("files/mail/a"), "missing from the archive"),
        (lambda members: members.pop("manifest.json"), "has no manifest"),
        (lambda members: members.update({"more": b""}), "data after its manifest"),
        (lambda members: _manifest(members, format=2), "format 2"),
        (lambda members: _manifest(members, format=1, rows_of=1), "can't be read"),
        (lambda members: _manifest(members, engine="oracle"), "is from oracle"),
        (lambda members: _manifest(members, migrations=["bills.9999_later"]), "newer than this"),
    ],
)
def test_changed_archives_are_refused(good, refused, change, sentence):
    _rewrite(good, change)
    assert sentence in refused()


@pytest.mark.once
@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/cron.d/job", "files/../../outside", "files//mail", "files/./a", "other"],
)
def test_archive_members_outside_the_folder_are_refused(good, refused, tmp_path, name):
    content = _members(good)
    _rewrite(good, lambda members: (members.clear(), members.update({name: b"x"} | content)))
    assert "no backup of ours contains" in refused()
    assert not (tmp_path / "outside").exists()


@pytest.mark.once
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(good, refused, kind):
    with tarfile.open(good, "w:gz") as tar:
        entry = tarfile.TarInfo("files/mail/link")
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
    assert "no backup of ours contains" in refused()


@pytest.mark.django_db
def test_neither_a_filled_database_nor_an_existing_archive_is_overwritten(refused, good):
    assert "The database is not empty" in refused()
    before = good.read_bytes()
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", good)
    assert good.read_bytes() == before
    assert restoring.FOLDERS == ("audit", "files", "mail")
