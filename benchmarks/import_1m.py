"""A million CSV lines in five files through web server and worker: does a line keep its price?

    .venv/bin/python benchmarks/import_1m.py [--rows 1000000] [--first 100000] [--check]

A file may have 250,000 lines, so the first has 100,000 and the others share the rest. Each is
uploaded through the API and imported by the Celery worker of `make run`, with 372 rules, on
PostgreSQL, which waits for the disk at each commit. The time is from the upload until the import is
done. Memory is the peak of the largest worker process, and of all of them together, where what they
share counts once. With `--check`, `check_ledger` and `verify_audit` run at the end.
"""

import argparse
import os
import re
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from import_100k import make_csv
from web_process import cpu_seconds

from banking.launcher import serve as launcher
from banking.launcher.place import Place
from banking.limits import IMPORT_MAX_ROWS
from tests import load, servers
from tests.load_person import Person
from tests.process_memory import memory_mib, processes
from tests.rehearsal import ROOT, manage, own_checks, settings_for

RULES = """
import sys; sys.path.insert(0, "benchmarks")
from import_100k import add_rules
from users.models import User
add_rules(User.objects.get(email="person-0@example.com"))
"""


class Importer(Person):
    """Waits for the worker where another person's small file is imported at once."""

    def _ask(self, method, path, body, wanted, headers):
        return super()._ask(method, path, body, wanted | {202}, headers)

    def bring_in(self, content: str, rows: int) -> None:
        self._upload({"account": str(self.accounts[0])}, content, key=f"file-{time.monotonic()}")
        batch = self._api("GET", "/api/imports", None, {200})["results"][0]["id"]
        while True:
            found = self._api("GET", f"/api/imports/{batch}", None, {200})
            if found["status"] == "done":
                break
            time.sleep(0.1)
        assert found["counts"]["added"] == rows, found["counts"]


class Watch(threading.Thread):
    """The worker's peak memory in MiB: all processes together, and the largest."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.together = pid, 0

    def run(self) -> None:
        while True:
            with suppress(OSError):  # A process may end while it is read.
                self.together = max(self.together, memory_mib(self.pid))
            time.sleep(0.5)

    @property
    def largest(self) -> int:
        status = [Path(f"/proc/{one}/status").read_text() for one in processes(self.pid)]
        return max(int(re.findall(r"VmHWM:\s+(\d+)", text)[0]) for text in status) // 1024


def files(rows: int, first: int):
    """(number of lines, file) with the days in order."""
    header, *lines = make_csv(rows).decode().split("\n")
    count = -(-(rows - first) // IMPORT_MAX_ROWS)
    each = (rows - first) // count
    place = 0
    for size in (first, *[each] * count):
        yield size, "\n".join([header, *lines[place : place + size]])
        place += size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=100_000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(servers.postgresql_server(forgetful=False))
        environment = settings_for(folder, database.url, stack.enter_context(servers.valkey()))
        manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
        load.in_books(environment, "books.open_people(1, 0)")
        manage(ROOT, environment, "shell", "-v", "0", "-c", RULES)
        port = servers.free_port()
        web = launcher.web(Place("127.0.0.1", port, folder)).command
        stack.enter_context(load.running(web, environment, folder))
        worker = launcher.worker().command
        pid = stack.enter_context(load.running(worker, environment, folder))
        load.wait_ready(port)
        person = Importer(0, port, "import")
        if not person.do("sign-in"):
            raise SystemExit(person.told.failures[0])
        measure(pid, person, options)
        if options.check:
            found = own_checks(environment)
            print({name: value or "finds nothing" for name, value in found.items()})
        print(f"load average {os.getloadavg()[0]:.1f}")


def measure(pid: int, person: Importer, options: argparse.Namespace) -> None:
    watch = Watch(pid)
    print(f"the worker before: {memory_mib(pid)} MiB, largest {watch.largest}")
    watch.start()
    held, cost = 0, []
    for rows, content in files(options.rows, options.first):
        begun, cpu = time.monotonic(), cpu_seconds(pid)
        person.bring_in(content, rows)
        wall, cpu = time.monotonic() - begun, cpu_seconds(pid) - cpu
        cost.append((wall / rows, cpu / rows))
        print(
            f"{rows:,} lines beside {held:,}: {wall:.1f} s, {wall / rows * 1e6:.0f} µs a line,"
            f" {cpu / rows * 1e6:.0f} of CPU; worker {watch.together} MiB, largest {watch.largest}",
            flush=True,
        )
        held += rows
    (first, first_cpu), (last, last_cpu) = cost[0], cost[-1]
    print(f"the last file's line / the first's: {last / first:.2f}, CPU {last_cpu / first_cpu:.2f}")


if __name__ == "__main__":
    main()
