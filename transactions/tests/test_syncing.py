"""Syncing banks: the ledger always ends up with the bank's data."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from accounts.models import BankConnection
from tests import builders
from transactions.ledger_check import check_ledger
from transactions.models import BankLine, Category, ReviewItem, Transaction
from transactions.services import connecting, syncing
from transactions.services.categorizing import set_category
from transactions.services.posting import delete_transactions
from transactions.services.syncing import request_sync, sync_connection
from transactions.tests import bank_servers
from transactions.tests.bank_servers import Bank
from transactions.tests.banks_connected import NOW, TODAY, ledger, map_to, sync


def fill(bank: Bank, count: int = 6) -> None:
    for number in range(count):
        on = TODAY - timedelta(days=3 * number)
        bank.add("main", on, f"-{10 + number}.25", f"Shop number {number}")
    bank.add("main", TODAY - timedelta(days=2), "2000.00", "Salary")


def test_new_account_has_the_banks_balance(bank, connect):
    fill(bank)
    connection = connect()
    connected = map_to(connection, "new")
    assert connected.difference is None
    run = sync(connection)
    connected.refresh_from_db()
    assert connected.difference == 0
    account = connected.account
    account.refresh_from_db()
    assert ledger(account) == bank.posted("main")
    assert account.balance == bank.balance("main")
    assert (run.status, run.added_count, run.review_count) == ("done", 7, 0)
    connection.refresh_from_db()
    assert (connection.status, connection.failed_count) == ("active", 0)
    assert connection.last_synced_at == NOW
    assert NOW < connection.next_sync_at <= NOW + timedelta(hours=4, minutes=20)
    assert check_ledger().is_clean


@pytest.mark.slow
def test_repeated_sync_adds_nothing_and_keeps_manual_changes(bank, connect, alice):
    fill(bank)
    connection = connect()
    account = map_to(connection, "new").account
    sync(connection)
    row = Transaction.objects.filter(account=account).order_by("pk").first()
    pets = Category.objects.get(user=None, slug="pets")
    set_category(actor=alice, transaction=row, category=pets)
    later = sync(connection, NOW + timedelta(hours=5))
    row.refresh_from_db()
    assert (later.added_count, later.review_count) == (0, 0)
    assert (row.category, row.category_source) == (pets, "manual")
    assert ledger(account) == bank.posted("main")


def test_new_transactions_arrive_and_balances_follow(bank, connect):
    fill(bank)
    connection = connect()
    account = map_to(connection, "new").account
    sync(connection)
    bank.add("main", TODAY - timedelta(days=1), "-3.10", "Corner Bakery")
    assert sync(connection, NOW + timedelta(hours=4)).added_count == 1
    account.refresh_from_db()
    assert account.balance == bank.balance("main")


def test_manual_entry_is_not_duplicated(bank, connect, alice):
    checking = builders.make_account(
        user=alice, name="Everyday", currency="USD", opening_balance="100.00"
    )
    typed = builders.make_transaction(
        account=checking, amount="-42.00", txn_date=TODAY - timedelta(days=3),
        description="Kern Bakery",
    )  # fmt: skip
    bank.add("main", TODAY - timedelta(days=3), "-42.00", "KERN BAKERY")
    connection = connect()
    map_to(connection, checking)
    sync(connection)
    rows = Transaction.objects.filter(account=checking, deleted_at=None)
    open_items = ReviewItem.objects.filter(account=checking, status="open")
    assert rows.count() == 1
    typed.refresh_from_db()
    assert typed.external_id or open_items.count() == 1


def test_unmapped_account_gets_no_lines(bank, connect):
    fill(bank)
    connection = connect()
    run = sync(connection)
    assert run.added_count == 0
    assert not Transaction.objects.exists()


def test_account_mapped_later_gets_the_whole_history(bank, connect):
    fill(bank)
    connection = connect()
    sync(connection)
    account = map_to(connection, "new").account
    sync(connection, NOW + timedelta(minutes=5))
    assert ledger(account) == bank.posted("main")


@pytest.mark.slow
def test_relinking_the_same_bank_finds_its_account_and_adds_nothing(
    bank, connect, alice, server, provider
):
    fill(bank)
    first = connect()
    account = map_to(first, "new").account
    sync(first)
    connecting.disconnect_bank(actor=alice, connection=first, keep_data=True, at=NOW)
    if provider == "plaid":
        server.id_suffix = "-again"
    if provider == "simplefin":
        server.is_claimed = False
    again = connect(NOW + timedelta(minutes=1))
    assert again.connected_accounts.get().account == account
    run = sync(again, NOW + timedelta(minutes=2))
    assert (run.added_count, run.review_count) == (0, 0)
    assert ledger(account) == bank.posted("main")


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [bank_servers.down, bank_servers.garbage, bank_servers.enormous, bank_servers.redirect]
)
def test_unavailable_bank_changes_nothing_and_is_retried(bank, connect, server, fault):
    fill(bank)
    connection = connect()
    account = map_to(connection, "new").account
    sync(connection)
    before = ledger(account)
    bank.add("main", TODAY, "-1.00", "Kiosk")
    server.always = fault
    run = sync(connection, NOW + timedelta(hours=4))
    connection.refresh_from_db()
    assert run.status == "failed"
    assert run.error
    assert ledger(account) == before
    assert (connection.status, connection.failed_count) == ("active", 1)
    assert connection.next_sync_at == NOW + timedelta(hours=4, minutes=15)
    sync(connection, NOW + timedelta(hours=5))
    connection.refresh_from_db()
    assert (connection.status, connection.failed_count) == ("error", 2)
    server.always = None
    sync(connection, NOW + timedelta(hours=6))
    connection.refresh_from_db()
    assert (connection.status, connection.failed_count, connection.error) == ("active", 0, "")
    assert ledger(account) == bank.posted("main")


def test_only_one_sync_runs_at_a_time(bank, connect):
    connection = connect()
    BankConnection.objects.filter(pk=connection.pk).update(lease_until=NOW + timedelta(minutes=10))
    assert sync_connection(connection_id=connection.pk, at=NOW) is None
    # The worker that held the lock has died.
    assert sync_connection(connection_id=connection.pk, at=NOW + timedelta(minutes=11)) is not None


class Killed(BaseException):
    """A worker dies in the middle of its work."""


@pytest.mark.parametrize("point", ["write_remote_accounts", "bring_in", "_end", "connector_of"])
def test_interrupted_sync_is_completed_by_the_next(bank, connect, monkeypatch, point):
    fill(bank)
    connection = connect()
    account = map_to(connection, "new").account

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(syncing, point, die)
        with pytest.raises(Killed):
            sync_connection(connection_id=connection.pk, at=NOW)
    assert ledger(account) == []
    sync(connection, NOW + timedelta(hours=1))
    account.refresh_from_db()
    assert ledger(account) == bank.posted("main")
    assert account.balance == bank.balance("main")
    assert list(connection.runs.values_list("status", flat=True)) == ["done", "failed"]


def test_secret_is_encrypted_and_never_shown(bank, connect, alice, api_for):
    connection = connect()
    stored = BankConnection.objects.get(pk=connection.pk).secret
    assert stored.startswith("enc1:")
    answer = api_for(alice).get(f"/api/connections/{connection.pk}")
    assert answer.status_code == 200
    assert "secret" not in json.dumps(answer.json())


def test_fifty_sync_requests_cause_one_run(bank, connect, alice):
    connection = connect()
    runs = {
        request_sync(actor=alice, connection=connection, trigger="webhook", at=NOW).pk
        for _ in range(50)
    }
    assert len(runs) == 1


@pytest.mark.slow
def test_disconnecting_can_delete_transactions_and_be_undone(bank, connect, alice):
    fill(bank)
    connection = connect()
    account = map_to(connection, "new").account
    sync(connection)
    connecting.disconnect_bank(actor=alice, connection=connection, keep_data=False, at=NOW)
    assert ledger(account) == []
    assert sync_connection(connection_id=connection.pk, at=NOW + timedelta(hours=5)) is None
    connecting.undo_disconnect(actor=alice, connection=connection, at=NOW + timedelta(hours=1))
    assert connection.connected_accounts.get().is_live
    assert ledger(account) == bank.posted("main")
    bank.add("main", TODAY, "-1.00", "Kiosk")
    assert sync(connection, NOW + timedelta(hours=2)).added_count == 1
    account.refresh_from_db()
    assert (ledger(account), account.balance) == (bank.posted("main"), bank.balance("main"))
    connecting.disconnect_bank(actor=alice, connection=connection, keep_data=True, at=NOW)
    with pytest.raises(ValidationError):
        connecting.undo_disconnect(actor=alice, connection=connection, at=NOW + timedelta(days=2))


def test_access_is_deleted_one_day_after_disconnecting(bank, connect, alice, server, provider):
    connection = connect()
    connecting.disconnect_bank(actor=alice, connection=connection, keep_data=True, at=NOW)
    assert connecting.end_accesses(at=NOW + timedelta(hours=23)) == 0
    assert connecting.end_accesses(at=NOW + timedelta(hours=25)) == 1
    connection.refresh_from_db()
    assert (connection.secret, connection.status) == ("", "revoked")
    if provider == "plaid":
        assert "access-2" not in server.tokens


# --- What only a cursor or a pending line shows -------------------------------------------------


@pytest.fixture
def plaid(alice, bank, servers, httpserver):
    server = servers["plaid"]
    httpserver.expect_request(re.compile(".*")).respond_with_handler(server)
    asked = connecting.ask_bank(user=alice, provider="plaid", given={"public_token": "public-good"})
    connection = connecting.connect_bank(
        actor=alice, user=alice, provider="plaid", asked=asked, at=NOW
    )
    return server, connection, map_to(connection, "new").account


def test_pending_transaction_becomes_the_posted_one(bank, plaid, alice):
    _, connection, account = plaid
    pending = bank.add("main", TODAY - timedelta(days=2), "-100.00", "HOTEL SEA", is_pending=True)
    sync(connection)
    row = Transaction.objects.get(account=account)
    hotels = Category.objects.get(user=None, slug="hotels")
    set_category(actor=alice, transaction=row, category=hotels)
    bank.settle(pending.pk, TODAY, "-112.40")
    sync(connection, NOW + timedelta(hours=4))
    row.refresh_from_db()
    assert (row.status, row.signed_amount, row.category) == ("posted", Decimal("-112.40"), hotels)
    assert Transaction.objects.filter(account=account, deleted_at=None).count() == 1


@pytest.mark.slow
def test_revised_and_removed_lines_follow_the_bank(bank, plaid):
    _, connection, account = plaid
    kept = bank.add("main", TODAY - timedelta(days=5), "-20.00", "Shop")
    gone = bank.add("main", TODAY - timedelta(days=4), "-30.00", "Charged twice")
    sync(connection)
    bank.revise(kept.pk, amount=Decimal("-21.50"), on=TODAY - timedelta(days=6))
    bank.remove(gone.pk)
    run = sync(connection, NOW + timedelta(hours=4))
    account.refresh_from_db()
    assert (
        ledger(account) == bank.posted("main") == [(TODAY - timedelta(days=6), Decimal("-21.50"))]
    )
    assert run.removed_count == 1
    assert account.balance == bank.balance("main")
    assert check_ledger().is_clean


def test_expired_sign_in_is_reported_and_renewed(bank, plaid, alice):
    server, connection, account = plaid
    server.needs_login = True
    sync(connection)
    connection.refresh_from_db()
    assert connection.status == "needs_login"
    assert connection.error == "Your bank asks you to sign in again."
    server.needs_login = False
    connecting.reconnect_bank(actor=alice, connection=connection, given={}, at=NOW)
    bank.add("main", TODAY, "-5.00", "Kiosk")
    sync(connection, NOW + timedelta(minutes=1))
    connection.refresh_from_db()
    assert connection.status == "active"
    assert ledger(account) == bank.posted("main")


def test_account_in_another_currency_is_rejected(bank, plaid, alice):
    _, connection, _ = plaid
    bank.open("euros", currency="EUR", name="Euros")
    sync(connection)
    dollars = builders.make_account(user=alice, name="Dollars", currency="USD")
    with pytest.raises(ValidationError) as caught:
        connecting.map_accounts(actor=alice, connection=connection, choices={"euros": dollars})
    assert caught.value.messages == ["Euros is in EUR; Dollars is in USD."]


def test_keys_are_rotated(bank, plaid, settings, capsys):
    _, connection, account = plaid
    before = BankConnection.objects.get(pk=connection.pk).secret
    settings.FIELD_ENCRYPTION_KEY_FALLBACKS = [settings.FIELD_ENCRYPTION_KEY]
    settings.FIELD_ENCRYPTION_KEY = "a new key of more than thirty-two characters"
    call_command("rotate_keys")
    assert "1 bank connections" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEY_FALLBACKS = []
    assert BankConnection.objects.get(pk=connection.pk).secret != before
    bank.add("main", TODAY, "-5.00", "Kiosk")
    sync(connection)
    assert ledger(account) == bank.posted("main")


# --- What a complete list of the last days shows ------------------------------------------------


@pytest.fixture
def listed(connect, bank):
    """A connection whose bank has listed eight lines of the last days, and its account."""
    lines = [
        bank.add("main", TODAY - timedelta(days=day), f"-{day}.00", f"Shop {day}")
        for day in range(1, 9)
    ]
    connection = connect()
    account = map_to(connection, "new").account
    sync(connection)
    sync(connection, NOW + timedelta(hours=4))
    return connection, account, lines


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["obp", "simplefin"], indirect=True)
def test_line_no_longer_listed_is_removed_and_returns_with_its_category(listed, bank, alice):
    connection, account, lines = listed
    row = Transaction.objects.get(account=account, external_id=lines[3].pk)
    pets = Category.objects.get(user=None, slug="pets")
    set_category(actor=alice, transaction=row, category=pets)
    taken = bank.lines.pop(lines[3].pk)
    run = sync(connection, NOW + timedelta(hours=8))
    assert run.removed_count == 1
    assert ledger(account) == bank.posted("main")
    bank.lines[taken.pk] = taken
    sync(connection, NOW + timedelta(hours=12))
    row.refresh_from_db()
    assert (row.deleted_at, row.category, row.category_source) == (None, pets, "manual")
    account.refresh_from_db()
    assert ledger(account) == bank.posted("main")
    assert account.balance == bank.balance("main")


@pytest.mark.parametrize("provider", ["obp", "simplefin"], indirect=True)
def test_bank_that_suddenly_lists_nothing_removes_nothing(listed, bank):
    connection, account, _ = listed
    before = ledger(account)
    bank.lines.clear()
    run = sync(connection, NOW + timedelta(hours=8))
    assert (run.status, run.removed_count) == ("done", 0)
    assert run.message_texts == ["The bank didn't list 8 transactions. We kept them."]
    assert ledger(account) == before


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["simplefin"], indirect=True)
def test_list_with_an_error_removes_nothing(listed, bank, server):
    connection, account, lines = listed
    before = ledger(account)
    bank.lines.pop(lines[3].pk)
    server.errors = ["Connection to My Bank may need attention"]
    run = sync(connection, NOW + timedelta(hours=8))
    assert (run.removed_count, run.messages) == (0, server.errors)
    assert ledger(account) == before


@pytest.mark.slow
def test_deleted_transaction_stays_deleted_while_the_bank_lists_it(connect, bank, alice):
    lines = [bank.add("main", TODAY - timedelta(days=day), "-5.00", "Shop") for day in (2, 3)]
    connection = connect()
    account = map_to(connection, "new").account
    sync(connection)
    rows = Transaction.objects.filter(account=account, external_id=lines[0].pk)
    delete_transactions(actor=alice, rows=rows)
    for hours in (4, 8):
        assert sync(connection, NOW + timedelta(hours=hours)).added_count == 0
    assert ledger(account) == [(lines[1].on, lines[1].amount)]


@pytest.mark.parametrize("provider", ["obp", "simplefin"], indirect=True)
def test_lines_listed_again_leave_no_further_reports(listed):
    _, account, lines = listed
    assert BankLine.objects.filter(account=account).count() == len(lines)
