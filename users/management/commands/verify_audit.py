"""manage.py verify_audit [--json] [--anchor FILE | --file FILE]"""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from users.audit.audit_anchor import verify_against
from users.audit.audit_check import Verification, as_json, verify
from users.audit.audit_export import check_file


class Command(BaseCommand):
    help = (
        "Walk every chain of the audit trail and name the first bad row of each. Exit status: 0 "
        "intact, 1 not intact, 2 could not be checked. With --anchor FILE the heads are compared "
        "with those the file remembers, and the file is rewritten when all is intact: keep it on "
        "a different machine from the database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--anchor", type=Path, help="the signed file of heads")
        parser.add_argument(
            "--file", type=Path, help="a signed export: check the file and not this database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"]:
            self._check_file(options["file"], is_json=options["json"])
            return
        anchor: Path | None = options["anchor"]
        try:
            result = verify_against(anchor) if anchor else verify()
        except (OSError, ValueError, DatabaseError) as error:
            self.stderr.write(f"The audit trail could not be checked: {error}")
            sys.exit(2)
        self.stdout.write(json.dumps(as_json(result)) if options["json"] else _as_text(result))
        if not result.is_intact:
            sys.exit(1)

    def _check_file(self, path: Path, *, is_json: bool) -> None:
        try:
            with path.open(encoding="utf-8", newline="") as lines:
                count, problems = check_file(lines)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.stderr.write(f"The file could not be checked: {error}")
            sys.exit(2)
        if is_json:
            report = {"intact": not problems, "events": count, "problems": problems}
            self.stdout.write(json.dumps(report))
        else:
            end = "It is NOT intact." if problems else "The export is intact."
            self.stdout.write("\n".join([f"{count} events.", *problems, end]))
        if problems:
            sys.exit(1)


def _as_text(result: Verification) -> str:
    lines = [f"{result.event_count} events in {result.chain_count} chains."]
    for fault in result.faults:
        row = "no row" if fault.event is None else f"row {fault.event}"
        lines.append(f"{fault.chain}, event {fault.sequence} ({row}): {fault.problem}")
    lines.append("The audit trail is intact." if result.is_intact else "It is NOT intact.")
    return "\n".join(lines)
