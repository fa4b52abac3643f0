"""The bank test under kill -9: `make chaos ARGS='--seed N --transfers N --clients N --kills N'`.

Three web processes of their own serve on a private PostgreSQL. Client processes transfer money over
the API, each transfer under its own Idempotency-Key, and repeat a request with the same key until
it is decided. Every fifth time they first read a total, which no transfer may change. Meanwhile web
processes are killed, main process and workers, and with `--database-kills N` PostgreSQL too. Each
is started again after the launcher's first pause. With `--sqlite`, and perhaps `--web-processes 8`,
the processes share a file instead. At the end the books are compared with what the clients were
told. One seed decides all transfers and kills, though not how the machine interleaves them. Exits 0
if nothing is wrong, otherwise 1.
"""

import argparse
import contextlib
import json
import multiprocessing
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from queue import Empty
from typing import Any, NamedTuple

from banking.launcher.supervisor import BACK_OFF
from tests import servers
from tests.chaos_client import BOOKED, EMAILS, PASSWORD, REFUSED, Household, Told, run_client
from tests.rehearsal import ROOT, Web, ask, manage, own_checks, settings_for

# Longer than the longest run; the clients sign in once.
TOKEN_MINUTES = 600


class Plan(NamedTuple):
    """What a run does."""

    seed: str
    transfers: int
    clients: int
    kills: int
    database_kills: int
    sqlite: bool = False
    web_processes: int = 3


class Reaper:
    """Kills web processes and the database at the seeded moments, counted in decided transfers, and
    starts each again after a pause.
    """

    def __init__(
        self, start: Callable[[int], Web], server: servers.PostgreSQL | None, plan: Plan
    ) -> None:
        self.start_web, self.server = start, server
        self.random = random.Random(f"{plan.seed}-kills")
        self.moments = sorted(
            [(self.random.randrange(plan.transfers), "web") for _ in range(plan.kills)]
            + [(self.random.randrange(plan.transfers), "db") for _ in range(plan.database_kills)]
        )
        self.alive = {port: start(port) for port in free_ports(plan.web_processes)}
        self.ports = list(self.alive)
        self.start_again_at: dict[int, float] = {}
        self.killed: Counter[str] = Counter()
        # When the database was back, and how many transfers were decided then (at the next look).
        self.back: tuple[float, int | None] | None = None
        self.longest_return = 0.0

    def look(self, done: int) -> None:
        """Kill what is due once `done` transfers are decided, and start the fallen."""
        self._watch_return(done)
        while self.moments and self.moments[0][0] <= done and self.alive and not self.back:
            _, what = self.moments.pop(0)
            self.killed[what] += 1
            if what == "web":
                self._kill_web(self.random.choice(sorted(self.alive)))
            else:
                self._kill_database()
                self.back = time.monotonic(), None
        for port, at in list(self.start_again_at.items()):
            if time.monotonic() >= at:
                del self.start_again_at[port]
                self.alive[port] = self.start_web(port)

    def _watch_return(self, done: int) -> None:
        if self.back and self.back[1] is None:
            self.back = self.back[0], done
        elif self.back and done > self.back[1]:
            self.longest_return = max(self.longest_return, time.monotonic() - self.back[0])
            self.back = None

    def _kill_web(self, port: int) -> None:
        self.alive.pop(port).kill()
        self.start_again_at[port] = time.monotonic() + BACK_OFF[0]

    def _kill_database(self) -> None:
        assert self.server, "SQLite has no server to kill"
        self.server.kill()
        for _ in range(20):
            time.sleep(BACK_OFF[0])
            # Until the last of its processes has ended, the new one refuses to start.
            with contextlib.suppress(servers.MissingError):
                self.server.start()
                return
        raise SystemExit("PostgreSQL does not start again.")

    def stop(self) -> None:
        for web in self.alive.values():
            web.kill()


class Report(NamedTuple):
    """What a run found. `verdict` is empty where nothing is wrong."""

    told: Told
    verdict: dict[str, Any]
    seconds: float
    killed: Counter[str]
    longest_return: float

    def is_clean(self) -> bool:
        told = self.told
        return not (any(self.verdict.values()) or told.wrong_totals or told.changed_answers)

    def table(self) -> str:
        told = self.told
        outcomes = Counter(one.outcome for one in told.decisions)
        slowest = statistics.quantiles(told.seconds, n=100)
        rows: dict[str, Any] = {
            "transfers booked": outcomes[BOOKED],
            "transfers refused": outcomes[REFUSED],
            "transfers a second": f"{len(told.decisions) / self.seconds:.1f}",
            "seconds, p50 and p95": f"{slowest[49]:.2f} {slowest[94]:.2f}",
            "web processes killed": self.killed["web"],
            "databases killed": self.killed["db"],
            "seconds until it served": f"{self.longest_return:.1f}",
            "requests": sum(told.answers.values()),
            "of them without an answer": told.unanswered,
            "of them 5xx": told.server_errors,
            "totals read": told.total_reads,
            "wrong totals": len(told.wrong_totals),
            "answers that changed": len(told.changed_answers),
            **self.verdict,
        }
        lines = [
            f"{name:<28}{value if value != '' else 'clean'!s:>10}" for name, value in rows.items()
        ]
        odd = [name for name in outcomes if name not in {BOOKED, REFUSED}]
        examples = odd[:3] + told.wrong_totals[:3] + told.changed_answers[:3]
        return "\n".join([*lines, f"answers: {dict(sorted(told.answers.items()))}", *examples])


