"""`Idempotency-Key` on every command that creates something."""

import http.client
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from banking.schema import OneSchema
from bills.services.planning import create_bill
from tests.builders import PASSWORD, make_account, make_transaction, make_user, step_up
from tests.command_bodies import receipt, spent_for_months
from tests.live_server import granian
from tests.world import everything, things_of
from transactions.models import Transaction

pytestmark = pytest.mark.django_db
# POST endpoints that create nothing: sign-in, confirmations, reads, switches, answers. Those that
# create something take no key for a reason.
OTHERS = {
    *("auth_login", "auth_refresh", "auth_logout", "auth_step_up"),
    *("auth_confirm_email", "auth_password_reset", "auth_password_reset_confirm"),
    *("auth_password_change", "users_me_erase_post", "users_me_confirm_email"),
    *("currency_convert", "export_csv_create", "alerts_backtest_create"),
    *("category_rules_preview", "category_rules_preview_all"),
    *("admin_users_unlock_create", "bills_send_due_reminders_create"),
    *("webhooks_twilio_create", "webhooks_plaid_create", "connections_reconnect"),
    *("review_decide", "review_decide_all", "review_undo"),
    *("shares_accept_create", "shares_decline_create"),
    *("transfers_confirm_create", "transfers_reject_create"),
    "undo_stop_create",
}
# Their answers hold secrets, which are not kept for a replay. An address signs up only once.
SECRETS = {"auth_signup", "users_me_mfa_set_up", "connections_link"}


def is_switch(operation: str) -> bool:
    return operation.endswith(("_restore_create", "_read_create", "_dismiss_create"))


@pytest.mark.slow
@pytest.mark.once
def test_every_creating_post_documents_and_accepts_the_key():
    schema = OneSchema().get_schema()
    keyed, others, created = set(), set(), set()
    for methods in schema["paths"].values():
        if "post" in methods:
            operation = methods["post"]
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            found = keyed if "Idempotency-Key" in names else others
            found.add(operation["operationId"])
            if {"201", "202"} & set(operation["responses"]):
                created.add(operation["operationId"])
            response_headers = next(iter(operation["responses"].values())).get("headers", {})
            assert ("Idempotency-Key" in names) == ("Idempotency-Replayed" in response_headers)
            assert ("Idempotency-Key" in names) == ("422" in operation["responses"])
    without_key = {route for route in others if not is_switch(route)}
    assert without_key == OTHERS | SECRETS, "Make it @idempotent, or list it here with its reason."
    # Erasing answers 202 while it waits; asking again is refused.
    assert created - keyed == SECRETS | {"users_me_erase_post"}


