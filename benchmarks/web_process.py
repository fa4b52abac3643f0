"""What one web process needs: CPU time a request, memory, database connections.

CPU time hardly depends on what else the machine does, so it says how many requests a second one
core can serve. On PostgreSQL, with the demo household.
"""

import http.cookiejar
import os
import re
import sys
import tempfile
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from banking.launcher.serve import DEMO_PASSWORD  # noqa: E402
from tests import servers  # noqa: E402
from tests.process_memory import memory_mib, processes  # noqa: E402
from tests.rehearsal import Web, ask, manage, settings_for  # noqa: E402

REQUESTS = 60
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    stats = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2] for one in processes(pid)]
    return sum(int(part) for stat in stats for part in stat.split()[11:13]) / TICKS


def signed_in(address: str) -> urllib.request.OpenerDirector:
    """A browser of the demo user."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    page = opener.open(f"{address}/users/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    fields = {"login": "demo@example.com", "password": DEMO_PASSWORD}
    data = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token[1] if token else ""})
    landed = opener.open(f"{address}/users/login/", data.encode())
    assert landed.url == f"{address}/", landed.url
    return opener


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="web-process-"))
    with servers.postgresql() as database, servers.valkey() as broker:
        environment = settings_for(folder, database, broker)
        manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
        manage(ROOT, environment, "load_demo")
        web = Web(ROOT, servers.free_port(), environment, folder / "log")
        try:
            web.wait_ready()
            measure(web, database)
        finally:
            web.stop()


def measure(web: Web, database: str) -> None:
    pid, address = web.process.pid, f"http://127.0.0.1:{web.port}"
    before = memory_mib(pid)
    browser = signed_in(address)
    credentials = {"email": "demo@example.com", "password": DEMO_PASSWORD}
    token = ask(web.port, "POST", "/api/auth/login", credentials)[1]["access"]
    rows = ask(web.port, "GET", "/api/accounts", token=token)[1]["results"]
    source, target = [row["id"] for row in rows if row["account_type"] in ("checking", "savings")][
        :2
    ]

    def transfer() -> None:
        body = {"source": source, "target": target, "amount": "0.01"}
        key = str(uuid.uuid4())
        status, _ = ask(web.port, "POST", "/api/transfers", body, token=token, key=key)
        assert status == 201

    kinds: dict[str, Callable[[], object]] = {
        "dashboard page": lambda: browser.open(f"{address}/").read(),
        "transactions page": lambda: browser.open(f"{address}/transactions/").read(),
        "GET /api/accounts": lambda: ask(web.port, "GET", "/api/accounts", token=token),
        "GET /api/transactions": lambda: ask(web.port, "GET", "/api/transactions", token=token),
        "POST /api/transfers": transfer,
    }
    for name, send in kinds.items():
        for _ in range(10):
            send()
        begun = cpu_seconds(pid)
        for _ in range(REQUESTS):
            send()
        each = (cpu_seconds(pid) - begun) / REQUESTS
        print(f"{name}: {each * 1000:.1f} ms CPU, {1 / each:.0f} a second and core")
    with psycopg.connect(database) as connection:
        [count] = connection.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        ).fetchone()
    print(
        f"memory: {before} MiB at start, {memory_mib(pid)} MiB after; {count} database connections"
    )


if __name__ == "__main__":
    main()
