"""Bank connections in the API and on pages, with the sandbox bank; Plaid's webhook."""

import json
import re

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Account, BankConnection, SyncRun
from tests import builders
from tests.builders import step_up
from transactions.models import Transaction
from transactions.services import connecting
from transactions.services.syncing import sync_connection
from transactions.tests.bank_servers import Bank, PlaidServer

NOW = builders.NOON


@pytest.fixture
def owner(client_for, alice):
    client = client_for(alice)
    step_up(client, alice)
    return client


@pytest.fixture
def connected(owner, alice) -> BankConnection:
    answer = owner.post(
        reverse("transactions:connection_connect"),
        {"provider": "sandbox", "institution": "riverbank"},
    )
    connection = BankConnection.objects.get(user=alice)
    assert answer.url == reverse("transactions:connection_accounts", args=[connection.pk])
    return connection


@pytest.fixture
def mapped(owner, connected) -> BankConnection:
    fields = {f"account-{account.pk}": "new" for account in connected.connected_accounts.all()}
    page = reverse("transactions:connection_accounts", args=[connected.pk])
    assert owner.post(page, fields).status_code == 302
    sync_connection(connection_id=connected.pk, at=NOW)
    return connected


@pytest.mark.slow
def test_sandbox_bank_is_connected_mapped_and_synced(mapped, alice, owner):
    accounts = Account.objects.filter(user=alice).order_by("name")
    assert [account.name for account in accounts] == [
        "Everyday Checking", "Goal Savings", "Rewards Card",
    ]  # fmt: skip
    assert Transaction.objects.filter(user=alice).count() > 200
    for connected in mapped.connected_accounts.select_related("account"):
        assert connected.difference == 0
    page = owner.get(reverse("transactions:connection_detail", args=[mapped.pk]))
    assert page.status_code == 200
    assert "new transactions" in page.content.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "added"), [("post", 1), ("pending", 1), ("revise", 0), ("remove", 0)]
)
def test_sandbox_bank_actions_are_synced(mapped, owner, action, added):
    owner.post(reverse("transactions:connection_play", args=[mapped.pk]), {"action": action})
    run = SyncRun.objects.filter(connection=mapped).first()
    if run.status == "queued":
        run = sync_connection(connection_id=mapped.pk, at=NOW)
    assert (run.status, run.added_count) == ("done", added)


@pytest.mark.slow
def test_expired_sign_in_is_renewed_on_the_page(mapped, owner):
    play = reverse("transactions:connection_play", args=[mapped.pk])
    owner.post(play, {"action": "break"})
    sync_connection(connection_id=mapped.pk, at=NOW)
    mapped.refresh_from_db()
    assert mapped.status == "needs_login"
    page = reverse("transactions:connection_reconnect", args=[mapped.pk])
    assert owner.get(page).status_code == 200
    owner.post(page)
    sync_connection(connection_id=mapped.pk, at=NOW)
    mapped.refresh_from_db()
    assert mapped.status == "active"