def run(plan: Plan) -> Report:
    if plan.sqlite:
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            url = f"sqlite:///{folder}/db.sqlite3"
            return bank_test(url, plan, lambda start: Reaper(start, None, plan))
    with servers.postgresql_server(forgetful=False) as server:
        return bank_test(server.url, plan, lambda start: Reaper(start, server, plan))


def bank_test(
    database: str, plan: Plan, reaper_for: Callable[[Callable[[int], Web]], Reaper]
) -> Report:
    """The bank test on that database. The reaper gets the function that starts a web process."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        with servers.valkey() as broker:
            environment = settings_for(folder, database, broker) | {
                "DEMO": "false",
                "BEHIND_PROXY": "false",
                "ACCESS_TOKEN_EXPIRE_MINUTES": str(TOKEN_MINUTES),
            }
            manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
            in_books(environment, "books.open_households()")
            log = folder / "log"
            reaper = reaper_for(lambda port: Web(ROOT, port, environment, log))
            try:
                for web in reaper.alive.values():
                    web.wait_ready()
                told, seconds = drive(reaper, plan)
            finally:
                reaper.stop()
            verdict = judged(folder, environment, told)
            return Report(told, verdict, seconds, reaper.killed, reaper.longest_return)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    return [servers.free_port() for _ in range(count)]


def drive(reaper: Reaper, plan: Plan) -> tuple[Told, float]:
    """Run the clients to their end, and kill meanwhile. What they were told, and the seconds."""
    households = [signed_in(reaper.ports[0], email) for email in EMAILS]
    fresh = multiprocessing.get_context("spawn")
    done, answers = fresh.Value("i", 0), fresh.Queue()
    begun = time.monotonic()
    processes = []
    for number in range(plan.clients):
        turns = plan.transfers // plan.clients + (number < plan.transfers % plan.clients)
        household = households[number % len(households)]
        given = (number, plan.seed, reaper.ports, household, turns, done, answers)
        processes.append(fresh.Process(target=run_client, args=given, daemon=True))
        processes[-1].start()
    told, waiting = Told(), plan.clients
    while waiting:
        reaper.look(done.value)
        try:
            told.add(answers.get(timeout=0.05))
            waiting -= 1
        except Empty:
            if any(process.exitcode for process in processes):
                raise SystemExit("A client failed; see above.") from None
    return told, time.monotonic() - begun


def signed_in(port: int, email: str) -> Household:
    credentials = {"email": email, "password": PASSWORD}
    status, tokens = ask(port, "POST", "/api/auth/login", credentials)
    assert status == 200, tokens
    _, accounts = ask(port, "GET", "/api/accounts", token=tokens["access"])
    rows = accounts["results"]
    total = sum(Decimal(row["balance"]) for row in rows)
    return Household(tokens["access"], [row["id"] for row in rows], str(total))


def judged(folder: Path, environment: dict[str, str], told: Told) -> dict[str, Any]:
    """The verdict of the books and of the product's own checks."""
    decisions = folder / "decisions.json"
    decisions.write_text(json.dumps([asdict(one) for one in told.decisions]))
    verdict = json.loads(in_books(environment, f"books.judge_file({str(decisions)!r})"))
    return verdict | own_checks(environment)


def in_books(environment: dict[str, str], call: str) -> str:
    """Call a function of tests/chaos_books.py with the instance's settings: what it printed."""
    script = f"from tests import chaos_books as books; {call}"
    return manage(ROOT, environment, "shell", "-v", "0", "-c", script)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transfers", type=int, default=400)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--database-kills", type=int, default=0)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--web-processes", type=int, default=3)
    return carry_out(parser, run)


def carry_out(parser: argparse.ArgumentParser, run: Callable[[Plan], Report]) -> int:
    """Carry out the plan of the command line, with a new seed unless it names one; print plan and
    report. 0 if the report is clean, otherwise 1.
    """
    parser.add_argument("--seed", default="", help="default: a new one, which is printed")
    plan = Plan(**vars(parser.parse_args()))
    plan = plan._replace(seed=plan.seed or str(random.SystemRandom().randrange(10**6)))
    sys.stdout.write(f"{plan}\n")
    sys.stdout.flush()
    report = run(plan)
    sys.stdout.write(f"{report.table()}\n")
    return 0 if report.is_clean() else 1


if __name__ == "__main__":
    sys.exit(main())
