"""How often banks are asked, which sync comes next, and how long its record is kept."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AccountShare, BankConnection, ConnectedAccount, SyncRun
from banking.limits import SYNC_RUNS_FOR
from tests.builders import make_user
from transactions.services import connecting, syncing
from transactions.services.purging import purge
from transactions.services.syncing import (
    due_connections,
    request_sync,
    sync_connection,
    sync_if_waiting,
)
from transactions.sources.banks.providers import offered_providers
from transactions.tasks import sync_bank
from transactions.tests import bank_servers
from transactions.tests.banks_connected import NOW, TODAY, ledger, map_to, sync

HOUR = timedelta(hours=1)


def idle(user, number: int, **about) -> BankConnection:
    """A connection that no server stands behind."""
    standard = {"provider": "plaid", "secret": "x", "next_sync_at": NOW}
    name = f"Bank {number}"
    return BankConnection.objects.create(user=user, institution_name=name, **standard | about)


def test_longest_waiting_connection_comes_first_whether_due_or_requested(alice):
    requested = idle(alice, 1, next_sync_at=NOW + HOUR)
    SyncRun.objects.create(connection=requested, trigger="manual")
    SyncRun.objects.update(created_at=NOW - 2 * HOUR)
    late = idle(alice, 2, next_sync_at=NOW - 3 * HOUR)
    due = idle(alice, 3, next_sync_at=NOW - HOUR)
    for number, about in enumerate(
        (
            {"next_sync_at": NOW + HOUR},
            {"lease_until": NOW + HOUR},
            {"disconnected_at": NOW},
            {"status": "revoked"},
            {"status": "needs_login"},
        )
    ):
        idle(alice, 10 + number, **about)
    assert due_connections(NOW, limit=10) == [late.pk, requested.pk, due.pk]
    assert due_connections(NOW, limit=1) == [late.pk]


def test_a_dead_workers_sync_is_due_again_when_its_lease_expires(alice):
    connection = idle(alice, 1, next_sync_at=NOW + HOUR, lease_until=NOW + HOUR / 4)
    SyncRun.objects.create(connection=connection, trigger="manual", status="running")
    assert due_connections(NOW, limit=10) == []
    assert due_connections(NOW + HOUR / 2, limit=10) == [connection.pk]


def test_repeated_task_for_one_request_syncs_once(connect, server):
    connection = connect()
    map_to(connection, "new")
    request_sync(actor=None, connection=connection, trigger="webhook", at=NOW)
    assert sync_if_waiting(connection_id=connection.pk, at=NOW) is not None
    asked = len(server.asked)
    for _ in range(3):
        assert sync_if_waiting(connection_id=connection.pk, at=NOW) is None
    assert len(server.asked) == asked
    assert connection.runs.count() == 1


def test_a_sync_requested_during_another_follows_it_at_once(connect, monkeypatch, alice):
    connection = connect()
    map_to(connection, "new")
    request_sync(actor=alice, connection=connection, trigger="manual", at=NOW)
    real = syncing._ask

    def asked_again_meanwhile(begun, at):
        if connection.runs.count() == 1:
            request_sync(actor=alice, connection=connection, trigger="manual", at=at)
            sync_bank(connection.pk)
        return real(begun, at)

    monkeypatch.setattr(syncing, "_ask", asked_again_meanwhile)
    sync_bank(connection.pk)
    assert [run.status for run in connection.runs.all()] == ["done", "done"]


@pytest.mark.parametrize("provider", ["simplefin"], indirect=True)
class TestSimpleFin:
    """A bridge allows 24 requests a day and connection."""

    @pytest.mark.slow
    def test_a_day_of_syncs_stays_within_the_request_allowance(self, connect, bank, server):
        bank.add("main", TODAY, "-5.00", "Kiosk")
        connection = connect()
        map_to(connection, "new")
        server.asked.clear()
        for minutes in range(0, 24 * 60, 10):
            at = NOW + timedelta(minutes=minutes)
            with suppress(ValidationError):
                request_sync(actor=None, connection=connection, trigger="manual", at=at)
            sync_if_waiting(connection_id=connection.pk, at=at)
        assert 18 <= len(server.asked) <= 24
        # The schedule had requests left, late in the day too.
        last = connection.runs.filter(status="done").first()
        assert last.started_at > NOW + timedelta(hours=18)

    @pytest.mark.slow
    def test_a_failing_bridge_does_not_get_more_requests(self, connect, server):
        connection = connect()
        map_to(connection, "new")
        server.asked.clear()
        server.always = bank_servers.down
        for minutes in range(0, 24 * 60, 10):
            sync_if_waiting(connection_id=connection.pk, at=NOW + timedelta(minutes=minutes))
        assert 0 < len(server.asked) <= 24

    def test_a_used_up_allowance_postpones_the_sync(self, connect):
        connection = connect()
        map_to(connection, "new")
        SyncRun.objects.create(
            connection=connection,
            trigger="schedule",
            status="done",
            started_at=NOW - 20 * HOUR,
            request_count=24,
        )
        request_sync(actor=None, connection=connection, trigger="webhook", at=NOW)
        assert sync_connection(connection_id=connection.pk, at=NOW) is None
        connection.refresh_from_db()
        assert (connection.status, connection.failed_count) == ("active", 0)
        assert (connection.lease_until, connection.next_sync_at) == (None, NOW + 4 * HOUR)
        run = connection.runs.first()
        assert (run.status, run.messages) == (
            "done",
            ["This bank allows only so many requests a day. It will sync again automatically."],
        )


def test_unmapped_connection_reads_no_transactions(connect, bank, server, provider):
    bank.add("main", TODAY, "-5.00", "Kiosk")
    connection = connect()
    server.asked.clear()
    sync(connection)
    assert not [path for path in server.asked if "transactions" in path]
    account = map_to(connection, "new").account
    sync(connection, NOW + HOUR)
    account.refresh_from_db()
    assert (ledger(account), account.balance) == (bank.posted("main"), bank.balance("main"))


def test_taken_over_sync_changes_nothing(connect, bank, monkeypatch):
    """A worker that was thought dead comes back after another one has begun."""
    bank.add("main", TODAY, "-5.00", "Kiosk")
    connection = connect()
    account = map_to(connection, "new").account
    real = syncing._ask

    def overtaken(begun, at):
        changes = real(begun, at)
        BankConnection.objects.filter(pk=begun.pk).update(lease_until=NOW + 2 * HOUR)
        return changes

    monkeypatch.setattr(syncing, "_ask", overtaken)
    sync(connection)
    connection.refresh_from_db()
    assert (ledger(account), connection.lease_until) == ([], NOW + 2 * HOUR)


@pytest.mark.parametrize("provider", ["plaid"], indirect=True)
class TestPlaid:
    @pytest.mark.slow
    def test_opening_balance_waits_for_the_whole_history(self, connect, bank, server):
        connection = connect()
        connected = map_to(connection, "new")
        bank.accounts["main"]["opening"] = bank.balance("main")
        server.update_status = "NOT_READY"
        sync(connection)
        connection.refresh_from_db()
        assert connection.next_sync_at == NOW + timedelta(minutes=2)
        server.update_status = "INITIAL_UPDATE_COMPLETE"
        bank.accounts["main"]["opening"] += 5
        bank.add("main", TODAY, "-5.00", "Kiosk")
        sync(connection, NOW + HOUR)
        server.update_status = "HISTORICAL_UPDATE_COMPLETE"
        bank.accounts["main"]["opening"] += 20
        bank.add("main", TODAY - timedelta(days=300), "-20.00", "Older")
        sync(connection, NOW + 2 * HOUR)
        account = connected.account
        account.refresh_from_db()
        assert account.balance == bank.balance("main") == 100
        assert account.opening_balance == 125
        assert ledger(account) == bank.posted("main")

    def test_account_under_a_new_id_stays_mapped(self, connect, bank, server):
        bank.add("main", TODAY - timedelta(days=3), "-5.00", "Kiosk")
        connection = connect()
        account = map_to(connection, "new").account
        sync(connection)
        server.id_suffix = "-again"
        server.tokens["access-2"] = "item-2"
        BankConnection.objects.filter(pk=connection.pk).update(cursor="")
        bank.add("main", TODAY, "-6.00", "Bakery")
        run = sync(connection, NOW + HOUR)
        assert (run.added_count, run.review_count) == (1, 0)
        assert ConnectedAccount.objects.get(connection=connection).external_id == "main-again"
        assert ledger(account) == bank.posted("main")

    def test_revoked_access_leaves_no_sync_waiting(self, connect, server, monkeypatch):
        connection = connect()
        map_to(connection, "new")
        server.always = bank_servers.plaid_error("ITEM_ERROR", "ITEM_NOT_FOUND")
        first = request_sync(actor=None, connection=connection, trigger="webhook", at=NOW)
        SyncRun.objects.filter(pk=first.pk).update(status="running")
        request_sync(actor=None, connection=connection, trigger="webhook", at=NOW)
        sync(connection)
        assert set(connection.runs.values_list("status", flat=True)) == {"failed"}
        assert due_connections(NOW + 9 * HOUR, limit=9) == []


def test_old_syncs_are_purged_except_the_latest(alice):
    old, new = idle(alice, 1), idle(alice, 2)
    for connection in (old, old, new, new):
        SyncRun.objects.create(connection=connection, trigger="schedule", status="done")
    kept = SyncRun.objects.create(connection=new, trigger="schedule", status="failed")
    SyncRun.objects.exclude(pk=kept.pk).update(created_at=NOW - SYNC_RUNS_FOR - HOUR)
    last_of_old = old.runs.first()
    assert purge(at=NOW)["syncs"] == 3
    assert set(SyncRun.objects.all()) == {kept, last_of_old}


@pytest.mark.parametrize(
    ("about", "keys"),
    [
        ({}, ["simplefin", "sandbox"]),
        ({"SIMPLEFIN": False}, ["sandbox"]),
        ({"PLAID_CLIENT_ID": "a", "PLAID_SECRET": "b"}, ["plaid", "simplefin"]),
        ({"OBP_BASE_URL": "http://x", "OBP_CONSUMER_KEY": "b"}, ["obp", "simplefin"]),
        (
            {"PLAID_CLIENT_ID": "a", "PLAID_SECRET": "b", "DEMO": True},
            ["plaid", "simplefin", "sandbox"],
        ),
    ],
)
def test_sandbox_bank_gives_way_to_real_banks_except_in_the_demo(settings, about, keys):
    for name, value in about.items():
        setattr(settings, name, value)
    assert [provider.key for provider in offered_providers()] == keys


def test_an_account_shows_its_connection_to_its_owner(api_for, alice, connect):
    connection = connect()
    account = map_to(connection, "new").account
    known = {"id": connection.pk, "institution_name": connection.institution_name}
    found = api_for(alice).get(f"/api/accounts/{account.pk}").json()["connection"]
    assert found | known == found
    assert (found["status"], found["last_synced_at"], found["error"]) == ("active", None, "")
    sync(connection)
    listed = api_for(alice).get("/api/accounts").json()["results"][0]["connection"]
    assert listed["last_synced_at"] is not None
    connecting.disconnect_bank(actor=alice, connection=connection, keep_data=True, at=NOW)
    assert api_for(alice).get(f"/api/accounts/{account.pk}").json()["connection"] is None


def test_a_shared_account_does_not_show_its_connection(api_for, alice, connect):
    connection = connect()
    account = map_to(connection, "new").account
    member = make_user("member@example.com")
    AccountShare.objects.create(
        user=alice, member=member, account=account, level="viewer", status="accepted"
    )
    assert api_for(member).get(f"/api/accounts/{account.pk}").json()["connection"] is None
