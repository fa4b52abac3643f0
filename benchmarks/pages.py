"""Pages and API responses of one person with 10,000, 100,000 and 1,000,000 transactions, compared
with bare views that read the same tables.

    .venv/bin/python benchmarks/pages.py [--rows 10000 1000000] [--engine postgresql|sqlite]
        [--rounds N] [--keep FOLDER] [--only NAME …] [--against REVISION]

Each size gets its own database with the demo household and its shops (45% of the rows on accounts
in another currency), served by granian with one worker; all middleware is on. Requests are
interleaved in one run by one client over loopback HTTP: p50 in milliseconds, the number of queries
(counted in another process), and bytes. *Bare* is a Django view without middleware on the same
database. With `--keep` the databases stay in the folder for the next run; they are checked and
their queries counted again for another commit. More than a million rows are that million repeated
(databases.py). With `--only` no other pages are requested but the bare ones. With `--against` an
earlier revision is served beside this one, with its own database of the first size, and its
requests alternate with ours. Nothing is measured if the overview's sums are not those of the rows
(oracle.py).
"""

import argparse
import http.client
import itertools
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
# The product to measure: this one, or the revision that this one is compared with.
ROOT = Path(os.environ.get("BENCH_ROOT", HERE.parent))
sys.path[:0] = [str(ROOT), str(HERE)]

import databases  # noqa: E402

PERSON = "demo@example.com"
# Kept pages are shown again until something on them changes; "computed" asks for another address
# each time, and the API for a month. Some of what a page is made from is then still kept, as it is
# "after a note" of a transaction; "after a change" of its category nothing is.
THIS_MONTH = datetime.now(UTC).strftime("%Y-%m")
PAGES = {
    "home": "/",
    "home, computed": "/",
    "home, after a note": "/",
    "home, after a change": "/",
    "list": "/transactions/",
    "list, computed": "/transactions/",
    "list, deep": "/transactions/",
    "search": "/transactions/?search=market",
    "search, computed": "/transactions/?search=market",
    "accounts": "/accounts/",
    "budgets": "/budgets/",
    "cash flow": "/insights/cash-flow/",
    "forecast": "/insights/forecast/",
    "forecast, computed": "/insights/forecast/",
    "yearly": "/insights/yearly/",
    "API overview": "/api/dashboard/overview",
    "API overview, computed": f"/api/dashboard/overview?month={THIS_MONTH}",
    "API list of 50": "/api/transactions?page_size=50",
}
BARE = {"bare home": "/home", "bare list": "/list", "bare search": "/list?search=market"}
BARE_API = {"bare API list": "/api-list"}
BARE_API_SERVER = ("bare_api:application", {"DJANGO_SETTINGS_MODULE": "bare_api_settings"})
# What a page is compared with; every other one with the bare list.
BESIDE = {
    "home": "bare home",
    "home, computed": "bare home",
    "home, after a note": "bare home",
    "home, after a change": "bare home",
    "search": "bare search",
    "search, computed": "bare search",
    "API overview": "bare home",
    "API overview, computed": "bare home",
    "API list of 50": "bare API list",
}
# How far down the list the tested page is.
DEEP = 60


_asked = itertools.count()


def address_of(name: str, path: str) -> str:
    """Another address for each request of a page that must be computed."""
    if not name.endswith("computed") or path.startswith("/api/"):
        return path
    return f"{path}{'&' if '?' in path else '?'}asked={next(_asked)}"


def edit_before(name: str, turn: int) -> dict[str, str]:
    """What is edited of a transaction before this page is requested, if anything. Each turn chooses
    another category than the one before.
    """
    if name.endswith("after a note"):
        return {"notes": secrets.token_hex(8)}
    category = ("groceries", "household")[turn % 2]
    return {"category": category} if name.endswith("after a change") else {}


def is_kept(name: str) -> bool:
    """Whether this measures a page shown again: only the latest of a kind is kept, so each such
    request comes right after another.
    """
    return f"{name}, computed" in PAGES


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# --- In a process of its own: build a database, count queries -------------------------------------


