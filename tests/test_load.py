"""Several people at once do everything `make load` does; nothing fails, and the books are right."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from accounts.models import SyncRun
from banking import settings as product
from banking.launcher import serve
from tests import servers
from tests.invariants import assert_ledger_holds
from tests.load import running
from tests.load_books import judge, open_people
from tests.load_person import IMPORTED_LINES, WEIGHTS, Person, Told, others_in
from tests.rehearsal import ROOT, Web, settings_for
from tests.waiting import wait_for
from transactions.models import Transaction

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PEOPLE = 4


@pytest.mark.postgresql
@pytest.mark.worker
def test_four_people_at_once_do_everything(tmp_path, settings):
    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    open_people(PEOPLE, rows=20)
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=connection.settings_dict["NAME"])
    with servers.valkey() as broker:
        environment = settings_for(tmp_path, database.geturl(), broker) | {
            "DEMO": "false",
            "SANDBOX_BANK_URL": settings.SANDBOX_BANK_URL,
            "PYTHONFAULTHANDLER": "1",
        }
        web = Web(ROOT, servers.free_port(), environment, tmp_path / "log")
        try:
            with running(serve.worker().command, environment, tmp_path):
                web.wait_ready()
                people = [Person(number, web.port, "suite") for number in range(PEOPLE)]
                with ThreadPoolExecutor(PEOPLE) as threads:
                    list(threads.map(do_everything, people))
                told = Told()
                for person in people:
                    told.add(person.told)
                assert told.failures == [], what_they_do(web, tmp_path / "log")
                open_runs = SyncRun.objects.exclude(status=SyncRun.Status.DONE)
                wait_for(lambda: not open_runs.exists(), "the end of all syncs")
        finally:
            web.stop()
    done = {kind: len(seconds) for kind, seconds in told.seconds.items()}
    assert done == dict.fromkeys(WEIGHTS, PEOPLE)
    assert len(told.booked) == PEOPLE * (1 + IMPORTED_LINES)
    assert not any(judge(told.booked, told.chosen).values())
    synced = SyncRun.objects.filter(added_count__gt=300).values("connection")
    assert len(synced.distinct()) == PEOPLE
    assert_ledger_holds()


def what_they_do(web, log):
    """The innermost calls of the web process's threads and the sessions of the database."""
    pid = web.process.pid
    for worker in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        # Its fault handler then writes the stacks of all its threads to the log.
        os.kill(int(worker), signal.SIGABRT)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state, wait_event, pg_blocking_pids(pid), query FROM pg_stat_activity"
            " WHERE datname = current_database()"
        )
        sessions = [str(session) for session in cursor.fetchall()]
    deadline = time.monotonic() + 30
    while "Current thread" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    stacks = log.read_text().split("\n\n")
    return "\n".join([*sessions, *("\n".join(stack.splitlines()[:10]) for stack in stacks)])


def do_everything(person):
    for kind in ("sign-in", *(kind for kind in WEIGHTS if kind != "sign-in")):
        person.do(kind)


def test_lost_doubled_and_unknown_transactions_are_seen():
    open_people(1, rows=3)
    row = Transaction.objects.earliest("pk")
    assert judge(["owner-0-added-1"], {row.pk: "rent"}) == {
        "lost": 1,
        "doubled": 0,
        "never acknowledged": 0,
        "in another category": 1,
    }
    Transaction.objects.update(description="owner-0-added-2")
    assert judge([], {}) == {
        "lost": 0,
        "doubled": 1,
        "never acknowledged": 1,
        "in another category": 0,
    }


@pytest.mark.once
def test_texts_of_another_person_are_seen():
    assert others_in("owner-1-a owner-12-b owner-1-c", 1) == {"12"}
