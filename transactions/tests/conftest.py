"""A connected bank: the bank, its server in front of it, and Alice's connection."""

import re
from decimal import Decimal

import pytest

from accounts.models import BankConnection
from transactions.services import connecting
from transactions.tests.bank_servers import Bank, ObpServer, PlaidServer, SimpleFinServer
from transactions.tests.banks_connected import NOW, given_to


@pytest.fixture
def bank() -> Bank:
    bank = Bank()
    bank.open("main", opening=Decimal("100.00"))
    return bank


@pytest.fixture(params=["plaid", "obp", "simplefin"])
def provider(request) -> str:
    return request.param


@pytest.fixture
def servers(bank, settings, httpserver) -> dict:
    root = httpserver.url_for("").rstrip("/")
    settings.PLAID_BASE_URL = settings.OBP_BASE_URL = root
    settings.PLAID_CLIENT_ID, settings.PLAID_SECRET = "client", "top-secret-plaid"
    settings.OBP_CONSUMER_KEY = "consumer"
    settings.OUTGOING_PRIVATE = True
    return {
        "plaid": PlaidServer(bank),
        "obp": ObpServer(bank),
        "simplefin": SimpleFinServer(bank, root=root),
    }


@pytest.fixture
def server(provider, servers, httpserver):
    httpserver.expect_request(re.compile(".*")).respond_with_handler(servers[provider])
    return servers[provider]


@pytest.fixture
def connect(alice, provider, server):
    """connect(): Alice's connection to the bank, not mapped yet."""

    def make(at=NOW) -> BankConnection:
        asked = connecting.ask_bank(user=alice, provider=provider, given=given_to(server))
        return connecting.connect_bank(
            actor=alice, user=alice, provider=provider, asked=asked, at=at
        )

    return make
