"""Migrations of many rows, for real: `make rehearse-migrations ARGS='--old REVISION'`.

A demo household of `--transactions` on a private PostgreSQL is migrated back to the state of an
older revision and forward again, while a writer for each table updates one of its rows after the
other. The longest wait of a writer is the longest lock a person could have met, of a table or of a
row. At the end every table holds what it held before, and the ledger and the trail are right.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from tests import servers
from tests.rehearsal import ROOT, manage, settings_for

LONGEST_LOCK_SECONDS = 5.0
PAUSE_SECONDS = 0.2
ROWS_A_WRITER = 200
# The trail refuses updates. The others belong to Django's own bookkeeping.
UNWRITTEN = re.compile(r"^(users_audit.*|django_.*|auth_.*)$")
# Jobs fill these after an upgrade; until then every reader takes an absent row for "not yet".
FILLED_LATER = {
    *("accounts_ratemonth", "insights_monthcount", "insights_platformcount"),
    *("transactions_convertedmonth", "auth_permission", "django_migrations"),
}
# What a migration computes anew may get other ids, and a row's place in its table may change.
CONTENT = "to_jsonb(row) - 'id' - 'updated_at'"


class Step(NamedTuple):
    """One migration in one direction, and the longest a writer waited meanwhile."""

    name: str
    seconds: float
    waited: float
    table: str


@dataclass
class Writers:
    """A thread for each table that rewrites one of its rows after the other until it is stopped."""

    database: str
    is_over: bool = False
    writes: int = 0
    # By table: the longest wait since it was last asked for, and when the waiting one began.
    longest: dict[str, float] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._write, args=(name,)) for name in self._tables()]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.is_over = True
            for thread in threads:
                thread.join()

    def _tables(self) -> list[str]:
        with psycopg.connect(self.database) as connection:
            return [name for name in tables(connection) if not UNWRITTEN.match(name)]

    def _write(self, table: str) -> None:
        choose = random.Random(table)
        name = sql.Identifier(table)
        with psycopg.connect(self.database, autocommit=True) as connection:
            some = sql.SQL("SELECT id FROM {} ORDER BY random() LIMIT %s").format(name)
            update = sql.SQL("UPDATE {} SET id = id WHERE id = %s").format(name)
            ids: list[int] = []
            while not self.is_over:
                self.since[table] = time.monotonic()
                # Between the two directions a table may be gone for a while.
                with contextlib.suppress(psycopg.errors.UndefinedTable):
                    ids = ids or [pk for (pk,) in connection.execute(some, [ROWS_A_WRITER])]
                    self.since[table] = time.monotonic()
                    if ids:
                        connection.execute(update, [choose.choice(ids)])
                        self.writes += 1
                self._note(table)
                time.sleep(PAUSE_SECONDS)

    def _note(self, table: str) -> None:
        waited = time.monotonic() - self.since.pop(table)
        self.longest[table] = max(self.longest.get(table, 0), waited)

    def longest_wait(self) -> tuple[float, str]:
        """The longest wait since the last call, also of those that still wait, and its table."""
        now = time.monotonic()
        waits = self.longest | {
            table: max(self.longest.get(table, 0), now - since)
            for table, since in list(self.since.items())
        }
        self.longest = {}
        return max(((waited, table) for table, waited in waits.items()), default=(0.0, ""))


def tables(connection: psycopg.Connection) -> list[str]:
    """The tables with an `id`."""
    return [
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND column_name = 'id' ORDER BY 1"
        )
    ]


def contents(database: str) -> dict[str, tuple[int, str | None]]:
    """By table: its rows, and a sum over what they hold that doesn't depend on their order."""
    found = {}
    with psycopg.connect(database) as connection:
        for table in tables(connection):
            if table not in FILLED_LATER:
                statement = sql.SQL(
                    f"SELECT count(*), sum(hashtextextended(({CONTENT})::text, 0))::text"
                    " FROM {} AS row"
                ).format(sql.Identifier(table))
                [found[table]] = connection.execute(statement).fetchall()
    return found


def states_of(revision: str) -> dict[str, str]:
    """By app: the name of its last migration in that revision."""
    files = subprocess.run(
        ["git", "-C", str(ROOT), "ls-tree", "-r", "--name-only", revision],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.findall(r"^(\w+)/migrations/(\d{4}\w*)\.py$", files, re.M)
    return dict(sorted(found))


def migrate(environment: dict[str, str], writers: Writers, *target: str) -> list[Step]:
    """Run `migrate` and tell how long each of its migrations took and let a writer wait."""
    command = [sys.executable, "-u", "manage.py", "migrate", "--noinput", *target]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    steps, said, begun = [], [], time.monotonic()
    writers.longest_wait()
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        done = re.match(r"\s*(?:Una|A)pplying (\S+?)\.\.\.", line)
        if done:
            waited, table = writers.longest_wait()
            steps.append(Step(done[1], time.monotonic() - begun, waited, table))
        begun = time.monotonic()
    if process.wait():
        raise SystemExit("".join(said))
    return steps


def rehearse(database: str, environment: dict[str, str], old: str) -> None:
    """Migrate back to `old` and forward again. Asserts that nothing is lost or waits for long."""
    before = contents(database)
    for name in ("transactions_transaction", "transactions_dailytotal", "users_auditevent"):
        say(f"{name}: {before.get(name, (0,))[0]:,} rows")
    writers = Writers(database)
    back: list[Step] = []
    with writers.at_work():
        for app, name in states_of(old).items():
            back += migrate(environment, writers, app, name)
        forward = migrate(environment, writers)
    for title, steps in (("back", back), ("forward", forward)):
        tell(title, steps)
    after = contents(database)
    differing = [name for name in before | after if before.get(name) != after.get(name)]
    for check in ("check_ledger", "verify_audit"):
        say(f"{check}: {manage(ROOT, environment, check).strip().splitlines()[-1]}")
    say(f"{writers.writes} writes, load average {os.getloadavg()[0]:.1f}")
    assert not differing, {name: (before.get(name), after.get(name)) for name in differing}
    longest = max(back + forward, key=lambda step: step.waited)
    assert longest.waited <= LONGEST_LOCK_SECONDS, longest
    say(f"0 differences, longest wait {longest.waited:.2f} s")


def tell(title: str, steps: list[Step]) -> None:
    say(f"{title}: {len(steps)} migrations in {sum(step.seconds for step in steps):.1f} s")
    for step in sorted(steps, key=lambda step: -max(step.waited, step.seconds / 100))[:8]:
        say(f"  {step.name:<55}{step.seconds:7.1f} s, waited {step.waited:.2f} s ({step.table})")


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", required=True, help="the revision to go back to")
    parser.add_argument("--transactions", type=int, default=1_000_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="migrations-"))
    try:
        with servers.postgresql_server(forgetful=False) as server, servers.valkey() as broker:
            environment = settings_for(folder, server.url, broker)
            manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
            manage(ROOT, environment, "load_demo", f"--transactions={options.transactions}")
            rehearse(server.url, environment, options.old)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
