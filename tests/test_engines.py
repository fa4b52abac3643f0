"""PostgreSQL behind a pooler, frozen or read-only: limits hold, and outages are a 503."""

import os
import signal
from contextlib import closing, contextmanager

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection

from banking.kernel import stores
from banking.kernel.postgresql.base import DatabaseWrapper
from banking.kernel.snapshot import read_snapshot
from tests import servers
from transactions.models import Transaction
from users import engine_check
from users.models import User

FROZEN_SECONDS = 5


def wrapper(url: str, alias: str = "default", **settings) -> DatabaseWrapper:
    """A connection as the product would make it from DATABASE_URL and `settings`."""
    made = stores.databases(url, **settings)[alias]
    defaults = {"AUTOCOMMIT": True, "TIME_ZONE": None}
    return DatabaseWrapper({**connection.settings_dict, **defaults, **made}, alias=alias)


def ask(connected, question: str) -> str:
    with connected.cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


@contextmanager
def begun(connected):
    """A transaction, as `atomic` begins and ends it."""
    connected.set_autocommit(False)
    try:
        yield
    finally:
        connected.rollback()
        connected.set_autocommit(True)


@contextmanager
def behind_pgbouncer():
    """The URLs of a PostgreSQL and of a PgBouncer in front of it."""
    with servers.postgresql() as url, servers.pgbouncer(port_of(url)) as port:
        yield url, url.replace(f":{port_of(url)}/", f":{port}/")


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1].split("/")[0])


LIMITS = {"default": "1min 3s 30s off", "snapshot": "15s 3s 30s on"}
SHOW = """SELECT concat_ws(' ', current_setting('statement_timeout'),
    current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
    current_setting('transaction_read_only'))"""


@pytest.mark.django_db(databases=["default", "snapshot"])
@pytest.mark.postgresql
@pytest.mark.pgbouncer
def test_limits_hold_with_and_without_a_pooler():
    with behind_pgbouncer() as (url, behind):
        for alias, expected in LIMITS.items():
            with closing(wrapper(url, alias)) as direct:
                assert ask(direct, SHOW) == expected
            with closing(wrapper(behind, alias, pooler="transaction")) as pooled, begun(pooled):
                assert ask(pooled, SHOW) == expected
        with closing(wrapper(behind)) as unaware, pytest.raises(OperationalError):
            unaware.ensure_connection()


@pytest.mark.django_db(databases=["default", "snapshot"])
@pytest.mark.postgresql
def test_only_checks_of_everything_have_more_time_than_a_page():
    """In the test, snapshots are read on the default connection."""
    with read_snapshot():
        assert ask(connection, "SHOW statement_timeout") != "0"
    with read_snapshot(takes_time=True):
        assert ask(connection, "SHOW statement_timeout") == "0"


@pytest.mark.django_db(databases=["default", "snapshot"])
@pytest.mark.postgresql
@pytest.mark.pgbouncer
def test_nothing_of_a_transaction_stays_on_a_pooled_connection():
    """Two server connections serve five clients in turn; a cursor of each reads to its end."""
    with behind_pgbouncer() as (_, behind):
        clients = [wrapper(behind, pooler="transaction") for _ in range(5)]
        for client in clients:
            with begun(client):
                assert ask(client, SHOW) == LIMITS["default"]
            assert ask(client, "SHOW transaction_read_only") == "off"
            assert not client.settings_dict["OPTIONS"].get("prepare_threshold")
            assert client.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]
        refused = pytest.raises(DatabaseError, match="read-only transaction")
        reader = wrapper(behind, "snapshot", pooler="transaction")
        with closing(reader), begun(reader), refused:
            ask(reader, "CREATE TABLE t (id int)")
        assert ask(clients[0], "SHOW statement_timeout") == "0"
        for client in clients:
            client.close()


def test_an_unknown_pooler_or_level_is_refused_at_the_start():
    url = "postgres://bank@db/bank"
    for wrong in ({"pooler": "session-ish"}, {"isolation": "snapshot-ish"}):
        with pytest.raises(Exception, match="DATABASE_"):
            stores.databases(url, **wrong)
    level = stores.databases(url, isolation="SERIALIZABLE")["default"]["OPTIONS"]["isolation_level"]
    assert level == stores.ISOLATION_LEVELS["serializable"]


