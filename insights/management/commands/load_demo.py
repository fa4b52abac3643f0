"""`manage.py load_demo`: creates the demo household and prints its sign-ins."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from insights.demo.loading import FULL_COUNT, PASSWORD, TIMEZONE, Loaded, load_demo
from users.timezones import local_date


class Command(BaseCommand):
    help = (
        "Create the demo sign-ins and three years of a made-up household, ending today. "
        "Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--transactions", type=int, default=FULL_COUNT, metavar="N", help="about how many"
        )
        parser.add_argument(
            "--on", type=date.fromisoformat, default=None, metavar="DATE", help="its last day"
        )
        parser.add_argument(
            "--force", action="store_true", help="even if DEMO is off (the password is public)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO and not options["force"]:
            raise CommandError(
                "DEMO is off. The demo's password is public, so never load it in production. "
                "Set DEMO=1, or use --force on your own machine."
            )
        if options["transactions"] < 1:
            raise CommandError("Ask for at least one transaction.")
        on = options["on"] or local_date(TIMEZONE, timezone.now())
        self._tell(load_demo(on=on, transaction_count=options["transactions"]))

    def _tell(self, loaded: Loaded) -> None:
        if loaded.is_new:
            self.stdout.write(
                f"The demo is loaded: {loaded.transaction_count:,} transactions"
                f" on {loaded.account_count} accounts."
            )
        else:
            self.stdout.write("The demo already exists; nothing was changed.")
        self.stdout.write(f"Sign in with the password {PASSWORD} as")
        for email, role in loaded.people:
            self.stdout.write(f"  {email:<22} {role}")
