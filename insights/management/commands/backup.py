"""manage.py backup FILE"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from insights.backup.archive import ArchiveError
from insights.backup.backing_up import back_up


class Command(BaseCommand):
    help = (
        "Write the database and the stored files to one archive, while the product runs. It "
        "holds personal data but no keys: keep SECRET_KEY and FIELD_ENCRYPTION_KEY elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the archive to write, such as monday.tar.gz")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = back_up(options["file"], at=timezone.now())
        except (ArchiveError, OSError, DatabaseError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{options['file']}: {sum(manifest.rows.values())} rows in {len(manifest.rows)} tables,"
            f" {len(manifest.members) - 1} files, {len(manifest.audit_heads)} audit heads."
        )
