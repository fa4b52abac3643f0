"""One client and eight at once: throughput, waiting time, memory, and what a new transaction takes.

    .venv/bin/python benchmarks/clients.py [--rows 10000 …] [--seconds 8] [--rounds 3]
        [--posts 400] [--keep FOLDER]

The web server of `make run` with its two processes, on PostgreSQL (which waits for the disk at each
commit) and Valkey. The clients are threads on the same two cores with the cookies of one sign-in
of the demo person and a connection for each request. One and eight take turns. *CPU* is what the
web processes take for each thing, without PostgreSQL; *clients* is what these take of one core.

*Shown again* is home, list and `GET /api/transactions` with nothing changed; *computed* asks for
another address each time, so that no page is kept. Memory is that of all web processes after 1,000
mixed requests. `POST /api/transactions` is done on a copy of the first size by people with 300
transactions each, in turns with a bare view of Django REST framework that inserts the same row
with the same authentication. Afterward each row that was acknowledged must be there once, and
`check_ledger` and `verify_audit` must find nothing; otherwise nothing is printed.
"""

import argparse
import copy
import itertools
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import databases
import psycopg
from pages import BARE_API_SERVER, PAGES, PERSON, Built, database_of, say, serve
from web_process import cpu_seconds

from banking.launcher import serve as launcher
from banking.launcher.place import Place
from tests import load, servers
from tests.load_person import Person, Told
from tests.process_memory import memory_mib
from tests.rehearsal import settings_for

CLIENTS = 8
MIXED = 1_000
KEPT = ("home", "list", "API list")
COMPUTED = ("computed home", "computed list", "API page")
OTHERS = ("search", "API read", "budgets", "forecast")
_asked = itertools.count(1)


class Client(Person):
    """The demo person in a browser."""

    email, password = PERSON, launcher.DEMO_PASSWORD

    def _computed_home(self) -> None:
        self._page(f"/?asked={next(_asked)}")

    def _computed_list(self) -> None:
        self._page(f"/transactions/?asked={next(_asked)}")

    def _api_list(self) -> None:
        self._api("GET", "/api/transactions", None, {200})

    def _api_page(self) -> None:
        self._api("GET", f"/api/transactions?page_size={20 + next(_asked) % 20}", None, {200})

    def _search(self) -> None:
        self._page(PAGES["search"])

    def _budgets(self) -> None:
        self._page("/budgets/")

    def _forecast(self) -> None:
        self._page("/insights/forecast/")


class Done(NamedTuple):
    """What was done at once: the seconds of each, all in all, and CPU seconds of the web processes
    and of the clients.
    """

    seconds: dict[str, list[float]]
    wall: float
    web: float
    own: float

    @property
    def count(self) -> int:
        return sum(map(len, self.seconds.values()))

    @property
    def rate(self) -> float:
        return self.count / self.wall


def at_once(
    pid: int, people: list[Person], kinds: Iterable[str], *, seconds: float = 0, times: int = 0
) -> Done:
    """Let each do these things in turn, for so many seconds or so many times."""
    for person in people:
        person.told = Told()
    end = time.monotonic() + seconds if seconds else float("inf")

    def act(number: int, person: Person) -> None:
        # They don't begin with the same page.
        turn = itertools.islice(itertools.cycle(kinds), number, None)
        for kind in itertools.islice(turn, times or None):
            if time.monotonic() > end or not person.do(kind):
                return

    threads = [threading.Thread(target=act, args=pair) for pair in enumerate(people)]
    begun, web, own = time.monotonic(), cpu_seconds(pid), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, web, own = time.monotonic() - begun, cpu_seconds(pid) - web, time.process_time() - own
    told = Told()
    for person in people:
        told.add(person.told)
    if told.failures:
        raise SystemExit("\n".join(told.failures[:5]))
    return Done(dict(told.seconds), wall, web, own)


def joined(runs: list[Done]) -> Done:
    seconds: dict[str, list[float]] = {}
    for kind, found in itertools.chain.from_iterable(run.seconds.items() for run in runs):
        seconds.setdefault(kind, []).extend(found)
    walls, webs, owns = zip(*((run.wall, run.web, run.own) for run in runs), strict=True)
    return Done(seconds, sum(walls), sum(webs), sum(owns))


def table(title: str, found: dict[str, Done]) -> None:
    heads = f"{'done':>7}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'clients':>9}"
    say(f"\n{title:42}{heads}")
    for name, done in found.items():
        everything = list(itertools.chain.from_iterable(done.seconds.values()))
        more = f"{done.web / done.count * 1e3:9.1f}{done.own / done.wall:9.0%}"
        say(f"{name:42}{done.count:7}{done.rate:10.1f}{waited(everything)}{more}")
        for kind, seconds in done.seconds.items() if len(done.seconds) > 1 else ():
            say(f"  {kind:40}{len(seconds):7}{'':10}{waited(seconds)}")


