"""manage.py check_engine: exits 0 if the database has what the product needs, 1 if something is
missing, 2 if it cannot be asked.
"""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection, connections

from banking.kernel import replica
from users.engine_check import Finding, examine, examine_replica, examine_sentinels


class Command(BaseCommand):
    help = "Show what this database, its replica and the sentinels support, and what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            findings = examine(connection, has_audit_guard=settings.AUDIT_GUARD)
            if replica.ALIAS in settings.DATABASES:
                findings += examine_replica(connection, connections[replica.ALIAS])
        except DatabaseError as error:
            self.stderr.write(f"The database did not answer: {error}")
            sys.exit(2)
        for url in settings.SENTINEL_URLS:
            findings += examine_sentinels(url)
        for finding in findings:
            self._print(finding)
        if any(finding.is_missing for finding in findings):
            sys.exit(1)

    def _print(self, finding: Finding) -> None:
        mark = "MISSING" if finding.is_missing else "better " if finding.advice else "ok     "
        self.stdout.write(f"{mark} {finding.subject:30} {finding.answer}")
        if finding.advice:
            self.stdout.write(f"        {finding.advice}")
