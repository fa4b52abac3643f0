"""Pages read a real standby only while it shows all that was committed when they were asked for."""

from contextlib import ExitStack, closing

import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.http import HttpResponse

from banking.kernel import replica, stores
from banking.kernel.snapshot import read_snapshot
from banking.middleware import PageReads
from tests import servers
from tests.test_engines import ask, stopped, wrapper
from users import engine_check

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]


@pytest.fixture(scope="module")
def pair():
    """A primary, whose commits are written before they are acknowledged, and its standby."""
    with servers.postgresql_server(forgetful=False) as primary, servers.standby(primary) as second:
        yield primary, second


@pytest.fixture
def follow(pair, monkeypatch, django_db_blocker):
    """Use the primary, and the server at that URL as its replica. No table of ours is needed."""
    with ExitStack() as stack, django_db_blocker.unblock():

        def use(url):
            made = {
                "default": wrapper(pair[0].url),
                "replica": wrapper(pair[0].url, "replica", replica=url),
            }
            for connected in made.values():
                stack.callback(connected.close)
            monkeypatch.setattr(replica, "connections", made)
            for known in (settings.DATABASES, connections.settings):
                monkeypatch.setitem(known, "replica", made["replica"].settings_dict)
            monkeypatch.setattr(connections._connections, "replica", made["replica"], raising=False)
            monkeypatch.setattr(replica._Rest, "until", 0)
            # Machines may be busy.
            monkeypatch.setattr(replica, "CATCH_UP_SECONDS", 60)
            return made

        yield use


def may_page_read_it():
    with replica.page_reads(is_read=True):
        return replica.may_be_read()


def test_a_replica_that_keeps_up_is_read_by_pages_only(pair, follow):
    made = follow(pair[1].url)
    with made["default"].cursor() as cursor:
        cursor.execute("CREATE TABLE word AS SELECT 'written' AS word")
    with replica.page_reads(is_read=True), read_snapshot() as alias:
        assert alias == "replica"
        assert ask(made["replica"], "SELECT max(word) FROM word") == "written"
    assert not replica.may_be_read()
    with replica.page_reads(is_read=False), read_snapshot() as alias:
        assert alias == "default"


def test_a_replica_that_lags_is_not_read_until_it_has_caught_up(pair, follow, monkeypatch):
    made = follow(pair[1].url)
    assert may_page_read_it()
    monkeypatch.setattr(replica, "CATCH_UP_SECONDS", 0)
    ask(made["replica"], "SELECT pg_wal_replay_pause()::text")
    while ask(made["replica"], "SELECT pg_get_wal_replay_pause_state()") != "paused":
        pass
    with made["default"].cursor() as cursor:
        cursor.execute("CREATE TABLE late AS SELECT 'late' AS word")
    assert not may_page_read_it()
    ask(made["replica"], "SELECT pg_wal_replay_resume()::text")
    # The process has not asked again yet.
    assert not may_page_read_it()
    monkeypatch.setattr(replica, "CATCH_UP_SECONDS", 60)
    replica._Rest.until = 0
    assert may_page_read_it()
    assert ask(made["replica"], "SELECT word FROM late") == "late"


def test_a_page_whose_replica_is_lost_in_the_middle_is_made_from_the_primary(pair, follow, rf):
    made, read = follow(pair[1].url), []

    def page(request):
        try:
            with read_snapshot() as alias:
                read.append(alias)
                if alias == "replica":
                    ask(made["replica"], "SELECT pg_terminate_backend(pg_backend_pid())")
                return HttpResponse(ask(made["default"], "SELECT 'shown'"))
        except OperationalError:
            return HttpResponse(status=503)

    assert PageReads(page)(rf.get("/")).content == b"shown"
    assert PageReads(page)(rf.get("/")).content == b"shown"
    assert read == ["replica", "default", "default"]
    assert PageReads(lambda _: HttpResponse(status=503))(rf.get("/")).status_code == 503


def test_check_engine_says_whether_it_is_a_replica(pair, follow):
    made = follow(pair[1].url)
    replica_is, commits = engine_check.examine_replica(made["default"], made["replica"])
    assert replica_is.answer.endswith("bytes behind")
    assert not replica_is.is_missing
    assert not commits.is_missing
    ask(made["default"], "SELECT set_config('synchronous_commit', 'off', false)")
    _, commits = engine_check.examine_replica(made["default"], made["replica"])
    assert commits.is_missing
    other, _ = engine_check.examine_replica(made["default"], made["default"])
    assert other.is_missing


@pytest.mark.parametrize("wrong", ["the primary", "nobody"])
def test_what_is_no_replica_or_away_is_not_read(pair, follow, monkeypatch, wrong):
    with servers.refusing_port() as port:
        other = f"postgres://postgres@127.0.0.1:{port}/postgres"
        follow(pair[0].url if wrong == "the primary" else other)
        monkeypatch.setattr(replica, "CATCH_UP_SECONDS", 0)
        assert not may_page_read_it()
        with replica.page_reads(is_read=True), read_snapshot() as alias:
            assert alias == "default"


@pytest.mark.parametrize("alias", ["default", "snapshot"])
def test_of_several_servers_the_one_that_takes_changes_is_used_and_watched(
    pair, alias, django_db_blocker
):
    """docs/OPERATIONS.md's URL for a fail-over. The standby answers while the primary is frozen."""
    hosts = f"127.0.0.1:{pair[1].port},127.0.0.1:{pair[0].port}"
    url = f"postgres://postgres@{hosts}/postgres?target_session_attrs=read-write"
    with django_db_blocker.unblock(), closing(wrapper(url, alias)) as connected:
        connected.settings_dict["SILENCE_SECONDS"] = 0.5
        assert ask(connected, "SELECT inet_server_port()") == str(pair[0].port)
        with stopped(pair[0].url), pytest.raises(OperationalError, match="does not answer"):
            ask(connected, "SELECT 1")


def test_a_replica_of_sqlite_is_refused_at_the_start():
    with pytest.raises(Exception, match="REPLICA_URL"):
        stores.databases("sqlite:///bank.sqlite3", replica="postgres://bank@db/bank")
