"""Accounts in the API: fields, masking, filters and access."""

import json
from decimal import Decimal

import pytest

from accounts.models import Account, AccountShare
from accounts.services import delete_account
from tests.builders import make_account, make_transaction, make_user
from users.models import AuditEvent


def share(account, member, level="viewer"):
    return AccountShare.objects.create(
        user=account.user, member=member, account=account, level=level, status="accepted"
    )


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def test_account_has_exactly_these_fields(alice, api_for):
    account = make_account(
        user=alice,
        name="Visa",
        bank_name="First",
        account_type="credit_card",
        last_four="4111 1111 1111 3456",
        opening_balance="-12.50",
        overdraft_limit="500",
    )
    answer = api_for(alice).get(f"/api/accounts/{account.pk}")
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("created_at")
    assert body.pop("updated_at")
    assert body == {
        "id": account.pk,
        "user": alice.pk,
        "bank_name": "First",
        "name": "Visa",
        "account_type": "credit_card",
        "masked_account": "****3456",
        "currency": "EUR",
        "balance": "-12.50",
        "opening_balance": "-12.50",
        "overdraft_limit": "500.00",
        "is_active": True,
        "access": "owner",
        "is_shared": False,
        "connection": None,
    }


def test_only_the_last_four_characters_of_an_account_number_are_stored_or_returned(alice, api_for):
    answer = api_for(alice).post(
        "/api/accounts",
        {"name": "Giro", "currency": "eur", "account_number": "DE89370400440532013000"},
    )
    assert answer.status_code == 201
    assert answer.json()["masked_account"] == "****3000"
    assert "5320" not in answer.content.decode()
    kept = json.dumps(
        [list(Account.objects.values()), list(AuditEvent.objects.values())], default=str
    )
    assert "0532013000" not in kept


def test_masked_number_is_accepted_unchanged(alice, api_for, checking):
    client = api_for(alice)
    client.patch(f"/api/accounts/{checking.pk}", {"masked_account": "****9876"})
    shown = client.get(f"/api/accounts/{checking.pk}").json()
    assert shown["masked_account"] == "****9876"
    body = {"name": shown["name"], "masked_account": shown["masked_account"]}
    assert client.put(f"/api/accounts/{checking.pk}", body).json()["masked_account"] == "****9876"


def test_balance_sets_the_opening_balance_on_create_and_is_rejected_on_update(alice, api_for):
    client = api_for(alice)
    made = client.post("/api/accounts", {"name": "A", "currency": "USD", "balance": "25.10"}).json()
    assert (made["balance"], made["opening_balance"]) == ("25.10", "25.10")
    url = f"/api/accounts/{made['id']}"
    refused = client.patch(url, {"balance": "9999.00", "name": "B"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "unknown_field")
    assert client.get(url).json() == made
    both = {"name": "C", "currency": "USD", "balance": "1.00", "opening_balance": "2.00"}
    assert client.post("/api/accounts", both).json()["balance"] == "2.00"


def test_changing_the_opening_balance_moves_the_balance(alice, api_for, checking):
    make_transaction(account=checking, amount="-10.00")
    body = api_for(alice).patch(f"/api/accounts/{checking.pk}", {"opening_balance": "500"}).json()
    assert (body["opening_balance"], body["balance"]) == ("500.00", "490.00")


def test_ownership_and_role_fields_are_rejected(alice, bob, api_for):
    data = {"name": "A", "currency": "EUR", "user": bob.pk, "role": "admin", "id": 7}
    errors = api_for(alice).post("/api/accounts", data).json()["errors"]
    assert [(error["code"], error["attr"]) for error in errors] == [
        ("unknown_field", "user"),
        ("unknown_field", "role"),
        ("unknown_field", "id"),
    ]
    assert not Account.objects.exists()


def test_currency_defaults_to_the_base_currency(db, api_for):
    user = make_user("yen@example.com", base_currency="JPY")
    body = api_for(user).post("/api/accounts", {"name": "円", "balance": "1200"}).json()
    assert (body["currency"], body["balance"]) == ("JPY", "1200")


@pytest.mark.parametrize(
    ("data", "attr"),
    [
        ({"currency": "EUR"}, "name"),
        ({"name": "  ", "currency": "EUR"}, "name"),
        ({"name": "A", "currency": "XXX"}, "currency"),
        ({"name": "A", "currency": "EUR", "account_type": "piggy"}, "account_type"),
        ({"name": "A", "currency": "EUR", "balance": "1e9"}, "balance"),
        ({"name": "A", "currency": "EUR", "balance": "NaN"}, "balance"),
        ({"name": "A", "currency": "EUR", "overdraft_limit": "-1"}, "overdraft_limit"),
        ({"name": "A\x00", "currency": "EUR"}, "name"),
        ({"name": "A" * 121, "currency": "EUR"}, "name"),
    ],
)
def test_invalid_input_returns_a_message_for_its_field_and_creates_nothing(
    alice, api_for, data, attr
):
    answer = api_for(alice).post("/api/accounts", data)
    assert answer.status_code == 400
    errors = answer.json()["errors"]
    assert [error["attr"] for error in errors] == [attr]
    assert errors[0]["detail"].endswith(".")
    assert not Account.objects.exists()


def test_a_body_that_is_not_an_object_returns_400(alice, api_for):
    for body in ("[]", '"x"', "{", "null"):
        answer = api_for(alice).generic("POST", "/api/accounts", body, "application/json")
        assert answer.status_code == 400, body


def test_currency_cannot_change_once_there_are_transactions(alice, api_for, checking):
    make_transaction(account=checking)
    answer = api_for(alice).patch(f"/api/accounts/{checking.pk}", {"currency": "USD"})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "currency")


