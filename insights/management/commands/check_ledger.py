"""manage.py check_ledger: exits 0 if the ledger is right, 1 if rows differ, 2
if it cannot check.
"""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from accounts.models import Account
from insights.whole_ledger import check_whole_ledger
from transactions.ledger_check import check_ledger
from transactions.ledger_report import LedgerReport


class Command(BaseCommand):
    help = "Recompute every balance, total and program's points, and list the rows that are wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--account", type=int, metavar="ID", help="check one account")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            account_id = options["account"]
            if account_id is not None and not Account.objects.filter(pk=account_id).exists():
                self._stop(f"There is no account {account_id}.")
            report = check_whole_ledger() if account_id is None else check_ledger(account_id)
        except DatabaseError as error:
            self._stop(f"The database did not answer: {error}")
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), indent=2))
        else:
            self._tell(report)
        if not report.is_clean:
            sys.exit(1)

    def _stop(self, sentence: str) -> None:
        self.stderr.write(sentence)
        sys.exit(2)

    def _tell(self, report: LedgerReport) -> None:
        for invariant in report.invariants:
            mark = "ok " if not invariant.violation_count else "OFF"
            self.stdout.write(
                f"{mark} {invariant.name:15} {invariant.checked_count:>9} checked"
                f" {invariant.violation_count:>6} off  {invariant.rule}"
            )
            for row in invariant.violations:
                self.stdout.write(
                    f"      {row.table} {row.id or ''} account {row.account}: {row.problem}"
                    f" stored {row.stored or '-'}, expected {row.expected or '-'}"
                )
