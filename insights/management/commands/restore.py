"""manage.py restore FILE: exits 0 if everything proves right, 1 if not or if it is refused."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from insights.backup.archive import ArchiveError
from insights.backup.restoring import restore


class Command(BaseCommand):
    help = (
        "Restore an archive of `backup` into an empty database, then verify its rows, the audit "
        "trail and the ledger. Stop the product first."
    )
    # It needs an empty database, so no migration has run yet.
    requires_migrations_checks = False
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the archive that `backup` wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_right = restore(options["file"], say=self.stdout.write)
        except (ArchiveError, OSError, DatabaseError) as error:
            raise CommandError(str(error)) from error
        if not is_right:
            self.stdout.write("The backup was restored, but it is NOT correct: see above.")
            sys.exit(1)
        self.stdout.write("The backup was restored and is correct.")