def test_changing_an_empty_accounts_currency_keeps_or_replaces_the_amount(alice, api_for):
    account = make_account(user=alice, opening_balance="10.50")
    change = {"currency": "JPY", "opening_balance": "10"}
    body = api_for(alice).patch(f"/api/accounts/{account.pk}", change).json()
    assert (body["opening_balance"], body["balance"]) == ("10", "10")
    account.refresh_from_db()
    assert account.balance == Decimal(10)


def test_list_returns_own_and_shared_accounts_and_can_be_filtered(
    alice, bob, api_for, checking, savings
):
    bobs = make_account(user=bob, name="Joint", currency="USD")
    make_account(user=bob, name="Private")
    share(bobs, alice, "analyst")
    client = api_for(alice)
    rows = client.get("/api/accounts").json()["results"]
    assert [(row["name"], row["access"], row["is_shared"]) for row in rows] == [
        ("Everyday", "owner", False),
        ("Joint", "analyst", True),
        ("Rainy day", "owner", False),
    ]
    assert ids(client.get("/api/accounts?account_type=savings")) == [savings.pk]
    assert ids(client.get("/api/accounts?currency=USD")) == [bobs.pk]
    assert ids(client.get("/api/accounts?is_active=false")) == []
    assert len(ids(client.get("/api/accounts?is_active=true"))) == 3
    for query, attr in (("is_active=perhaps", "is_active"), ("account_type=x", "account_type")):
        answer = client.get(f"/api/accounts?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr)


def test_list_pagination_neither_skips_nor_repeats_accounts(alice, api_for):
    made = [make_account(user=alice, name=name).pk for name in ("b", "a", "b", "c", "a")]
    client, seen, url = api_for(alice), [], "/api/accounts?page_size=2"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert sorted(seen) == sorted(made)
    assert len(seen) == 5


def test_members_can_read_a_shared_account_but_not_change_it(alice, bob, api_for, checking):
    for level in ("viewer", "analyst"):
        AccountShare.objects.all().delete()
        share(checking, bob, level)
        client = api_for(type(bob).objects.get(pk=bob.pk))
        assert client.get(f"/api/accounts/{checking.pk}").json()["access"] == level
        for method in ("put", "patch", "delete"):
            body = [] if method == "delete" else [{"name": "Mine"}]
            answer = getattr(client, method)(f"/api/accounts/{checking.pk}", *body)
            assert answer.status_code == 403
            assert answer.json()["errors"][0]["detail"].startswith("You can view this account")
    checking.refresh_from_db()
    assert (checking.name, checking.deleted_at) == ("Everyday", None)


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_read_only_roles_cannot_change_even_their_own_accounts(db, api_for, role):
    user = make_user("ro@example.com", role=role)
    account = make_account(user=user)
    client = api_for(user)
    assert client.get(f"/api/accounts/{account.pk}").status_code == 200
    assert client.post("/api/accounts", {"name": "A"}).status_code == 403
    assert client.patch(f"/api/accounts/{account.pk}", {"name": "A"}).status_code == 403
    assert client.delete(f"/api/accounts/{account.pk}").status_code == 403
    assert Account.objects.get().name == "Everyday"


def test_other_peoples_and_missing_accounts_return_404_and_change_nothing(
    alice, api_for, bobs_account
):
    client = api_for(alice)
    for method in ("get", "put", "patch", "delete"):
        body = [{"name": "Mine"}] if method in ("put", "patch") else []
        foreign = getattr(client, method)(f"/api/accounts/{bobs_account.pk}", *body)
        absent = getattr(client, method)("/api/accounts/999999", *body)
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content
    bobs_account.refresh_from_db()
    assert bobs_account.name == "Bob's own"


def test_deleted_account_is_hidden_until_its_owner_restores_it(alice, bob, api_for, checking):
    row = make_transaction(account=checking)
    client = api_for(alice)
    assert client.delete(f"/api/accounts/{checking.pk}").status_code == 204
    assert client.get(f"/api/accounts/{checking.pk}").status_code == 404
    assert client.delete(f"/api/accounts/{checking.pk}").status_code == 404
    assert client.get(f"/api/transactions/{row.pk}").status_code == 404
    assert ids(client.get("/api/accounts")) == []
    assert api_for(bob).post(f"/api/accounts/{checking.pk}/restore").status_code == 404
    answer = client.post(f"/api/accounts/{checking.pk}/restore")
    assert (answer.status_code, answer.json()["balance"]) == (200, "990.00")
    assert client.get(f"/api/transactions/{row.pk}").status_code == 200


def test_trashed_account_is_hidden_from_members_too(alice, bob, api_for, checking):
    share(checking, bob)
    delete_account(actor=alice, account=checking)
    assert api_for(bob).get(f"/api/accounts/{checking.pk}").status_code == 404


def test_repeating_an_idempotency_key_opens_one_account(alice, api_for):
    client, data = api_for(alice), {"name": "A", "currency": "EUR"}
    first = client.post("/api/accounts", data, headers={"Idempotency-Key": "k"})
    second = client.post("/api/accounts", data, headers={"Idempotency-Key": "k"})
    assert first.json() == second.json()
    assert Account.objects.count() == 1


def test_trailing_slash_options_and_head_requests_work(alice, api_for, checking):
    client = api_for(alice)
    assert client.get("/api/accounts/").status_code == 200
    for url in ("/api/accounts", f"/api/accounts/{checking.pk}"):
        assert client.options(url).status_code == 200
        assert client.head(url).status_code == 200
