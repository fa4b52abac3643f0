"""Plaid's webhooks over HTTP: forged ones do nothing, and any number in any order lead to one
state.
"""

import base64
import hashlib
import hmac
import itertools
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from cryptography.hazmat.primitives import serialization
from django.db import connection as database
from django.test import Client

from accounts.models import BankConnection, SyncRun
from tests.builders import make_user
from transactions.services import connecting
from transactions.services.syncing import due_connections, sync_if_waiting
from transactions.tests import bank_servers
from transactions.tests.bank_servers import PlaidServer
from transactions.tests.banks_connected import NOW, TODAY, ledger, map_to, sync

ALL_AT_ONCE = 50
CODES = (
    ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE"),
    ("TRANSACTIONS", "DEFAULT_UPDATE"),
    ("ITEM", "ERROR"),
    ("ITEM", "LOGIN_REPAIRED"),
)


@pytest.fixture
def clock(_clock):
    """Plaid's stand-in signs with the machine's clock."""
    _clock.stop()
    yield
    _clock.start()


@pytest.fixture
def server(servers, httpserver) -> PlaidServer:
    httpserver.expect_request(re.compile(".*")).respond_with_handler(servers["plaid"])
    return servers["plaid"]


def linked(user) -> BankConnection:
    given = {"public_token": "public-good"}
    asked = connecting.ask_bank(user=user, provider="plaid", given=given)
    made = connecting.connect_bank(actor=user, user=user, provider="plaid", asked=asked, at=NOW)
    map_to(made, "new")
    return made


def body_of(
    item_id: str, kind: str = "TRANSACTIONS", code: str = "SYNC_UPDATES_AVAILABLE"
) -> bytes:
    return json.dumps({"webhook_type": kind, "webhook_code": code, "item_id": item_id}).encode()


def send(body: bytes, signature: str) -> int:
    headers = {"Plaid-Verification": signature} if signature else {}
    answer = Client().post(
        "/api/webhooks/plaid", body, content_type="application/json", headers=headers
    )
    return answer.status_code


def encoded(part: object) -> bytes:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def forged(server: PlaidServer, body: bytes, how: str) -> str:
    """A token that names a known key and whose claims are right, without Plaid's signature."""
    claims = {"iat": int(time.time()), "request_body_sha256": hashlib.sha256(body).hexdigest()}
    algorithm = {"none": "none", "stripped": "ES256", "public key as HMAC": "HS256"}[how]
    signed = b".".join(map(encoded, ({"alg": algorithm, "kid": "key-1", "typ": "JWT"}, claims)))
    public = server.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    mark = hmac.digest(public, signed, "sha256") if algorithm == "HS256" else b""
    return b".".join((signed, encoded(mark))).decode()


@pytest.mark.parametrize("how", ["none", "stripped", "public key as HMAC"])
def test_webhook_without_plaids_signature_is_refused(alice, server, clock, how):
    made = linked(alice)
    body = body_of(made.external_id)
    assert send(body, forged(server, body, how)) == 401
    assert not made.runs.exists()


def test_webhook_with_an_expired_key_is_refused(alice, server, clock):
    made = linked(alice)
    body = body_of(made.external_id)
    server.key_expired_at = 1_700_000_000
    assert send(body, server.signed(body)) == 401
    assert not made.runs.exists()


def test_webhook_reaches_only_the_connection_it_names(alice, bob, server, clock, bank):
    mine, theirs = linked(alice), linked(bob)
    body = body_of(theirs.external_id)
    assert send(body, server.signed(body)) == 204
    assert theirs.runs.exists()
    assert not mine.runs.exists()


@pytest.mark.slow
@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_order_of_webhooks_does_not_matter(alice, server, clock, bank, order):
    made = linked(alice)
    account = made.connected_accounts.get().account
    bank.add("main", TODAY - timedelta(days=2), "-12.00", "Kiosk")
    pending = bank.add("main", TODAY - timedelta(days=1), "-30.00", "Hotel", is_pending=True)
    bodies = [body_of(made.external_id, *code) for code in CODES]
    for place, number in enumerate(order):
        if place == 2:
            bank.settle(pending.pk, TODAY, "-31.00")
        assert send(bodies[number], server.signed(bodies[number])) == 204
        while due_connections(NOW, limit=1):
            sync_if_waiting(connection_id=made.pk, at=NOW)
    sync(made)
    account.refresh_from_db()
    assert (ledger(account), account.balance) == (bank.posted("main"), bank.balance("main"))
    made.refresh_from_db()
    assert made.status == "active"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_fifty_equal_webhooks_at_once_lead_to_the_state_of_one(server, clock, bank):
    user = make_user("owner@example.com")
    made = linked(user)
    account = made.connected_accounts.get().account
    for days in range(5):
        bank.add("main", TODAY - timedelta(days=days), "-12.00", "Kiosk")
    body = body_of(made.external_id)
    signature = server.signed(body)
    together = Barrier(ALL_AT_ONCE)

    def deliver(number: int) -> int:
        try:
            together.wait(timeout=120)
            return send(body, signature)
        finally:
            database.close()

    with ThreadPoolExecutor(ALL_AT_ONCE) as pool:
        answers = list(pool.map(deliver, range(ALL_AT_ONCE)))
    assert set(answers) == {204}
    sync(made, NOW + timedelta(days=400))
    account.refresh_from_db()
    assert (ledger(account), account.balance) == (bank.posted("main"), bank.balance("main"))
    assert made.runs.filter(status="queued").count() == 0
    assert sum(made.runs.values_list("added_count", flat=True)) == 5


def test_nothing_secret_is_logged(alice, server, clock, bank, caplog, capfd):
    caplog.set_level("DEBUG")
    bank.add("main", TODAY, "-12.34", "KIOSK OF SECRETS")
    made = linked(alice)
    body = body_of(made.external_id)
    good, bad = server.signed(body), forged(server, body, "none")
    assert (send(body, good), send(body, bad)) == (204, 401)
    sync(made)
    server.always = bank_servers.plaid_error("ITEM_ERROR", "ITEM_LOGIN_REQUIRED")
    sync(made, NOW + timedelta(days=1))
    connecting.disconnect_bank(actor=alice, connection=made, keep_data=True, at=NOW)
    connecting.end_accesses(at=NOW + timedelta(days=2))
    written = capfd.readouterr()
    logged = caplog.text + written.out + written.err
    assert logged
    for secret in ("top-secret-plaid", "access-2", "public-good", good, bad, "KIOSK", "12.34"):
        assert secret not in logged
    assert SyncRun.objects.filter(connection=made).exists()
