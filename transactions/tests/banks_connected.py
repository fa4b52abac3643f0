"""Helpers for tests with a connected bank; its fixtures are in conftest.py."""

from datetime import date, datetime
from decimal import Decimal

from accounts.models import BankConnection, ConnectedAccount, SyncRun
from tests import builders
from transactions.models import Transaction
from transactions.services import connecting
from transactions.services.syncing import sync_connection
from transactions.tests.bank_servers import ObpServer, PlaidServer, SimpleFinServer

NOW = builders.NOON
TODAY = NOW.date()


def given_to(server) -> dict[str, str]:
    """What the person enters to connect this server's bank."""
    return {
        PlaidServer: {"public_token": "public-good"},
        ObpServer: {"username": "robert", "password": "x!9"},
        SimpleFinServer: {"token": getattr(server, "token", "")},
    }[type(server)]


def map_to(connection: BankConnection, target) -> ConnectedAccount:
    connected = connection.connected_accounts.first()
    connecting.map_accounts(
        actor=connection.user, connection=connection, choices={connected.external_id: target}
    )
    connected.refresh_from_db()
    return connected


def sync(connection: BankConnection, at: datetime = NOW) -> SyncRun:
    run = sync_connection(connection_id=connection.pk, at=at)
    assert run is not None
    return run


def ledger(account) -> list[tuple[date, Decimal]]:
    rows = Transaction.objects.filter(account=account, deleted_at=None, status="posted")
    return sorted(rows.values_list("txn_date", "signed_amount"))
