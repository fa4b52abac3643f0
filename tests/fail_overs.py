"""Schedules of the simulator in which PostgreSQL is killed and started again:
`make simulate-fail-overs SEED=7 COUNT=100`.

On a server of its own, with its durability on. `kill -9` hits its main process before a chosen SQL
statement; when it serves again, whoever got no answer sends again. The same invariants hold as in
tests/simulation.py. Prints the seed of a schedule that fails, and exits with 1.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

import django
from django.apps import apps
from django.core.management import call_command
from django.utils.module_loading import import_string

from tests import servers

ATTEMPTS = 100


def restart(server: servers.PostgreSQL, count: list[int]) -> None:
    """Kill the server and start it again, which it refuses until its last process has ended."""
    server.kill()
    count[0] += 1
    for _ in range(ATTEMPTS):
        try:
            server.start()
            return
        except servers.MissingError:
            time.sleep(0.1)
    raise SystemExit("PostgreSQL does not start again.")


def simulate_all(seed: str, count: int, fail_over: Callable[[], None]) -> list[str]:
    """The sentences of the schedules that failed."""
    simulate = import_string("tests.simulation.simulate")
    fill = import_string("transactions.predefined.install")
    call_command("migrate", verbosity=0)
    failures = []
    for number in range(count):
        call_command("flush", interactive=False, verbosity=0)
        fill(apps.get_model("transactions", "Category"))
        try:
            simulate(f"{seed}:{number}", fail_over)
        except AssertionError as error:
            failures.append(str(error))
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="books")
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    restarts = [0]
    with (
        tempfile.TemporaryDirectory(prefix="fail-overs-") as folder,
        servers.postgresql_server(forgetful=False) as server,
    ):
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "banking.settings_test",
            "DATABASE_URL": server.url,
            "DATA_DIR": folder,
            "LOG_LEVEL": "CRITICAL",
        }
        django.setup()
        failures = simulate_all(options.seed, options.count, partial(restart, server, restarts))
    for failure in failures:
        sys.stdout.write(f"{failure}\n")
    sys.stdout.write(
        f"{options.count} schedules, {restarts[0]} restarts of PostgreSQL,"
        f" {len(failures)} with a difference\n"
    )
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