def build(rows: int) -> None:
    """Migrate, load data and sign in; print what the measuring process needs as JSON."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from insights.demo.loading import load_demo
    from users.models import User

    call_command("migrate", verbosity=0)
    load_demo(on=datetime.now(UTC).date(), transaction_count=rows)
    _convert()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    user = User.objects.get(email=PERSON)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(
        "/api/auth/login",
        {"email": PERSON, "password": "demo-Passw0rd!"},
        content_type="application/json",
    )
    token = answer.json()["access"]
    _check_sums(client, user, {"Authorization": f"Bearer {token}"})
    # The first visit of a day is noted, after which a page is no longer the one kept.
    client.get("/")
    deep = _deep_cursor(user)
    paths = {**PAGES, "list, deep": f"/transactions/?cursor={deep}" if deep else PAGES["list"]}
    counted = {}
    for name, path in paths.items():
        headers = {"Authorization": f"Bearer {token}"} if path.startswith("/api/") else {}
        client.get(path, headers=headers)
        if edit := edit_before(name, 0):
            _change(client, user, edit, {"Authorization": f"Bearer {token}"})
        counted[name] = _queries(client, address_of(name, path), headers)
    (session,) = (client.cookies[name].value for name in client.cookies if "session" in name)
    say(
        json.dumps(
            {
                "user": user.pk,
                "session": session,
                "paths": paths,
                "queries": counted,
                "rows": user.transactions.count(),
            }
        )
    )


def _check_sums(client, user, headers: dict[str, str]) -> None:
    from oracle import wrong_figures

    shown = client.get("/api/dashboard/overview", headers=headers).json()
    # Pages count until the person's today, which begins hours after the day of UTC in New York.
    wrong = wrong_figures(user, shown, datetime.now(ZoneInfo(user.timezone)).date())
    if wrong:
        raise SystemExit("\n".join(["Wrong sums have no time:", *wrong]))


def _change(client, user, edit: dict[str, str], headers: dict[str, str]) -> None:
    path = f"/api/transactions/{user.transactions.latest('pk').pk}"
    answer = client.patch(path, edit, headers=headers, content_type="application/json")
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")


def _convert() -> None:
    """Work the worker does within a minute; missing in older revisions."""
    try:
        from transactions.services.converting import convert_open_months
    except ImportError:
        return
    while convert_open_months(limit=1000):
        pass


def _deep_cursor(user) -> str:
    from banking.kernel.keyset import full_ordering, keyset_page
    from transactions.models import Transaction

    rows = Transaction.objects.visible_to(user)
    cursor = ""
    for _ in range(DEEP):
        page = keyset_page(rows, full_ordering(rows), 50, cursor)
        cursor = page.next_cursor
        if not cursor:
            return ""
    return cursor


def _queries(client, path: str, headers: dict[str, str]) -> int:
    from django.db import connections

    count = 0

    def counting(execute, sql, params, many, context):
        nonlocal count
        count += 1
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(counting))
        client.get(path, headers=headers)
    return count


# --- Measuring ------------------------------------------------------------------------------------


class Built:
    """One size: its database, built unless it is kept, and what is known of it."""

    def __init__(self, rows: int, url: str, redis: str, folder: Path, root: Path = ROOT) -> None:
        from tests import servers

        self.rows, self.root, self.folder = rows, root, folder
        folder.mkdir(parents=True, exist_ok=True)
        known = folder / f"known-{rows}.json"
        self.environment = {
            **servers.environment_without_settings(),
            "DATABASE_URL": url,
            "REDIS_URL": redis,
            "DATA_DIR": str(folder),
            "SECRET_KEY": "only-for-measuring-" + "x" * 40,
            "DEBUG": "0",
            "HTTPS": "0",
            "DEMO": "1",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "banking.settings",
            "BENCH_ROOT": str(root),
            "TERM": "dumb",
        }
        self.known = json.loads(known.read_text()) if known.exists() else {}
        if self.known.get("revision") != _git("rev-parse", "HEAD", root=root):
            self.known = self._built(known)

    @property
    def name(self) -> str:
        """The heading of its column."""
        return f"{self.rows:,}" if self.root == ROOT else self.root.name

    def _built(self, known: Path) -> dict:
        say(f"building {self.name} …")
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, "--build", str(self.rows)],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        found = json.loads(done.stdout.strip().splitlines()[-1])
        found["revision"] = _git("rev-parse", "HEAD", root=self.root)
        known.write_text(json.dumps(found))
        say(f"… {found['rows']} rows in {time.monotonic() - started:.0f} s")
        return found


class Served(Built):
    """A size with the product's server and the bare servers."""

    def __init__(self, stack: ExitStack, *built: Any) -> None:
        from tests import servers

        super().__init__(*built)
        self.port, self.bare_port = servers.free_port(), servers.free_port()
        serve(stack, self, self.port, "banking.wsgi:application", {})
        bare = {"BARE_USER": str(self.known["user"]), "DJANGO_SETTINGS_MODULE": "bare"}
        serve(stack, self, self.bare_port, "bare:application", bare)
        self.bare_api_port = servers.free_port()
        serve(stack, self, self.bare_api_port, *BARE_API_SERVER)
        # Tokens do not live as long as kept databases.
        self.token = self._signed_in()

    def _signed_in(self) -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            body = json.dumps({"email": PERSON, "password": "demo-Passw0rd!"})
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/api/auth/login", body, headers)
            token: str = json.load(connection.getresponse())["access"]
        return token

    def change(self, edit: dict[str, str]) -> None:
        """Edit the latest transaction."""
        token = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", "/api/transactions?page_size=1", headers=token)
            (row,) = json.load(connection.getresponse())["results"]
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            body = json.dumps(edit)
            connection.request("PATCH", f"/api/transactions/{row['id']}", body, token)
            answer = connection.getresponse()
            if answer.status != 200:
                raise SystemExit(f"PATCH: {answer.status} {answer.read()[:300]!r}")

    def requests(self):
        cookie = {"Cookie": f"session={self.known['session']}"}
        token = {"Authorization": f"Bearer {self.token}"}
        for name, path in BARE.items():
            yield name, self.bare_port, path, {}
        for name, path in BARE_API.items():
            yield name, self.bare_api_port, path, token
        for name, path in {**PAGES, **self.known["paths"]}.items():
            headers = token if path.startswith("/api/") else cookie
            yield name, self.port, address_of(name, path), headers


