"""Many people at once: `make load ARGS='--people 200 --seconds 600'`.

The web server of `make run` with its two processes, a Celery worker and the sandbox bank, on a
PostgreSQL and a Valkey of their own. Each person signs in and then looks at pages, searches,
categorizes, adds, imports, reads the API and syncs their bank, with a pause between. All limits are
as shipped, so everyone comes from a network of their own. A failure is any answer other than the
wanted one, or one with another person's texts. At the end the books are compared with what people
were told. Exits 0 if there was no failure and the books are right, otherwise 1.

Threads with http.client rather than Locust: that would add nineteen packages, Flask and gevent
among them, to everyone's set-up for this one command.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from banking.launcher import serve
from banking.launcher.place import Place
from tests import servers
from tests.load_person import Person, Told
from tests.process_memory import memory_mib
from tests.rehearsal import ROOT, ask, manage, own_checks, settings_for
from tests.sandbox_bank import sandbox_bank

READY_SECONDS = 120


class Plan(NamedTuple):
    """What a run does."""

    people: int
    seconds: float
    pause: float
    rows: int
    seed: str


@dataclass
class Report:
    """What a run found. `verdict` holds only zeros and "" if the books are right."""

    told: Told
    seconds: float
    memory: dict[str, int]
    verdict: dict[str, Any]

    def is_clean(self) -> bool:
        return not self.told.failures and not any(self.verdict.values())

    def table(self) -> str:
        count = sum(map(len, self.told.seconds.values()))
        lines = [f"{'':<12}{'done':>8}{'p50 ms':>9}{'p95 ms':>9}"]
        for kind, seconds in self.told.seconds.items():
            cut = statistics.quantiles([*seconds, *seconds], n=20)
            lines.append(f"{kind:<12}{len(seconds):>8}{cut[9] * 1000:>9.0f}{cut[18] * 1000:>9.0f}")
        lines.append(f"{count} done, {count / self.seconds:.1f} a second")
        lines += [f"memory of the {name}: {size} MiB" for name, size in self.memory.items()]
        lines.append(f"failures: {len(self.told.failures)}")
        lines += self.told.failures[:5]
        lines += [f"{name}: {value or 0}" for name, value in self.verdict.items()]
        lines.append(f"load average {os.getloadavg()[0]:.1f}")
        return "\n".join(lines)


def run(plan: Plan) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    try:
        with contextlib.ExitStack() as stack:
            database = stack.enter_context(servers.postgresql_server(forgetful=False))
            broker = stack.enter_context(servers.valkey())
            environment = settings_for(folder, database.url, broker) | {
                "DEMO": "false",
                "SANDBOX_BANK_URL": stack.enter_context(sandbox_bank(folder / "bank")),
                # As shipped: the launcher's settings have no limits.
                "RATE_LIMITS": "",
            }
            manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
            in_books(environment, f"books.open_people({plan.people}, {plan.rows})")
            port = servers.free_port()
            place = Place("127.0.0.1", port, folder)
            pids = {
                "web processes": stack.enter_context(
                    running(serve.web(place).command, environment, folder)
                ),
                "worker": stack.enter_context(running(serve.worker().command, environment, folder)),
            }
            wait_ready(port)
            told, seconds = drive(plan, port)
            memory = {name: memory_mib(pid) for name, pid in pids.items()}
            return Report(told, seconds, memory, judged(folder, environment, told))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[int]:
    """The id of a process that stops with the block."""
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_ready(port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if ask(port, "GET", "/readyz")[0] == 200:
                return
        time.sleep(0.2)
    raise SystemExit("The web server was not ready.")


def drive(plan: Plan, port: int) -> tuple[Told, float]:
    """Let people come over the first sixth of the time, and all of them leave at its end."""
    people = [Person(number, port, plan.seed) for number in range(plan.people)]
    is_over = threading.Event()
    threads = [
        threading.Thread(target=person.live, args=(plan.pause, is_over)) for person in people
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
        time.sleep(plan.seconds / 6 / plan.people)
    time.sleep(max(0, begun + plan.seconds - time.monotonic()))
    is_over.set()
    for thread in threads:
        thread.join()
    told = Told()
    for person in people:
        told.add(person.told)
    return told, time.monotonic() - begun


def judged(folder: Path, environment: dict[str, str], told: Told) -> dict[str, Any]:
    """The verdict of the books and of the product's own checks."""
    file = folder / "told.json"
    file.write_text(json.dumps({"booked": told.booked, "chosen": told.chosen}))
    verdict = json.loads(in_books(environment, f"books.judge_file({str(file)!r})"))
    return verdict | own_checks(environment)


def in_books(environment: dict[str, str], call: str) -> str:
    """Call a function of tests/load_books.py with the instance's settings: what it printed."""
    script = f"from tests import load_books as books; {call}"
    return manage(ROOT, environment, "shell", "-v", "0", "-c", script)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=5, help="between two things, on average")
    parser.add_argument("--rows", type=int, default=300, help="of each person's history")
    parser.add_argument("--seed", default="load")
    report = run(Plan(**vars(parser.parse_args())))
    sys.stdout.write(f"{report.table()}\n")
    return 0 if report.is_clean() else 1


if __name__ == "__main__":
    sys.exit(main())