@pytest.mark.slow
def test_expired_sign_in_is_renewed_by_api(mapped, owner):
    owner.post(reverse("transactions:connection_play", args=[mapped.pk]), {"action": "break"})
    sync_connection(connection_id=mapped.pk, at=NOW)
    address = f"/api/connections/{mapped.pk}"
    assert owner.get(address).json()["status"] == "needs_login"
    answer = owner.post(f"{address}/reconnect", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    sync_connection(connection_id=mapped.pk, at=NOW)
    assert owner.get(address).json()["status"] == "active"


@pytest.mark.slow
def test_connection_is_renewed_after_its_provider_is_no_longer_offered(mapped, owner, settings):
    settings.PLAID_CLIENT_ID, settings.PLAID_SECRET = "client", "secret"
    listed = owner.get("/api/connections/providers").json()
    assert [offered["provider"] for offered in listed] == ["plaid", "simplefin"]
    page = reverse("transactions:connection_reconnect", args=[mapped.pk])
    assert owner.get(page).status_code == 200
    assert owner.post(page).status_code == 302


def test_connecting_requires_recent_confirmation(client_for, api_for, alice):
    page = client_for(alice).get(reverse("transactions:connection_connect") + "?provider=sandbox")
    assert page.status_code == 302
    body = {"provider": "sandbox", "institution": "riverbank"}
    answer = api_for(alice).post("/api/connections", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "step_up_required")
    assert not BankConnection.objects.exists()


def test_api_connects_maps_and_lists(owner, alice):
    body = {"provider": "sandbox", "institution": "northwind"}
    key = {"Idempotency-Key": "connect-1"}
    made = owner.post("/api/connections", body, content_type="application/json", headers=key)
    again = owner.post("/api/connections", body, content_type="application/json", headers=key)
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() == again.json()
    assert BankConnection.objects.filter(user=alice).count() == 1
    answer = made.json()
    assert (answer["institution_name"], answer["status"]) == ("Northwind Credit Union", "active")
    assert {account["account"] for account in answer["accounts"]} == {None}
    choices = [{"id": answer["accounts"][0]["id"], "account": "new"}]
    address = f"/api/connections/{answer['id']}"
    mapped = owner.put(
        f"{address}/accounts", {"accounts": choices}, content_type="application/json"
    )
    assert mapped.status_code == 200
    assert mapped.json()["accounts"][0]["account"] == Account.objects.get(user=alice).pk
    asked = owner.post(f"{address}/sync", {}, content_type="application/json")
    assert asked.status_code == 202
    runs = owner.get(address).json()["runs"]
    assert runs[0]["id"] == asked.json()["id"]


def test_other_peoples_accounts_and_unknown_ids_are_rejected(owner, connected, bobs_account):
    address = f"/api/connections/{connected.pk}/accounts"
    known = connected.connected_accounts.first().external_id
    for choice in (
        {"id": known, "account": bobs_account.pk},
        {"id": "nonsense", "account": "new"},
        {"id": known, "account": True},
    ):
        body = {"accounts": [choice]}
        assert owner.put(address, body, content_type="application/json").status_code == 400
    assert not connected.connected_accounts.exclude(account=None).exists()


def test_fields_the_provider_needs_are_required(owner):
    answer = owner.post(
        "/api/connections", {"provider": "simplefin"}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "token"


def test_only_configured_providers_are_offered(owner, settings):
    providers = owner.get("/api/connections/providers").json()
    assert [offered["provider"] for offered in providers] == ["simplefin", "sandbox"]
    settings.SIMPLEFIN, settings.SANDBOX_BANK_URL = False, ""
    assert owner.get("/api/connections/providers").json() == []


@pytest.mark.slow
def test_disconnecting_can_be_undone(mapped, owner):
    page = reverse("transactions:connection_disconnect", args=[mapped.pk])
    assert owner.get(page).status_code == 200
    owner.post(page, {"data": "remove"})
    assert not Transaction.objects.filter(user=mapped.user, deleted_at=None).exists()
    assert owner.get(f"/api/connections/{mapped.pk}").status_code == 404
    owner.post(reverse("transactions:connection_undo", args=[mapped.pk]))
    assert owner.get(f"/api/connections/{mapped.pk}").status_code == 200
    assert Transaction.objects.filter(user=mapped.user, deleted_at=None).count() > 200


# --- Plaid's webhook ----------------------------------------------------------------------------


@pytest.fixture
def plaid(settings, httpserver, alice):
    root = httpserver.url_for("").rstrip("/")
    settings.PLAID_BASE_URL = root
    settings.PLAID_CLIENT_ID, settings.PLAID_SECRET = "client", "top-secret-plaid"
    server = PlaidServer(Bank())
    server.bank.open("main")
    httpserver.expect_request(re.compile(".*")).respond_with_handler(server)
    given = {"public_token": "public-good"}
    asked = connecting.ask_bank(user=alice, provider="plaid", given=given)
    connection = connecting.connect_bank(
        actor=alice, user=alice, provider="plaid", asked=asked, at=NOW
    )
    cache.clear()
    return server, connection


def send(client, body: bytes, signature: str):
    headers = {"Plaid-Verification": signature} if signature else {}
    return client.post(
        "/api/webhooks/plaid", body, content_type="application/json", headers=headers
    )


def webhook(item_id: str) -> bytes:
    event = {
        "webhook_type": "TRANSACTIONS",
        "webhook_code": "SYNC_UPDATES_AVAILABLE",
        "item_id": item_id,
    }
    return json.dumps(event, indent=1).encode()


@pytest.fixture
def real_clock(_clock):
    """Plaid's stand-in signs with the real clock."""
    _clock.stop()
    yield
    _clock.start()


def test_plaid_webhook_requests_one_sync(plaid, client, real_clock):
    server, connection = plaid
    body = webhook(connection.external_id)
    answers = {send(client, body, server.signed(body)).status_code for _ in range(5)}
    assert answers == {204}
    assert connection.runs.count() >= 1
    assert connection.runs.filter(status="queued").count() <= 1


@pytest.mark.parametrize("how", ["unsigned", "changed", "old", "ahead", "other key", "unknown key"])
def test_forged_webhook_returns_401_and_requests_nothing(plaid, client, how, real_clock):
    server, connection = plaid
    body = webhook(connection.external_id)
    signature = {
        "unsigned": lambda: "",
        "changed": lambda: server.signed(body + b" "),
        "old": lambda: server.signed(body, age=360),
        "ahead": lambda: server.signed(body, age=-360),
        "other key": lambda: PlaidServer(Bank()).signed(body),
        "unknown key": lambda: server.signed(body, kid="key-9"),
    }[how]()
    assert send(client, body, signature).status_code == 401
    assert not connection.runs.exists()


def test_oversized_webhook_returns_413(plaid, client):
    assert send(client, b"x" * (10 * 1024 * 1024), "a.b.c").status_code == 413


def test_webhook_for_an_unknown_connection_does_nothing(plaid, client, real_clock):
    server, connection = plaid
    body = webhook("item-of-somebody-else")
    assert send(client, body, server.signed(body)).status_code == 204
    assert not connection.runs.exists()


def test_connecting_plaid_starts_on_its_own_page(plaid, owner):
    page = owner.get(reverse("transactions:connection_connect") + "?provider=plaid")
    assert "https://hosted.plaid.com/link/x" in page.content.decode()
    answer = owner.post("/api/connections/link", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["link_token"]) == (201, "link-sandbox-1")


@pytest.mark.slow
def test_plaid_is_connected_and_renewed_by_its_own_page(plaid, owner, alice):
    server, first = plaid
    connect = reverse("transactions:connection_connect") + "?provider=plaid"
    back = reverse("transactions:connection_return")
    # The person comes back without having signed in.
    owner.get(connect)
    page = owner.get(back, follow=True)
    assert "No bank was connected." in page.content.decode()
    owner.get(connect)
    server.is_link_finished = True
    answer = owner.get(back)
    made = BankConnection.objects.exclude(pk=first.pk).get()
    assert answer.url == reverse("transactions:connection_accounts", args=[made.pk])
    assert (made.institution_name, made.external_id) == ("Chase", "item-3")

    made.status = "needs_login"
    made.save()
    page = owner.get(reverse("transactions:connection_reconnect", args=[made.pk]))
    assert "https://hosted.plaid.com/link/x" in page.content.decode()
    assert owner.get(back).url == reverse("transactions:connection_detail", args=[made.pk])
    made.refresh_from_db()
    assert (made.status, made.external_id) == ("active", "item-3")
    # Coming back a second time does nothing.
    owner.get(back)
    assert BankConnection.objects.filter(user=alice).count() == 2
