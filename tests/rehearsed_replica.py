"""Pages on a replica that lags and is killed: `make rehearse-replica`.

Two PostgreSQL in streaming replication, and the web server and worker of `make run` with
REPLICA_URL. People do what they do in `make load`; and whenever somebody has added a transaction,
their next page and their next answer of the API must show it, and their balance to the cent. The
replica keeps up, then replays each commit 0.2 s late, then nothing; it is killed and started again
several times, then stays away, and at last is back, for an equal share of the time each. A failure
is any answer other than the wanted one. Exits 0 if there was none and the books are right.
"""

import argparse
import contextlib
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from banking.launcher import serve
from banking.launcher.place import Place
from tests import servers
from tests.load import in_books, judged, running, wait_ready
from tests.load_person import Person, Told, WrongAnswerError
from tests.rehearsal import ROOT, manage, settings_for

ROWS = 300
LATE = "200ms"
# Until a web process that was refused by the replica asks it again, and then some.
READ_SECONDS = 3
KINDS = {"home": 5, "list": 4, "search": 3, "API read": 5, "add": 6, "categorize": 2, "import": 1}
COUNTED = re.compile(r'^database_page_snapshots_total\{server="(\w+)"\} ([\d.]+)', re.M)


class Reader(Person):
    """A person who looks for everything they have added."""

    looked = 0
    balance: Decimal | None = None

    def _add(self) -> None:
        before = self._own_balance() if self.balance is None else self.balance
        super()._add()
        description = self.told.booked[-1]
        shown = self._api("GET", f"/api/transactions?search={description}", None, {200})["results"]
        if [row["description"] for row in shown] != [description]:
            raise WrongAnswerError(f"the API does not show {description}")
        self.balance = before - Decimal(shown[0]["amount"])
        if self._own_balance() != self.balance:
            raise WrongAnswerError(f"the balance is not {self.balance}")
        path = f"/transactions/?search={description}"
        if description not in self._ask("GET", path, None, {200}, {"Cookie": self._cookie()}):
            raise WrongAnswerError(f"the page does not show {description}")
        self.looked += 1

    def _own_balance(self) -> Decimal:
        rows = self._api("GET", "/api/accounts", None, {200})["results"]
        return Decimal(next(row["balance"] for row in rows if row["id"] == self.accounts[0]))

    def stay(self, pause: float, is_over: threading.Event) -> None:
        kinds, weights = list(KINDS), list(KINDS.values())
        while not is_over.wait(self.random.uniform(0, 2 * pause)):
            self.do(self.random.choices(kinds, weights)[0])


class Stages:
    """What happens to the replica, one thing after the other."""

    def __init__(self, replica: servers.PostgreSQL, kills: int) -> None:
        self.replica, self.kills = replica, kills

    def keeps_up(self) -> None: ...

    def replays_late(self) -> None:
        self._tell(f"ALTER SYSTEM SET recovery_min_apply_delay = '{LATE}'")
        self._tell("SELECT pg_reload_conf()")

    def replays_nothing(self) -> None:
        self._tell("ALTER SYSTEM RESET recovery_min_apply_delay")
        self._tell("SELECT pg_reload_conf()")
        self._tell("SELECT pg_wal_replay_pause()")

    def is_killed_again_and_again(self) -> None:
        for _ in range(self.kills):
            self.replica.kill()
            self.is_back()
            time.sleep(READ_SECONDS)

    def is_away(self) -> None:
        self.replica.kill()

    def is_back(self) -> None:
        for _ in range(20):
            time.sleep(0.5)
            # Until the last of its processes has ended, the new one refuses to start.
            with contextlib.suppress(servers.MissingError):
                self.replica.start()
                return
        raise SystemExit("The replica does not start again.")

    def all(self) -> list[Callable[[], None]]:
        return [
            *(self.keeps_up, self.replays_late, self.replays_nothing),
            *(self.is_killed_again_and_again, self.is_away, self.is_back),
        ]

    def _tell(self, command: str) -> None:
        with psycopg.connect(self.replica.url, autocommit=True) as connection:
            connection.execute(command)


def rehearse(people: int, seconds: float, pause: float, kills: int) -> dict[str, Any]:
    """What happened; the values of "wrong" are 0 or "" if nothing was."""
    folder = Path(tempfile.mkdtemp(prefix="replica-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        primary = stack.enter_context(servers.postgresql_server(forgetful=False))
        replica = stack.enter_context(servers.standby(primary))
        broker = stack.enter_context(servers.valkey())
        environment = settings_for(folder, primary.url, broker) | {
            "DEMO": "false",
            "RATE_LIMITS": "",
            "REPLICA_URL": replica.url,
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        }
        (folder / "metrics").mkdir()
        manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
        manage(ROOT, environment, "check_engine")
        in_books(environment, f"books.open_people({people}, {ROWS})")
        port = servers.free_port()
        for child in (serve.web(Place("127.0.0.1", port, folder)), serve.worker()):
            stack.enter_context(running(child.command, environment, folder))
        wait_ready(port)
        readers = [Reader(number, port, "replica") for number in range(people)]
        stages = use(readers, Stages(replica, kills).all(), seconds, pause)
        told = Told()
        for reader in readers:
            told.add(reader.told)
        return {
            "stages": stages,
            "looked for own entries": sum(reader.looked for reader in readers),
            "wrong": {
                "failures": len(told.failures),
                "of these": "\n".join(told.failures[:5]),
                **judged(folder, environment, told),
            },
        }


def use(
    readers: list[Reader], stages: list[Callable[[], None]], seconds: float, pause: float
) -> dict[str, str]:
    """Let everyone sign in and stay through all stages: what was done in each."""
    is_over = threading.Event()
    for reader in readers:
        reader.do("sign-in")
    threads = [threading.Thread(target=one.stay, args=(pause, is_over)) for one in readers]
    found = {}
    for thread in threads:
        thread.start()
    try:
        for stage in stages:
            before = state_of(readers)
            stage()
            time.sleep(seconds / len(stages))
            found[stage.__name__.replace("_", " ")] = described(before, state_of(readers))
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    return found


def state_of(readers: list[Reader]) -> Counter[str]:
    """So far: things done and failed, snapshots of pages by the server that was read."""
    asked = urllib.request.Request(f"http://127.0.0.1:{readers[0].port}/metrics")
    asked.add_header("Host", "localhost")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        text = answer.read().decode()
    found = Counter({server: int(float(count)) for server, count in COUNTED.findall(text)})
    found["done"] = sum(len(times) for one in readers for times in one.told.seconds.values())
    found["failed"] = sum(len(one.told.failures) for one in readers)
    return found


def described(before: Counter[str], after: Counter[str]) -> str:
    names = ("done", "failed", "replica", "primary")
    return ", ".join(f"{name} {after[name] - before[name]}" for name in names)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--pause", type=float, default=0.6, help="between two things, on average")
    parser.add_argument("--kills", type=int, default=8)
    report = rehearse(**vars(parser.parse_args()))
    wrong = report["wrong"]
    lines = [f"{name}: {what}" for name, what in report["stages"].items()]
    lines.append(f"own entries looked for and found: {report['looked for own entries']}")
    lines += [f"{name}: {value or 0}" for name, value in wrong.items()]
    lines.append(f"load average {os.getloadavg()[0]:.1f}")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(wrong.values()))


if __name__ == "__main__":
    sys.exit(main())
