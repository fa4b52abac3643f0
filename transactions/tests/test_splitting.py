"""Split transactions: the parts count instead of the whole, and splits can be undone."""

import re
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.sharing import accept_share, share_account
from tests.builders import make_transaction
from tests.invariants import assert_ledger_holds
from transactions.models import (
    Category,
    MerchantTotal,
    MonthlyTotal,
    Transaction,
    TransactionSplit,
)
from transactions.services.bulk_editing import bulk_delete, bulk_edit
from transactions.services.categories import create_category
from transactions.services.category_removal import delete_category
from transactions.services.posting import edit_transaction
from transactions.services.splitting import Part, split_transaction, unsplit_transaction
from transactions.services.undoing import undo_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def transport():
    return Category.objects.get(user=None, slug="transport")


@pytest.fixture
def split(alice, checking, groceries, transport):
    row = make_transaction(account=checking, amount="-30.00", category=groceries)
    parts = [Part(Decimal("-20.00"), transport, "bus"), Part(Decimal("-10.00"))]
    return split_transaction(actor=alice, transaction=row, parts=parts)


def spent():
    totals = MonthlyTotal.objects.values_list("category__slug", "outflow")
    return dict(totals)


def test_parts_count_instead_of_the_whole(alice, split):
    assert spent() == {"transport": Decimal(20), None: Decimal(10)}
    [at_merchant] = MerchantTotal.objects.all()
    assert (at_merchant.category, at_merchant.outflow) == (None, Decimal(30))
    assert at_merchant.transaction_count == 1
    assert_ledger_holds()
    unsplit_transaction(actor=alice, transaction=split)
    assert spent() == {"groceries": Decimal(30)}
    assert not TransactionSplit.objects.exists()
    assert_ledger_holds()


def test_splitting_again_replaces_the_parts(alice, split, groceries):
    parts = [Part(Decimal("-29.99"), groceries), Part(Decimal("-0.01"), groceries)]
    split_transaction(actor=alice, transaction=split, parts=parts)
    assert spent() == {"groceries": Decimal(30)}
    assert_ledger_holds()


@pytest.mark.parametrize(
    ("amounts", "sentence"),
    [
        (["-30.00"], "Enter 2 to 20 parts."),
        (["-20.00", "-9.99"], "The parts add up to 29.99, but the transaction is 30.00 EUR."),
        (["-30.00", "0.00"], "Each part needs an amount other than zero."),
        (["20.00", "9.99"], "The parts add up to -29.99, but the transaction is 30.00 EUR."),
        (["-29.999", "-0.001"], "EUR has 2 decimals."),
    ],
)
def test_parts_that_do_not_add_up_are_rejected(alice, checking, amounts, sentence):
    row = make_transaction(account=checking, amount="-30.00")
    with pytest.raises(ValidationError) as refusal:
        split_transaction(
            actor=alice, transaction=row, parts=[Part(Decimal(amount)) for amount in amounts]
        )
    assert refusal.value.message_dict == {"parts": [sentence]}
    assert not TransactionSplit.objects.exists()
    assert_ledger_holds()


@pytest.mark.slow
def test_a_discount_lowers_the_spending_of_its_category(
    alice, checking, groceries, client_for, api_for
):
    row = make_transaction(account=checking, amount="-40.00")
    parts = [("40.00", "groceries"), ("4.26", "transport"), ("-4.26", "")]
    client = client_for(alice)
    assert client.post(f"/transactions/{row.pk}/split/", form_of(*parts)).status_code == 302
    shown = api_for(alice).get(f"/api/transactions/{row.pk}/splits").json()
    assert [(part["amount"], part["category"]) for part in shown] == [
        ("40.00", "groceries"),
        ("4.26", "transport"),
        ("-4.26", "groceries"),
    ]
    answer = api_for(alice).put(
        f"/api/transactions/{row.pk}/splits",
        {"parts": [{"amount": part["amount"], "category": part["category"]} for part in shown]},
    )
    assert answer.json()[2]["amount"] == "-4.26"
    for query, outflow in (
        ("", "40"),
        ("?category=groceries", "35.74"),
        ("?category=transport", "4.26"),
    ):
        [summary] = totals(client, query)
        assert (summary.inflow, summary.outflow) == (0, Decimal(outflow))
    [groceries_total] = MonthlyTotal.objects.filter(category=groceries)
    assert (groceries_total.inflow, groceries_total.outflow) == (Decimal("4.26"), Decimal(40))
    assert_ledger_holds()


def test_part_cannot_be_a_transfer_or_use_another_persons_category(alice, bob, checking):
    row = make_transaction(account=checking, amount="-30.00")
    foreign = create_category(actor=bob, user=bob, name="Bob's")
    for category in (foreign, Category.objects.get(slug="transfer")):
        parts = [Part(Decimal(-15), category), Part(Decimal(-15))]
        with pytest.raises(ValidationError):
            split_transaction(actor=alice, transaction=row, parts=parts)
    assert not TransactionSplit.objects.exists()


@pytest.mark.parametrize(
    ("change", "attr"),
    [({"signed_amount": Decimal(-1)}, "amount"), ({"category": None}, "category")],
)
def test_amount_and_category_of_a_split_transaction_are_fixed(alice, split, change, attr):
    with pytest.raises(ValidationError) as refusal:
        edit_transaction(actor=alice, transaction=split, **change)
    assert list(refusal.value.message_dict) == [attr]
    assert_ledger_holds()