def waited(seconds: list[float]) -> str:
    """p50 and p95 in milliseconds."""
    cut = statistics.quantiles([*seconds, *seconds], n=20)
    return f"{cut[9] * 1e3:9.1f}{cut[18] * 1e3:9.1f}"


def signed_in(people: list[Person]) -> list[Person]:
    for person in people:
        if not person.do("sign-in"):
            raise SystemExit(person.told.failures[0])
    return people


def web_server(stack: ExitStack, environment: dict[str, str], folder: Path) -> tuple[int, int]:
    """The process of the web server and its port."""
    port = servers.free_port()
    command = launcher.web(Place("127.0.0.1", port, folder)).command
    pid = stack.enter_context(load.running(command, environment, folder))
    load.wait_ready(port)
    return pid, port


def read(built: Built, url: str, redis: str, options: argparse.Namespace) -> None:
    """Memory and throughput of one size."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pid, port = web_server(stack, settings_for(folder, url, redis), folder)
        [client] = signed_in([Client(0, port, "clients")])
        clients = [copy.copy(client) for _ in range(CLIENTS)]
        before = memory_mib(pid)
        at_once(pid, clients[:4], [*KEPT, *COMPUTED, *OTHERS], times=MIXED // 4)
        rows = built.known["rows"]
        say(f"\n{rows:,} rows: all web processes {before} MiB, {memory_mib(pid)} after {MIXED:,}")
        if not options.seconds:
            return
        for title, kinds in (("shown again", KEPT), ("computed", COMPUTED)):
            ways = {"1 client": clients[:1], f"{CLIENTS} clients": clients}
            runs: dict[str, list[Done]] = {}
            for _, name in itertools.product(range(options.rounds), ways):
                done = at_once(pid, ways[name], kinds, seconds=options.seconds)
                runs.setdefault(name, []).append(done)
            found = {name: joined(runs[name]) for name in ways}
            table(f"{title}, {rows:,} rows", found)
            one, many = found.values()
            say(f"throughput × {many.rate / one.rate:.2f}")


def post(built: Built, url: str, redis: str, options: argparse.Namespace) -> None:
    """A new transaction by one writer and by eight, and the same row by a bare view."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = settings_for(folder, url, redis)
        load.in_books(environment, f"books.open_people({CLIENTS}, 300)")
        pid, port = web_server(stack, environment, folder)
        built.environment, bare_port = environment, servers.free_port()
        bare_pid = serve(stack, built, bare_port, *BARE_API_SERVER, workers=2)
        people = signed_in([Person(number, port, "clients") for number in range(CLIENTS)])
        bare, same = [copy.copy(one) for one in people], [copy.copy(people[0]) for _ in people]
        for one in bare:
            one.port = bare_port
        ways = {
            "bare view, 1 writer": (bare_pid, bare[:1]),
            f"bare view, {CLIENTS} writers": (bare_pid, bare),
            "1 writer": (pid, people[:1]),
            f"{CLIENTS} writers, each on their own account": (pid, people),
            f"{CLIENTS} writers on one account": (pid, same),
        }
        told, runs = Told(), {name: [] for name in ways}
        # The first of all are not counted: each process then has done it before.
        for turn, name in itertools.product(range(options.rounds + 1), ways):
            server, writers = ways[name]
            times = options.posts // options.rounds // len(writers) if turn else 5
            done = at_once(server, writers, ("add",), times=times)
            if turn:
                runs[name].append(done)
            if server == pid:
                for writer in writers:
                    told.add(writer.told)
        without_bare_rows(url, told.booked)
        verdict = load.judged(folder, environment, told)
        if any(verdict.values()):
            raise SystemExit(f"The books are wrong: {verdict}")
        table("POST /api/transactions", {name: joined(found) for name, found in runs.items()})
        say(f"{len(told.booked)} rows, each there once; check_ledger and verify_audit find nothing")


def without_bare_rows(url: str, booked: list[str]) -> None:
    """The bare view keeps no totals, so what it inserted must go before they are checked."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "DELETE FROM transactions_transaction WHERE description LIKE 'owner-%%-added-%%'"
            " AND description <> ALL(%s)",
            (booked,),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000])
    parser.add_argument("--seconds", type=float, default=8, help="of each turn; 0: only memory")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--posts", type=int, default=400, help="by each way; 0: none")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        base = databases.server(stack, options.keep, forgetful=False)
        redis = stack.enter_context(servers.valkey())
        sizes = []
        for number, rows in enumerate(options.rows):
            own, broker = folder.absolute() / "postgresql" / str(rows), f"{redis}?db={number}"
            url = database_of(rows, base, bool(options.keep), broker, folder.absolute())
            sizes.append((Built(rows, url, broker, own), url, broker))
        if options.posts:
            built, url, broker = sizes[0]
            with databases.copied(base, url.rsplit("/", 1)[1]) as copy_url:
                post(built, copy_url, broker, options)
        for built, url, broker in sizes:
            read(built, url, broker, options)
        say(f"load average {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
