"""Transfers on pages and in the API; repeating a request transfers only once."""

from decimal import Decimal

import pytest
from django.utils import timezone

from tests.builders import make_account, make_transaction
from transactions.models import Transaction, Transfer
from transactions.tasks import find_transfers

pytestmark = pytest.mark.django_db


def balances(*accounts):
    for account in accounts:
        account.refresh_from_db()
    return [account.balance for account in accounts]


@pytest.fixture
def suggested(alice, checking, savings):
    on = timezone.now().date()
    make_transaction(account=checking, amount="-100.00", description="To pot", txn_date=on)
    make_transaction(account=savings, amount="100.00", description="From checking", txn_date=on)
    assert find_transfers(alice.pk) == 1
    return Transfer.objects.get()


def test_form_transfers_once_and_undo_reverses_it(alice, checking, savings, client_for):
    client = client_for(alice)
    body = {"source": checking.pk, "target": savings.pk, "amount": "250", "on": "2026-03-15"}
    for _ in range(2):
        answer = client.post("/transactions/transfers/new/", body | {"key": "k1"})
        assert (answer.status_code, answer["Location"]) == (302, "/transactions/transfers/")
    assert balances(checking, savings) == [Decimal(750), Decimal(5250)]
    page = client.get("/transactions/transfers/").content.decode()
    leg = Transfer.objects.get().outflow_transaction_id
    assert f"/transactions/{leg}/delete/" in page
    client.post(f"/transactions/{leg}/delete/")
    assert balances(checking, savings) == [Decimal(1000), Decimal(5000)]


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"amount": "1000.01"}, "available"),
        ({"amount": "0"}, "errorlist"),
        ({"target_amount": "3"}, "Both accounts use the same currency"),
    ],
)
def test_impossible_transfer_shows_an_error_at_its_field(
    alice, checking, savings, client_for, over, sentence
):
    body = {"source": checking.pk, "target": savings.pk, "amount": "250", "on": "2026-03-15"}
    answer = client_for(alice).post("/transactions/transfers/new/", body | over)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Transaction.objects.exists()


def test_suggestion_is_shown_confirmed_and_rejected(alice, suggested, client_for):
    client = client_for(alice)
    page = client.get("/transactions/transfers/").content.decode()
    assert "To pot" in page
    assert "From checking" in page
    client.post(f"/transactions/transfers/{suggested.pk}/confirm/")
    assert set(Transaction.objects.values_list("category__slug", flat=True)) == {"transfer"}
    client.post(f"/transactions/transfers/{suggested.pk}/reject/")
    assert set(Transaction.objects.values_list("category__slug", flat=True)) == {None}
    client.post("/transactions/transfers/search/")
    assert Transfer.objects.get().status == "rejected"


def test_api_transfers_once_per_idempotency_key(alice, checking, savings, api_for):
    client = api_for(alice)
    body = {"source": checking.pk, "target": savings.pk, "amount": "10.00", "date": "2026-03-15"}
    answers = [
        client.post("/api/transfers", body, format="json", headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    made = answers[0].json()
    shown = {name: made[name] for name in ("status", "amount", "target_amount", "date", "currency")}
    assert shown == {
        "status": "confirmed",
        "amount": "10.00",
        "target_amount": "10.00",
        "date": "2026-03-15",
        "currency": "EUR",
    }
    assert balances(checking, savings) == [Decimal(990), Decimal(5010)]
    assert len(client.get("/api/transfers?status=confirmed").json()["results"]) == 1


def test_api_rejects_other_peoples_and_shared_accounts(alice, checking, bobs_account, api_for):
    body = {"source": checking.pk, "target": bobs_account.pk, "amount": "10.00"}
    answer = api_for(alice).post("/api/transfers", body, format="json")
    assert answer.status_code == 400
    assert not Transaction.objects.exists()


def test_api_confirms_and_rejects(alice, suggested, api_for):
    client = api_for(alice)
    answer = client.post(f"/api/transfers/{suggested.pk}/confirm")
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    answer = client.post(f"/api/transfers/{suggested.pk}/reject")
    assert (answer.status_code, answer.json()["status"]) == (200, "rejected")


def test_side_of_a_transfer_keeps_its_amount_in_the_api(alice, checking, savings, api_for):
    client = api_for(alice)
    body = {"source": checking.pk, "target": savings.pk, "amount": "10.00"}
    made = client.post("/api/transfers", body, format="json").json()
    leg = f"/api/transactions/{made['outflow_transaction']}"
    refused = client.patch(leg, {"amount": "9.00"}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "amount")
    assert client.delete(leg).status_code == 204
    assert balances(checking, savings) == [Decimal(1000), Decimal(5000)]


def test_form_takes_the_received_amount_between_currencies(alice, checking, client_for):
    dollars = make_account(user=alice, name="Dollars", currency="USD")
    body = {"source": checking.pk, "target": dollars.pk, "amount": "10", "on": "2026-03-15"}
    client = client_for(alice)
    assert client.post("/transactions/transfers/new/", body).status_code == 422
    client.post("/transactions/transfers/new/", body | {"target_amount": "11.30"})
    assert balances(checking, dollars) == [Decimal(990), Decimal("11.30")]