@pytest.mark.slow
def test_moving_date_account_or_status_moves_the_parts(alice, split, savings):
    for change in (
        {"txn_date": split.txn_date.replace(month=5)},
        {"account": savings},
        {"status": "pending"},
        {"status": "posted"},
    ):
        edit_transaction(actor=alice, transaction=split, **change)
        split.refresh_from_db()
        assert_ledger_holds()


@pytest.mark.slow
def test_bulk_edits_skip_split_transactions_and_undoing_a_deletion_restores_parts(
    alice, split, groceries
):
    rows, now = Transaction.objects.all(), timezone.now()
    assert bulk_edit(actor=alice, rows=rows, at=now, category=None) is None
    change = bulk_delete(actor=alice, rows=rows, at=now)
    assert spent() == {}
    undo_change(actor=alice, change=change, at=now)
    assert spent() == {"transport": Decimal(20), None: Decimal(10)}
    assert_ledger_holds()


def test_parts_of_a_deleted_category_move_to_its_parent(alice, split, groceries):
    own = create_category(actor=alice, user=alice, name="Own", parent=groceries.parent)
    split_transaction(
        actor=alice, transaction=split, parts=[Part(Decimal(-15), own), Part(Decimal(-15))]
    )
    delete_category(actor=alice, category=own)
    assert spent() == {groceries.parent and groceries.parent.slug: Decimal(15), None: Decimal(15)}
    assert_ledger_holds()


def test_category_filter_finds_a_split_transaction_by_its_parts(alice, split, api_for):
    def found(slug):
        return len(api_for(alice).get(f"/api/transactions?category={slug}").json()["results"])

    assert [found("transport"), found("uncategorized"), found("groceries")] == [1, 1, 0]


def form_of(*parts):
    body = {"part-TOTAL_FORMS": len(parts) + 1, "part-INITIAL_FORMS": 1}
    for number, (amount, category) in enumerate(parts):
        body |= {f"part-{number}-amount": amount, f"part-{number}-category": category}
    return body


@pytest.mark.slow
def test_page_splits_and_undo_restores_the_whole(alice, checking, groceries, client_for):
    row = make_transaction(account=checking, amount="-30.00", category=groceries)
    client, url = client_for(alice), f"/transactions/{row.pk}/split/"
    assert 'value="30' in client.get(url).content.decode()
    wrong = client.post(url, form_of(("20", "transport"), ("9", "")))
    assert wrong.status_code == 422
    assert "The parts add up to 29.00" in wrong.content.decode()
    answer = client.post(url, form_of(("20", "transport"), ("10", "")))
    assert (answer.status_code, answer["Location"]) == (302, f"/transactions/{row.pk}/")
    page = client.get(f"/transactions/{row.pk}/").content.decode()
    assert "Undo split" in page
    assert f"/transactions/{row.pk}/unsplit/" in page
    client.post(f"/transactions/{row.pk}/unsplit/")
    assert spent() == {"groceries": Decimal(30)}


def test_api_sets_and_removes_parts(alice, checking, groceries, api_for):
    row = make_transaction(account=checking, amount="-30.00", category=groceries)
    client, url = api_for(alice), f"/api/transactions/{row.pk}/splits"
    parts = [{"amount": "20.00", "category": "transport", "notes": "bus"}, {"amount": "10.00"}]
    answer = client.put(url, {"parts": parts}, format="json")
    shown = [(part["amount"], part["category"], part["notes"]) for part in answer.json()]
    assert shown == [("20.00", "transport", "bus"), ("10.00", None, "")]
    assert client.get(url).json() == answer.json()
    assert client.get(f"/api/transactions/{row.pk}").json()["is_split"] is True
    refused = client.put(url, {"parts": parts[:1]}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "parts")
    assert client.put(url, {"parts": []}, format="json").json() == []
    assert spent() == {"groceries": Decimal(30)}


def totals(client, query=""):
    return client.get(f"/transactions/totals/{query}").context["summaries"]


@pytest.mark.slow
def test_category_list_counts_only_the_matching_part(
    alice, bob, checking, split, groceries, transport, client_for
):
    make_transaction(account=checking, amount="-5.00", category=transport)
    # Its own category is kept, even if it is a transfer category.
    Transaction.objects.filter(pk=split.pk).update(category=Category.objects.get(slug="transfer"))
    share = share_account(actor=alice, account=checking, member=bob, level="viewer")
    accept_share(actor=bob, share=share)
    for user in (alice, bob):
        page = client_for(user).get("/transactions/?category=transport&transfers=exclude")
        [total] = totals(client_for(user), "?category=transport&transfers=exclude")
        assert (total.count, total.outflow, total.transfer_count) == (2, spent()["transport"], 0)
        [group] = page.context["groups"]
        assert group.nets == [("EUR", Decimal(-25))]
        assert [row.counted for row in group.rows] == [Decimal(-5), Decimal(-20)]
        text = page.content.decode()
        assert re.search(r"−€20\.00.*of .*−€30\.00", text, re.DOTALL)
        # Only the owner may select rows.
        assert (f"name=ids value={split.pk} " in " ".join(text.split())) == (user == alice)
    [total] = totals(client_for(alice))
    assert (total.count, total.outflow) == (2, Decimal(35))
    [total] = totals(client_for(alice), "?category=uncategorized")
    assert total.outflow == spent()[None] == 10
    whole = client_for(alice).get("/transactions/export/?category=uncategorized")
    assert b",-30.00,EUR," in b"".join(whole.streaming_content)