def serve(
    stack: ExitStack, built: Built, port: int, target: str, more: dict[str, str], workers: int = 1
) -> int:
    """Start a server of this size's database: its process. It ends with the stack."""
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
            *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)),
            *("--blocking-threads", "2", "--log-level", "error", target),
        ],
        env={**built.environment, "PYTHONPATH": str(HERE / "bare"), **more},
        cwd=built.root,
    )
    stack.callback(server.wait)
    stack.callback(server.terminate)
    for _ in range(600):
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
            break
        except OSError:
            time.sleep(0.1)
    return server.pid


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[float, int]:
    """One request on its own connection; returns seconds and bytes."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        started = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - started
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
    return seconds, len(body)


def measure(sizes: list[Served], rounds: int, pages: list[str]) -> None:
    times: dict[tuple[str, str], list[float]] = {}
    sizes_of: dict[tuple[str, str], int] = {}
    for place in range(rounds + 2):
        for served in sizes:
            for name, port, path, headers in served.requests():
                if name not in pages and name not in BARE | BARE_API:
                    continue
                if is_kept(name):
                    ask(port, path, headers)
                if edit := edit_before(name, place):
                    served.change(edit)
                seconds, count = ask(port, path, headers)
                sizes_of[name, served.name] = count
                if place > 1:
                    times.setdefault((name, served.name), []).append(seconds)
    p50 = {key: statistics.median(found) * 1000 for key, found in times.items()}
    last = sizes[-1]
    heads = "".join(f" {served.name:>11}" for served in sizes)
    say(f"\n{'p50 in ms':22}{heads}   ratio  queries    bytes   × bare")
    for name in [*BARE, *BARE_API, *pages]:
        row = "".join(f" {p50[name, served.name]:11.1f}" for served in sizes)
        ratio = p50[name, last.name] / p50[name, sizes[0].name]
        beside = p50[name, last.name] / p50[BESIDE.get(name, "bare list"), last.name]
        queries = last.known["queries"].get(name, "")
        say(
            f"{name:22}{row} {ratio:7.2f} {queries:8} {sizes_of[name, last.name]:8,}"
            + ("" if name in BARE | BARE_API else f" {beside:8.1f}")
        )
    say(f"load average {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--engine", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", nargs="+", choices=PAGES, default=list(PAGES), metavar="NAME")
    parser.add_argument("--server", help="the URL of a server that runs already")
    parser.add_argument("--against", metavar="REVISION", help="a commit to compare with")
    parser.add_argument("--build", type=int)
    options = parser.parse_args()
    if options.build:
        build(options.build)
        return
    from tests import servers

    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = folder.absolute()
        redis = stack.enter_context(servers.valkey())
        base = options.server
        if options.engine == "postgresql" and not base:
            base = databases.server(stack, options.keep)
        products = [(rows, ROOT) for rows in options.rows]
        if options.against:
            earlier = _checked_out(stack, options.against)
            products = [(options.rows[0], earlier), (options.rows[0], ROOT)]
        described = []
        for number, (rows, root) in enumerate(products):
            own = folder / options.engine / str(rows) / (root.name if root != ROOT else "")
            url = f"sqlite:///{own / 'db.sqlite3'}"
            if options.engine == "postgresql":
                is_kept_one = bool(options.keep) and root == ROOT
                url = database_of(rows, base, is_kept_one, f"{redis}?db={number}", folder)
            # Each person is the first of their database: what is kept of one is not the other's.
            described.append((rows, url, f"{redis}?db={number}", own, root))
        sizes = [Served(stack, *size) for size in described]
        say(f"{options.engine}, {options.rounds} rounds")
        measure(sizes, options.rounds, options.only)


def database_of(rows: int, base: str, is_kept_one: bool, redis: str, folder: Path) -> str:
    """The URL of a size's database on the server, which Built fills unless it is filled."""
    name = f"bench_{rows}" + ("" if is_kept_one else f"_{secrets.token_hex(3)}")
    if rows <= databases.LOADED:
        databases.create(base, name)
    else:
        own = folder / "postgresql" / str(databases.LOADED)
        loaded = database_of(databases.LOADED, base, is_kept_one, redis, folder)
        Built(databases.LOADED, loaded, redis, own)
        databases.enlarge(base, name, loaded.rsplit("/", 1)[1], rows // databases.LOADED)
    return databases.url_of(base, name)


def _git(*words: object, root: Path = ROOT) -> str:
    return subprocess.run(
        ["git", *map(str, words)], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def _checked_out(stack: ExitStack, revision: str) -> Path:
    """The revision's files in a folder of their own, as long as the stack is open."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    tree = folder / _git("rev-parse", "--short", revision)
    _git("worktree", "add", "--detach", tree, revision)
    stack.callback(_git, "worktree", "remove", "--force", tree)
    return tree


if __name__ == "__main__":
    main()
