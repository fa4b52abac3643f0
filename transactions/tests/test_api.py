"""Transactions in the API: fields, commands and access."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework import serializers

from accounts.models import Account, AccountShare
from tests.builders import make_account, make_transaction, make_user
from transactions.api.serializers import TransactionIn, TransactionOut
from transactions.models import CategoryChange, MonthlyTotal, Transaction
from transactions.services.categories import create_category
from transactions.services.posting import edit_transaction
from users.models import User


def share(account, member, level):
    AccountShare.objects.create(
        user=account.user, member=member, account=account, level=level, status="accepted"
    )


def again(user):
    """The user as the next request loads them; what they can see is cached per request."""
    return User.objects.get(pk=user.pk)


def error_of(answer):
    error = answer.json()["errors"][0]
    return answer.status_code, error["attr"], error["detail"]


def test_transaction_has_exactly_these_fields(alice, api_for, checking, groceries):
    data = {
        "account": checking.pk,
        "amount": "12.5",
        "txn_date": "2026-03-01",
        "description": "REWE SAGT DANKE 123",
        "merchant": "REWE",
        "category": "groceries",
        "notes": "for Sunday",
        "tags": ["party", "food"],
    }
    answer = api_for(alice).post("/api/transactions", data)
    assert answer.status_code == 201
    body = answer.json()
    row = Transaction.objects.get()
    for name in ("created_at", "updated_at"):
        assert body.pop(name)
    assert body == {
        "id": row.pk,
        "user": alice.pk,
        "account": checking.pk,
        "account_name": "Everyday",
        "description": "REWE SAGT DANKE 123",
        "merchant": "REWE",
        "category": "groceries",
        "category_name": "Groceries",
        "category_source": "manual",
        "is_split": False,
        "amount": "12.50",
        "txn_type": "expense",
        "signed_amount": "-12.50",
        "currency": "EUR",
        "txn_date": "2026-03-01",
        "posted_date": None,
        "status": "posted",
        "notes": "for Sunday",
        "tags": ["food", "party"],
        "origin": "manual",
        "external_id": "",
        "import_batch": None,
        "deleted_at": None,
        "review": None,
    }
    assert api_for(alice).get(f"/api/transactions/{row.pk}").json()["amount"] == "12.50"
    checking.refresh_from_db()
    assert str(checking.balance) == "987.5000"


@pytest.mark.parametrize("ordering", ["", "-merchant,category", "account", "description"])
def test_list_shows_what_the_declared_fields_do(alice, api_for, checking, groceries, ordering):
    yen = make_account(user=alice, currency="JPY", name="Yen")
    make_transaction(account=checking, category=groceries, tags=["b", "a"], amount="-234.5")
    make_transaction(account=yen, amount="900", merchant="Shop", notes="n\u00f6te")
    row = make_transaction(account=checking)
    Transaction.objects.filter(pk=row.pk).update(
        created_at=datetime(2026, 3, 1, 9, 30, 0, 120, tzinfo=UTC),
        posted_date=date(2026, 3, 2),
        external_id="x1",
    )
    answer = api_for(alice).get(f"/api/transactions?ordering={ordering}").json()["results"]
    declared = {
        row.pk: json.loads(
            json.dumps(serializers.ModelSerializer.to_representation(TransactionOut(), row))
        )
        for row in Transaction.objects.for_list()
    }
    assert {row["id"]: row for row in answer} == declared
    assert len(answer) == 3
    one = api_for(alice).get(f"/api/transactions/{row.pk}").json()
    assert one == declared[row.pk]


def test_defaults_are_expense_and_today_in_the_users_time_zone(db, api_for):
    user = make_user("kiri@example.com", timezone="Pacific/Kiritimati")
    account = make_account(user=user, opening_balance="50")
    body = (
        api_for(user)
        .post("/api/transactions", {"account": account.pk, "amount": "5", "merchant": "Bus"})
        .json()
    )
    assert (body["txn_type"], body["description"]) == ("expense", "Bus")
    assert body["txn_date"] == str((timezone.now() + timedelta(hours=14)).date())


def test_amounts_have_the_currencys_own_decimals(alice, api_for):
    yen = make_account(user=alice, currency="JPY", opening_balance="5000")
    data = {"account": yen.pk, "amount": "120", "description": "茶"}
    body = api_for(alice).post("/api/transactions", data).json()
    assert (body["amount"], body["signed_amount"]) == ("120", "-120")
    refused = api_for(alice).post("/api/transactions", data | {"amount": "1.5"})
    assert error_of(refused) == (400, "amount", "JPY has no decimals.")


@pytest.mark.once
@pytest.mark.parametrize(
    ("over", "attr"),
    [
        ({"account": None}, "account"),
        ({"account": 999_999}, "account"),
        ({"account": "x"}, "account"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1e3000000"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": ["1"]}, "amount"),
        ({"amount": "9999999999999"}, "amount"),
        ({"amount": "1.00001"}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": "1000.01"}, "amount"),
        ({"txn_type": "gift"}, "txn_type"),
        ({"txn_date": "31.02.2026"}, "txn_date"),
        ({"txn_date": "0001-01-01"}, "txn_date"),
        ({"description": " ", "merchant": ""}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"category": "no-such"}, "category"),
        ({"status": "done"}, "status"),
        ({"tags": "party"}, "tags"),
        ({"notes": "x" * 4001}, "notes"),
    ],
)
def test_invalid_input_returns_a_message_for_its_field_and_posts_nothing(
    alice, api_for, checking, over, attr
):
    data = {"account": checking.pk, "amount": "5.00", "description": "Tea"} | over
    answer = api_for(alice).post("/api/transactions", data)
    status, found, sentence = error_of(answer)
    assert (status, found) == (400, attr)
    assert sentence.endswith(".")
    assert not Transaction.objects.exists()
    assert Account.objects.get().balance == 1000


def test_another_persons_account_gives_the_same_error_as_a_missing_one(
    alice, api_for, checking, bobs_account
):
    def sentence(pk):
        data = {"account": pk, "amount": "5.00", "description": "Tea"}
        return error_of(api_for(alice).post("/api/transactions", data))

    assert sentence(bobs_account.pk) == (
        sentence(987_654)[0],
        "account",
        sentence(987_654)[2].replace("987654", str(bobs_account.pk)),
    )
    assert not Transaction.objects.exists()


def test_amount_or_type_can_be_changed_alone(alice, api_for, checking):
    row = make_transaction(account=checking, amount="-10.00")
    client, url = api_for(alice), f"/api/transactions/{row.pk}"
    assert client.patch(url, {"amount": "4"}).json()["signed_amount"] == "-4.00"
    assert client.patch(url, {"txn_type": "income"}).json()["signed_amount"] == "4.00"
    checking.refresh_from_db()
    assert checking.balance == 1004


def test_put_accepts_unchanged_what_get_returned(alice, api_for, checking, groceries):
    row = make_transaction(account=checking, category=groceries, tags=["a"], merchant="Shop")
    client, url = api_for(alice), f"/api/transactions/{row.pk}"
    body = client.get(url).json()
    fields = TransactionIn().get_fields()
    again = client.put(url, {name: body[name] for name in fields}).json()
    assert again.pop("updated_at") >= body.pop("updated_at")
    assert again == body
    # Computed values aren't fields, even if sent unchanged.
    assert error_of(client.put(url, body | {"txn_type": "income"}))[0] == 400


def test_put_requires_the_same_fields_as_post(alice, api_for, checking):
    row = make_transaction(account=checking)
    answer = api_for(alice).put(f"/api/transactions/{row.pk}", {"notes": "x"})
    assert [error["attr"] for error in answer.json()["errors"]] == ["account", "amount"]


def test_imported_transaction_keeps_the_banks_data(alice, api_for, checking):
    row = make_transaction(account=checking, origin="import")
    client, url = api_for(alice), f"/api/transactions/{row.pk}"
    assert error_of(client.patch(url, {"amount": "1"}))[:2] == (400, "amount")
    assert client.patch(url, {"amount": "10.00", "notes": "same"}).json()["notes"] == "same"


def test_deleted_transaction_can_be_restored_from_the_trash(alice, bob, api_for, checking):
    row = make_transaction(account=checking)
    client, url = api_for(alice), f"/api/transactions/{row.pk}"
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == client.delete(url).status_code == 404
    assert client.get("/api/transactions").json()["results"] == []
    checking.refresh_from_db()
    assert checking.balance == 1000
    assert api_for(bob).post(f"{url}/restore").status_code == 404
    assert client.post(f"{url}/restore").json()["deleted_at"] is None
    assert client.post(f"{url}/restore").status_code == 200
    checking.refresh_from_db()
    assert checking.balance == 990


def test_chosen_category_is_locked_and_recorded_in_the_history(alice, api_for, checking):
    row = make_transaction(account=checking)
    client, url = api_for(alice), f"/api/transactions/{row.pk}"
    chosen = client.put(f"{url}/category", {"category": "groceries"}).json()
    assert (chosen["category"], chosen["category_source"]) == ("groceries", "manual")
    taken = client.put(f"{url}/category", {"category": None}).json()
    assert (taken["category"], taken["category_source"]) == (None, "none")
    history = client.get(f"{url}/category-history").json()["results"]
    assert [(entry["from"], entry["to"], entry["by"], entry["actor"]) for entry in history] == [
        ("groceries", None, "user", alice.pk),
        (None, "groceries", "user", alice.pk),
    ]
    assert error_of(client.put(f"{url}/category", {}))[:2] == (400, "category")
    assert error_of(client.put(f"{url}/category", {"category": "zzz"}))[:2] == (400, "category")


def test_another_persons_category_is_treated_as_missing(alice, bob, api_for, checking):
    create_category(actor=bob, user=bob, name="Bees")
    row = make_transaction(account=checking)
    client = api_for(alice)
    url = f"/api/transactions/{row.pk}/category"
    assert error_of(client.put(url, {"category": "bees"}))[0] == 400
    assert not CategoryChange.objects.exists()


def test_repeating_an_idempotency_key_posts_once(alice, api_for, checking):
    client = api_for(alice)
    data = {"account": checking.pk, "amount": "5.00", "description": "Tea"}
    answers = [
        client.post("/api/transactions", data, headers={"Idempotency-Key": "k1"}) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert Transaction.objects.count() == 1
    other = client.post(
        "/api/transactions", data | {"amount": "6.00"}, headers={"Idempotency-Key": "k1"}
    )
    assert other.status_code == 422
    client.post("/api/transactions", data)
    checking.refresh_from_db()
    assert checking.balance == 990


def test_analyst_can_add_to_own_accounts_but_not_edit_or_delete(db, api_for):
    user = make_user("an@example.com", role="analyst")
    account = make_account(user=user, opening_balance="100")
    client = api_for(user)
    made = client.post(
        "/api/transactions", {"account": account.pk, "amount": "5", "description": "Tea"}
    )
    assert made.status_code == 201
    assert_cannot_change(client, made.json()["id"])


def assert_cannot_change(client, pk):
    url = f"/api/transactions/{pk}"
    before = Transaction.objects.values().get(pk=pk)
    assert client.patch(url, {"amount": "1"}).status_code == 403
    assert client.put(url, {"amount": "1"}).status_code == 403
    assert client.delete(url).status_code == 403
    assert client.post(f"{url}/restore").status_code == 403
    assert client.put(f"{url}/category", {"category": "groceries"}).status_code == 403
    assert Transaction.objects.values().get(pk=pk) == before


@pytest.mark.parametrize(("level", "posted"), [("analyst", 201), ("viewer", 403)])
def test_on_a_shared_account_analysts_can_add_and_viewers_only_read(
    alice, bob, api_for, checking, level, posted
):
    row = make_transaction(account=checking)
    share(checking, bob, level)
    client = api_for(again(bob))
    assert client.get(f"/api/transactions/{row.pk}").status_code == 200
    assert [result["id"] for result in client.get("/api/transactions").json()["results"]] == [
        row.pk
    ]
    data = {"account": checking.pk, "amount": "5", "description": "Tea"}
    assert client.post("/api/transactions", data).status_code == posted
    assert Transaction.objects.count() == (2 if posted == 201 else 1)
    assert set(Transaction.objects.values_list("user", flat=True)) == {alice.pk}
    assert_cannot_change(client, row.pk)


def test_viewer_role_cannot_post_anywhere(db, api_for):
    user = make_user("viewer@example.com", role="viewer")
    account = make_account(user=user)
    data = {"account": account.pk, "amount": "5", "description": "Tea"}
    assert api_for(user).post("/api/transactions", data).status_code == 403
    assert not Transaction.objects.exists()


def test_other_peoples_and_missing_transactions_return_404_and_change_nothing(
    alice, api_for, bobs_account
):
    row = make_transaction(account=bobs_account)
    client = api_for(alice)
    calls = [
        ("get", ""),
        ("put", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "/restore"),
        ("put", "/category"),
        ("get", "/category-history"),
    ]
    for method, tail in calls:
        body = [{"amount": "1"}] if method in ("put", "patch") else []
        foreign = getattr(client, method)(f"/api/transactions/{row.pk}{tail}", *body)
        absent = getattr(client, method)(f"/api/transactions/999999{tail}", *body)
        assert foreign.status_code == absent.status_code == 404, (method, tail)
        assert foreign.content == absent.content
    assert Transaction.objects.get().signed_amount == row.signed_amount


def test_an_id_beyond_the_databases_range_returns_404_or_400(alice, api_for, checking):
    client, huge = api_for(alice), 10**30
    assert client.get(f"/api/transactions/{huge}").status_code == 404
    assert client.get(f"/api/accounts/{huge}").status_code == 404
    assert client.get(f"/api/categories/{huge}").status_code == 404
    data = {"account": huge, "amount": "5", "description": "Tea"}
    assert error_of(client.post("/api/transactions", data))[:2] == (400, "account")


def test_transaction_cannot_be_moved_to_an_archived_account(alice, api_for, checking, savings):
    row = make_transaction(account=checking)
    Account.objects.filter(pk=savings.pk).update(is_active=False)
    answer = api_for(alice).patch(f"/api/transactions/{row.pk}", {"account": savings.pk})
    assert error_of(answer)[:2] == (400, "account")
    row.refresh_from_db()
    assert row.account == checking


def test_options_and_head_requests_work(alice, api_for, checking):
    row = make_transaction(account=checking)
    client = api_for(alice)
    for url in (
        "/api/transactions",
        f"/api/transactions/{row.pk}",
        f"/api/transactions/{row.pk}/restore",
        f"/api/transactions/{row.pk}/category",
        f"/api/transactions/{row.pk}/category-history",
        "/api/categories",
    ):
        assert client.options(url).status_code == 200, url
    assert client.head("/api/transactions").status_code == 200


def test_editing_updates_the_totals(alice, checking, groceries):
    row = make_transaction(account=checking, amount="-10.00")
    edit_transaction(actor=alice, transaction=row, category=groceries)
    assert list(MonthlyTotal.objects.values_list("category__slug", "transaction_count")) == [
        ("groceries", 1)
    ]
