"""Whether a process can serve is known without loading what it does not need."""

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from banking import readiness


@pytest.mark.once
def test_every_migration_is_known_without_loading_it():
    assert readiness.known_migrations() == set(MigrationLoader(None).disk_migrations)


def test_a_database_that_misses_one_migration_is_not_ready(db, monkeypatch):
    monkeypatch.setattr(readiness._Migrations, "are_done", False)
    last = MigrationRecorder.Migration.objects.filter(app="accounts").latest("pk")
    last.delete()
    assert not readiness._is_migrated()
    last.save(force_insert=True)
    assert readiness._is_migrated()
