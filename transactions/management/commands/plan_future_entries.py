"""manage.py plan_future_entries [--apply]"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from transactions.services.planning_ahead import plan_entries_dated_ahead


class Command(BaseCommand):
    help = (
        "Plan future-dated entries from a version without planned transactions, so that "
        "they leave balances and figures until their date. Without --apply they are only counted. "
        "Safe to stop and repeat; transactions from the bank don't change."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="change them, not only count")

    def handle(self, *args: Any, **options: Any) -> None:
        is_trial = not options["apply"]
        result = plan_entries_dated_ahead(at=timezone.now(), is_trial=is_trial)
        verb = "would be planned" if is_trial else "planned"
        self.stdout.write(f"{result.planned} entries of {result.people} people {verb}.")
        if result.left:
            self.stdout.write(
                f"{result.left} stay as they are: the other side of their transfer is not dated "
                "in the future."
            )
        if is_trial and result.planned:
            self.stdout.write("Nothing was changed. Repeat with --apply.")
