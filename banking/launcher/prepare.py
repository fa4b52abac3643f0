"""Steps before `make run` serves: migrate the database and, the first time, load the demo data."""

import sys
from io import StringIO

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.db import OperationalError, connection

DEMO_EMAIL = "demo@example.com"


def main() -> int:
    django.setup()
    try:
        connection.ensure_connection()
    except OperationalError as error:
        sys.stderr.write(f"The database doesn't respond: {str(error).strip()}\n")
        return 1
    call_command("migrate", interactive=False, verbosity=0)
    if settings.DEMO and "load_demo" in get_commands():
        load_demo_once()
    return 0


def load_demo_once() -> None:
    """Load the demo household, unless its owner already exists."""
    if get_user_model().objects.filter(email=DEMO_EMAIL).exists():
        return
    sys.stdout.write("Loading three years of demo data …\n")
    sys.stdout.flush()
    said = StringIO()
    call_command("load_demo", stdout=said)
    # The sign-ins are printed again once everything runs.
    sys.stdout.write(said.getvalue().partition("\n")[0] + "\n")


if __name__ == "__main__":
    sys.exit(main())