@pytest.mark.django_db
@pytest.mark.postgresql
@pytest.mark.slow
def test_a_frozen_server_is_given_up_and_a_slow_one_is_not():
    with servers.postgresql() as url, closing(wrapper(url)) as open_one:
        open_one.settings_dict["SILENCE_SECONDS"] = 1
        assert ask(open_one, "SELECT pg_sleep(2.5)::text || 'slept'") == "slept"
        with stopped(url):
            for _ in range(2):
                with pytest.raises(OperationalError, match="does not answer"):
                    ask(open_one, "SELECT 1")
                open_one.close()


@contextmanager
def stopped(url: str):
    """Stop the server and its processes, as a hanging machine would."""
    with psycopg.connect(url) as asking:
        [(server,)] = asking.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
        others = asking.execute("SELECT pid FROM pg_stat_activity").fetchall()
        processes = [int(server), *(pid for (pid,) in others if pid != asking.info.backend_pid)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.fixture
def read_only(transactional_db, checking, client_for, api_for, alice):
    """Browsers and apps were signed in before the database became read-only."""
    page, api = client_for(alice), api_for(alice)
    page.raise_request_exception = api.raise_request_exception = False
    with connection.cursor() as cursor:
        is_sqlite = connection.vendor == "sqlite"
        on, off = (
            ("PRAGMA query_only=ON", "PRAGMA query_only=OFF")
            if is_sqlite
            else ("SET default_transaction_read_only=on", "SET default_transaction_read_only=off")
        )
        cursor.execute(on)
        try:
            yield page, api
        finally:
            cursor.execute(off)


@pytest.mark.postgresql
def test_a_read_only_database_still_shows_its_pages(read_only, checking):
    page, _ = read_only
    for address in ("/", "/transactions/", "/accounts/", f"/accounts/{checking.pk}/", "/bills/"):
        assert page.get(address).status_code == 200, address


def test_a_read_only_database_refuses_changes_with_503(read_only, checking, alice):
    page, api = read_only
    assert api.get("/api/accounts").status_code == 200
    body = {"account": checking.pk, "amount": "5.00", "txn_date": "2026-03-02"}
    body |= {"description": "coffee", "txn_type": "expense"}
    refusals = [
        api.post("/api/transactions", body),
        api.post("/api/transactions", body, headers={"Idempotency-Key": "one"}),
        api.patch(f"/api/accounts/{checking.pk}", {"name": "Other"}),
        page.post("/accounts/new/", {"name": "New", "account_type": "checking", "currency": "EUR"}),
    ]
    for answer in refusals:
        assert (answer.status_code, answer.get("Retry-After")) == (503, "5"), answer.text
    assert refusals[0].json()["errors"][0]["code"] == "unavailable"
    assert "We'll be right back" in refusals[-1].text
    assert not Transaction.objects.exists()
    assert User.objects.get(pk=alice.pk).accounts.count() == 1


def engine_report(capsys) -> tuple[int, str]:
    code = 0
    try:
        call_command("check_engine")
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().out


def test_check_engine_names_a_read_only_database_and_missing_triggers(
    transactional_db, capsys, settings
):
    code, told = engine_report(capsys)
    assert (code, "changes                        yes" in told) == (0, True), told
    settings.AUDIT_GUARD = True
    code, told = engine_report(capsys)
    assert code == 1
    assert "Run manage.py migrate." in told


def test_check_engine_fails_on_a_read_only_database(read_only, capsys):
    code, told = engine_report(capsys)
    assert code == 1
    assert "no, read-only" in told


@pytest.mark.django_db(databases=["default", "snapshot"])
@pytest.mark.postgresql
@pytest.mark.pgbouncer
def test_check_engine_notices_a_pooler_and_the_limits_that_are_missing_behind_it():
    with behind_pgbouncer() as (_, behind):
        with closing(wrapper(behind, pooler="transaction")) as pooled, begun(pooled):
            process = int(ask(pooled, "SELECT pg_backend_pid()"))
            assert engine_check._pooler(pooled, process).answer.endswith("found")
            pooled.settings_dict["POOLED"] = False
            assert engine_check._pooler(pooled, process).is_missing
            pooled.settings_dict["POOLED"] = True
            assert not engine_check._limits_inside(pooled).is_missing
        with closing(wrapper(behind, pooler="transaction")) as pooled:
            outside = engine_check._limits_outside(pooled)
            assert "ALTER ROLE … SET statement_timeout" in outside.advice