def creating(world: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """(URL, body, another body) of commands that create something."""
    account, pot = world["account"].pk, world["pot"].pk
    row = {"account": account, "amount": "3", "description": "Tea"}
    bill = {"biller_name": "Water", "amount_due": "20", "due_date": "2026-11-20"}
    share = {"email": "new@example.com", "level": "viewer", "account": account}
    dismissal = {"account": account, "merchant_key": "pool", "txn_type": "expense"}
    same = {
        "bill": world["bill"].pk,
        "account": account,
        "merchant_key": "pool",
        "decision": "same",
    }
    statement = {"account": account, "period": "2026-10"}
    alert = {"type": "bill_due", "email": True}
    chosen = {"ids": [world["transaction"].pk], "category": "groceries"}
    paid = {"transaction": world["transaction"].pk}
    return [
        ("/api/accounts", {"name": "A", "currency": "EUR"}, {"name": "B", "currency": "EUR"}),
        ("/api/transactions", row, row | {"amount": "4"}),
        ("/api/transfers", *({"source": account, "target": pot, "amount": n} for n in "12")),
        ("/api/bills", bill, bill | {"amount_due": "21"}),
        (f"/api/bills/{world['bill'].pk}/pay", {"amount": "3"}, {"amount": "4"}),
        ("/api/budgets", *({"category": "rent", "limit_amount": n} for n in ("5", "6"))),
        ("/api/budgets/suggestions", {"categories": ["groceries"]}, {}),
        ("/api/budgets/copy-last-month", {}, {"month": 12}),
        ("/api/rewards", {"program_name": "P"}, {"program_name": "Q"}),
        (
            f"/api/rewards/{world['reward'].pk}/entries",
            {"kind": "earn", "points": 5},
            {"kind": "earn", "points": 6},
        ),
        ("/api/categories", {"name": "Tea"}, {"name": "Cake"}),
        (
            "/api/categories/rules",
            *({"category": "groceries", "keyword_pattern": word} for word in ("tea", "cake")),
        ),
        ("/api/transactions/views", *({"name": name, "query": ""} for name in "ab")),
        ("/api/shares", share, share | {"level": "analyst"}),
        ("/api/insights/recurring/dismissed", dismissal, dismissal | {"merchant_key": "spa"}),
        ("/api/insights/same", same, same | {"merchant_key": "spa"}),
        ("/api/alerts/subscribe", alert, alert | {"email": False}),
        ("/api/transactions/bulk-categorize", chosen, chosen | {"category": "rent"}),
        (f"/api/bills/{world['open_bill'].pk}/match", paid, {"transaction": 999_999}),
        ("/api/export/pdf", statement, statement | {"period": "2026-09"}),
    ]


@pytest.fixture
def world(alice) -> dict[str, Any]:
    alice.base_currency = "EUR"
    alice.save()
    world = things_of(alice)
    pot = make_account(user=alice, name="Pot", opening_balance="50")
    world |= {"pot": pot, "owner": alice, "today": make_transaction(account=pot).txn_date}
    spent_for_months(world)
    world["open_bill"] = create_bill(
        actor=alice, user=alice, biller_name="Gas", amount_due=Decimal(12), currency="EUR",
        due_date=world["today"], account=world["account"],
    )  # fmt: skip
    return world


@pytest.mark.slow
def test_repeating_a_request_returns_the_same_response_and_changes_nothing(
    alice, api_for, world, subtests
):
    api = api_for(alice)
    for number, (address, body, other) in enumerate(creating(world)):
        step_up(api, alice)
        with subtests.test(address=address):
            key = {"HTTP_IDEMPOTENCY_KEY": f"key-{number}"}
            before = everything()
            first = api.post(address, body, **key)
            assert first.status_code in (200, 201), first.json()
            after = everything()
            assert after != before or address.startswith("/api/budgets/")
            again = api.post(address, body, **key)
            assert (again.status_code, again.json()) == (first.status_code, first.json())
            assert (again["Idempotency-Replayed"], first.get("Idempotency-Replayed")) == (
                "true",
                None,
            )
            changed = api.post(address, other, **key)
            assert changed.status_code == 422
            assert changed.json()["errors"][0]["code"] == "idempotency_key_reused"
            assert everything() == after


@pytest.mark.slow
def test_commands_without_a_body_run_once_as_well(alice, api_for, world, subtests):
    api, rule, bill = api_for(alice), world["rule"].pk, world["bill"].pk
    asked = [
        f"/api/categories/rules/{rule}/apply",
        "/api/categories/rules/apply",
        f"/api/connections/{world['connection'].pk}/sync",
        f"/api/bills/{bill}/send-reminder",
        f"/api/bills/{world['open_bill'].pk}/skip",
        f"/api/bills/{bill}/unpay",
    ]
    for number, address in enumerate(asked):
        with subtests.test(address=address):
            key = {"HTTP_IDEMPOTENCY_KEY": f"key-{number}"}
            first = api.post(address, **key)
            assert first.status_code in (200, 202), first.json()
            after = everything()
            again = api.post(address, **key)
            assert (again.status_code, again.json()) == (first.status_code, first.json())
            assert again["Idempotency-Replayed"] == "true"
            assert again.get("Location") == first.get("Location")
            assert everything() == after


def test_a_large_change_keeps_its_address_with_a_key(alice, api_for, world, settings):
    settings.CHANGE_INLINE_ROWS = settings.CHANGE_INLINE_SCAN = 0
    api, body = api_for(alice), {"ids": [world["transaction"].pk], "category": "rent"}
    first, second = (
        api.post("/api/transactions/bulk-categorize", body, HTTP_IDEMPOTENCY_KEY="k") for _ in "ab"
    )
    assert first.status_code == second.status_code == 202
    assert first["Location"] == second["Location"] == first.json()["url"]


def test_the_same_upload_with_the_same_key_creates_one_import(alice, api_for, world):
    api, url = api_for(alice), f"/api/transactions/{world['transaction'].pk}/attachments"
    first, second = (
        api.post(url, receipt(world), format="multipart", HTTP_IDEMPOTENCY_KEY="k") for _ in "ab"
    )
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"


def test_an_admin_creates_one_user_with_one_key(api_for):
    admin = make_user("root@example.com", role="admin")
    api, body = api_for(admin), {"name": "New", "email": "new@example.com"}
    step_up(api, admin)
    first, second = (api.post("/api/admin/users", body, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2))
    assert (first.status_code, second.json()) == (201, first.json())


@pytest.mark.once
@pytest.mark.parametrize("key", ["", " ", "\t", "clé", "鍵", "a\x7f", "k" * 201])
def test_an_invalid_key_is_rejected_everywhere(alice, api_for, world, key):
    api = api_for(alice)
    step_up(api, alice)
    before = everything()
    for address, body, _ in creating(world):
        answer = api.post(address, body, HTTP_IDEMPOTENCY_KEY=key)
        assert answer.status_code == 400, address
        assert [error["attr"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert everything() == before


# --- Through the real web server ------------------------------------------------------------------


@pytest.fixture
def live(tmp_path, transactional_db) -> Iterator[str]:
    """Yield the URL of a real server. In its database Alice has an account with 1000."""
    user = make_user()
    make_account(user=user, name="Everyday", opening_balance="1000")
    make_account(user=user, name="Rainy day")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with granian(tmp_path, Path(connection.settings_dict["NAME"])) as address:
        yield address


def ask(address: str, method: str, path: str, body: Any = None, **headers: Any) -> tuple[int, Any]:
    server = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
    environ = {name.replace("_", "-"): value for name, value in headers.items()}
    server.request(method, path, json.dumps(body), {"Content-Type": "application/json", **environ})
    answer = server.getresponse()
    return answer.status, json.loads(answer.read() or "null")


@pytest.mark.once
@pytest.mark.worker
def test_a_non_ascii_key_moves_no_money(live):
    """granian passes the header on as empty, which used to run the same transfer twice."""
    sign_in = {"email": "alice@example.com", "password": PASSWORD}
    _, tokens = ask(live, "POST", "/api/auth/login", sign_in)
    bearer = f"Bearer {tokens['access']}"
    _, found = ask(live, "GET", "/api/accounts", Authorization=bearer)
    source, target = (row["id"] for row in found["results"])
    body = {"source": source, "target": target, "amount": "10"}
    for key in ("clé-1".encode(), "ключ".encode(), b"\xff\xfe", b"", b"  "):
        headers = {"Authorization": bearer, "Idempotency_Key": key}
        status, answer = ask(live, "POST", "/api/transfers", body, **headers)
        assert (status, answer["errors"][0]["attr"]) == (400, "Idempotency-Key"), key
    status, made = ask(
        live, "POST", "/api/transfers", body, Authorization=bearer, Idempotency_Key="k-1"
    )
    assert status == 201
    _, listed = ask(live, "GET", "/api/transfers", Authorization=bearer)
    assert [row["id"] for row in listed["results"]] == [made["id"]]
    assert not Transaction.objects.exists()  # Create it here; the server has its own database.
