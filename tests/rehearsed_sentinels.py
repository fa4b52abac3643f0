"""The primary Valkey is lost under load: `make rehearse-sentinels ARGS='--people 3 --seconds 60'`.

Cache and broker are a primary and its replica, watched by three sentinels. The web server of
`make run`, a Celery worker and beat run on them and on a PostgreSQL of their own. People sign in;
then they look at pages, use the API and ask for statements, which the worker makes. In the middle
the primary is killed. Nobody may be signed out or refused anything, and every statement that was
promised must be made, also those whose message was lost with the primary. Exits 0 if so.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from banking.launcher import serve
from banking.launcher.place import Place
from tests import servers
from tests.load import in_books, running, wait_ready
from tests.load_person import Person, Told
from tests.rehearsal import ROOT, manage, own_checks, settings_for

# A lost message is sent again after three minutes.
LONGEST_SECONDS = 900
ROWS = 30
SIGN_INS = 30
KINDS = {"home": 5, "API read": 5, "add": 2, "statement": 2}
UNMADE = (
    "from insights.models import Export as E; print(E.objects.exclude(status='done').count(),"
    " E.objects.count())"
)


class Customer(Person):
    """A person who also asks for statements."""

    promised = 0

    def _statement(self) -> None:
        body = {"account": self.accounts[0], "period": "this_month"}
        key = self._new_text("statement")
        self._api("POST", "/api/export/pdf", body, {201, 202}, key=key)
        self.promised += 1

    def stay(self, is_over: threading.Event) -> None:
        kinds, weights = list(KINDS), list(KINDS.values())
        while not is_over.wait(self.random.uniform(0, 2)):
            self.do(self.random.choices(kinds, weights)[0])


def rehearse(people: int, seconds: float) -> dict[str, int | str | float]:
    """What happened. All but the first four are 0 or "" if nothing was lost."""
    folder = Path(tempfile.mkdtemp(prefix="sentinels-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        database = stack.enter_context(servers.postgresql_server(forgetful=False))
        stores = stack.enter_context(servers.sentinels())
        environment = settings_for(folder, database.url, stores.url) | {"DEMO": "false"}
        manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
        in_books(environment, f"books.open_people({people}, {ROWS})")
        port = servers.free_port()
        for child in (serve.web(Place("127.0.0.1", port, folder)), serve.worker(), serve.beat()):
            stack.enter_context(running(child.command, environment, folder))
        wait_ready(port)
        customers = [Customer(number, port, "sentinels") for number in range(people)]
        use(customers, seconds, stores.primary.kill)
        promised = sum(one.promised for one in customers)
        waited = wait_for_statements(environment)
        unmade, made = map(int, manage(ROOT, environment, "shell", "-v0", "-c", UNMADE).split())
        failures = [failure for one in customers for failure in one.told.failures]
        return {
            "done": sum(len(times) for one in customers for times in one.told.seconds.values()),
            "statements promised": promised,
            "longest seconds": max(
                max(times) for one in customers for times in one.told.seconds.values()
            ),
            "seconds until all statements were made": waited,
            "failures": len(failures),
            "of these": "\n".join(failures[:5]),
            "statements not made": unmade,
            "statements too many or too few": made - promised,
            **own_checks(environment),
        }


def use(customers: list[Customer], seconds: float, lose: Callable[[], None]) -> None:
    """Let everyone sign in, then use the product, and lose the primary in the middle."""
    is_over = threading.Event()
    for customer in customers:
        sign_in(customer)
    threads = [threading.Thread(target=one.stay, args=(is_over,)) for one in customers]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    lose()
    time.sleep(seconds / 2)
    is_over.set()
    for thread in threads:
        thread.join()


def sign_in(customer: Customer) -> None:
    """Try until it works: on a busy machine the cache may be slow, and nobody signs in without."""
    for _ in range(SIGN_INS):
        if customer.do("sign-in"):
            customer.told = Told()
            return
        time.sleep(2)
    raise SystemExit(customer.told.failures[-1])


def wait_for_statements(environment: dict[str, str]) -> int:
    """Wait until the worker has made all of them, or no longer: the seconds."""
    begun = time.monotonic()
    while time.monotonic() < begun + LONGEST_SECONDS:
        if manage(ROOT, environment, "shell", "-v0", "-c", UNMADE).startswith("0 "):
            break
        time.sleep(2)
    return int(time.monotonic() - begun)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60)
    report = rehearse(**vars(parser.parse_args()))
    for name, value in report.items():
        sys.stdout.write(f"{name}: {value or 0}\n")
    return int(any(list(report.values())[4:]))


if __name__ == "__main__":
    sys.exit(main())
