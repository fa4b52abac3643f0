"""Transfers: atomic pairs outside income and spending, and suggestions that are remembered."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ExchangeRate
from accounts.services import store_rates
from tests.builders import make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import Transaction, Transfer
from transactions.services.bulk_editing import bulk_delete, bulk_edit
from transactions.services.categorizing import set_category
from transactions.services.entering import enter_transaction
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    restore_transactions,
)
from transactions.services.purging import purge
from transactions.services.transfers import (
    confirm_transfer,
    open_suggestions,
    reject_transfer,
    suggest_transfers,
    transfer_funds,
)
from transactions.services.undoing import undo_change
from users.models import AuditEvent

MARCH = date(2026, 3, 15)


def balances(*accounts):
    for account in accounts:
        account.refresh_from_db()
    return [account.balance for account in accounts]


def test_transfer_moves_one_amount_and_is_not_spending(alice, checking, savings):
    transfer = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal("250.00"), on=MARCH
    )
    assert balances(checking, savings) == [Decimal("750.00"), Decimal("5250.00")]
    assert transfer.status == "confirmed"
    assert set(Transaction.objects.values_list("category__kind", flat=True)) == {"transfer"}
    assert check_ledger().is_clean


def test_uncovered_transfer_leaves_nothing_behind(alice, checking, savings):
    with pytest.raises(ValidationError):
        transfer_funds(
            actor=alice, source=checking, target=savings, amount=Decimal("1000.01"), on=MARCH
        )
    assert balances(checking, savings) == [Decimal("1000.00"), Decimal("5000.00")]
    assert not Transaction.objects.exists()
    assert not Transfer.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="transactions.").exists()


@pytest.mark.slow
@pytest.mark.once
def test_many_equal_transfers_on_one_day_cost_no_more_queries(alice, checking, savings):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            transfer_funds(
                actor=alice, source=savings, target=checking, amount=Decimal(5), on=MARCH
            )
        return len(captured)

    queries(), queries()
    third = queries()
    for _ in range(6):
        queries()
    assert queries() == third


def test_a_transfer_over_the_api_takes_few_statements_and_answers_what_is_stored(
    alice, checking, savings, api_for
):
    api = api_for(alice)
    for key in ("first", "second"):
        body = {"source": savings.pk, "target": checking.pk, "amount": "5.00"}
        with CaptureQueriesContext(connection) as captured:
            answer = api.post("/api/transfers", body, headers={"Idempotency-Key": key})
        assert answer.json() == api.get("/api/transfers").json()["results"][0]
    assert len(captured) <= 27, "\n".join(query["sql"][:80] for query in captured)


def test_currency_transfer_uses_the_days_rate_or_both_amounts(alice, checking):
    dollars = make_account(user=alice, name="Dollars", currency="USD")
    with pytest.raises(ValidationError) as refusal:
        transfer_funds(actor=alice, source=checking, target=dollars, amount=Decimal("10"), on=MARCH)
    assert list(refusal.value.message_dict) == ["target_amount"]
    transfer_funds(
        actor=alice,
        source=checking,
        target=dollars,
        amount=Decimal("10.00"),
        target_amount=Decimal("11.30"),
        on=MARCH,
    )
    rate = ExchangeRate(base="EUR", quote="USD", rate="1.1", rate_on=MARCH, source="test")
    store_rates(actor=None, rates=[rate])
    transfer_funds(actor=alice, source=checking, target=dollars, amount=Decimal("10"), on=MARCH)
    assert balances(checking, dollars) == [Decimal("980.00"), Decimal("22.30")]


def test_accounts_must_differ_and_belong_to_the_owner(alice, checking, bobs_account):
    for target, sentence in (
        (checking, "Choose two different accounts."),
        (bobs_account, "Choose one of your own accounts."),
    ):
        with pytest.raises(ValidationError) as refusal:
            transfer_funds(
                actor=alice, source=checking, target=target, amount=Decimal("1"), on=MARCH
            )
        assert refusal.value.message_dict == {"target": [sentence]}
    assert not Transaction.objects.exists()


@pytest.fixture
def pair(alice, checking, savings, groceries):
    out = make_transaction(account=checking, amount="-100.00", description="To savings")
    into = make_transaction(
        account=savings, amount="100.00", description="Received", txn_date=date(2026, 3, 19)
    )
    return out, into


def test_equal_amounts_within_four_days_are_suggested(alice, savings, pair):
    make_transaction(account=savings, amount="100.00", txn_date=date(2026, 3, 20))
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 1
    transfer = Transfer.objects.get()
    assert (transfer.outflow_transaction, transfer.inflow_transaction) == pair
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 0


def test_closest_date_is_suggested(alice, checking, savings, pair):
    nearer = make_transaction(account=savings, amount="100.00", txn_date=date(2026, 3, 16))
    suggest_transfers(user=alice, since=date(2026, 1, 1))
    assert Transfer.objects.get().inflow_transaction == nearer


@pytest.mark.slow
def test_rejected_pair_gets_its_categories_back_and_is_never_suggested_again(alice, pair):
    before = [(row.category_id, row.category_source) for row in pair]
    suggest_transfers(user=alice, since=date(2026, 1, 1))
    transfer = confirm_transfer(actor=alice, transfer=Transfer.objects.get())
    for row in pair:
        row.refresh_from_db()
        assert (row.category.slug, row.category_source) == ("transfer", "manual")
    assert check_ledger().is_clean
    reject_transfer(actor=alice, transfer=transfer)
    for row in pair:
        row.refresh_from_db()
    assert [(row.category_id, row.category_source) for row in pair] == before
    assert check_ledger().is_clean
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 0


def test_row_belongs_to_one_transfer_only(alice, savings, pair):
    other = make_transaction(account=savings, amount="100.00", txn_date=date(2026, 3, 17))
    first = Transfer.objects.create(
        user=alice, outflow_transaction=pair[0], inflow_transaction=pair[1]
    )
    second = Transfer.objects.create(
        user=alice, outflow_transaction=pair[0], inflow_transaction=other
    )
    confirm_transfer(actor=alice, transfer=first)
    with pytest.raises(ValidationError):
        confirm_transfer(actor=alice, transfer=second)
    assert Transfer.objects.get(pk=second.pk).status == "suggested"


def dates_gone(*rows):
    for row in rows:
        row.refresh_from_db()
    return [row.deleted_at is not None for row in rows]


@pytest.fixture
def made_here(alice, checking, savings):
    transfer = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal("250"), on=MARCH
    )
    return transfer.outflow_transaction, transfer.inflow_transaction


@pytest.mark.slow
@pytest.mark.parametrize("side", [0, 1])
def test_transfer_made_here_is_deleted_and_restored_as_a_whole(
    alice, checking, savings, made_here, side
):
    rows = Transaction.objects.filter(pk=made_here[side].pk)
    assert delete_transactions(actor=alice, rows=rows) == 2
    assert dates_gone(*made_here) == [True, True]
    assert balances(checking, savings) == [Decimal(1000), Decimal(5000)]
    assert restore_transactions(actor=alice, rows=rows) == 2
    assert balances(checking, savings) == [Decimal(750), Decimal(5250)]
    change = bulk_delete(actor=alice, rows=rows, at=timezone.now())
    assert dates_gone(*made_here) == [True, True]
    undo_change(actor=alice, change=change, at=timezone.now())
    assert balances(checking, savings) == [Decimal(750), Decimal(5250)]
    assert check_ledger().is_clean


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"signed_amount": Decimal("-1")}, "amount"),
        ({"txn_date": date(2026, 3, 1)}, "txn_date"),
        ({"status": "pending"}, "status"),
        ({"category": None}, "category"),
    ],
)
def test_side_of_a_transfer_keeps_its_amount_and_category(alice, made_here, change, attr):
    with pytest.raises(ValidationError) as refusal:
        edit_transaction(actor=alice, transaction=made_here[0], **change)
    assert list(refusal.value.message_dict) == [attr]
    edit_transaction(actor=alice, transaction=made_here[0], notes="for the car")
    assert check_ledger().is_clean


@pytest.mark.slow
@pytest.mark.parametrize("how", ["single", "bulk"])
def test_pair_that_loses_a_side_is_dissolved(alice, pair, groceries, how):
    set_category(actor=alice, transaction=pair[0], category=groceries)
    suggest_transfers(user=alice, since=date(2026, 1, 1))
    confirm_transfer(actor=alice, transfer=Transfer.objects.get())
    rows = Transaction.objects.filter(pk=pair[1].pk)
    if how == "single":
        delete_transactions(actor=alice, rows=rows)
    else:
        bulk_delete(actor=alice, rows=rows, at=timezone.now())
    assert dates_gone(*pair) == [False, True]
    assert (pair[0].category, pair[0].category_source) == (groceries, "manual")
    assert not Transfer.objects.exists()
    assert check_ledger().is_clean


def test_bulk_edit_skips_the_sides_of_transfers(alice, made_here, groceries):
    other = make_transaction(account=made_here[0].account)
    change = bulk_edit(
        actor=alice, rows=Transaction.objects.all(), at=timezone.now(), category=groceries
    )
    assert list(change.rows.values_list("transaction", flat=True)) == [other.pk]
    assert check_ledger().is_clean


def test_outdated_suggestion_is_replaced(alice, checking, pair):
    suggest_transfers(user=alice, since=date(2026, 1, 1))
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=pair[0].pk))
    assert not open_suggestions(alice).exists()
    other = make_transaction(account=checking, amount="-100.00")
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 1
    assert open_suggestions(alice).get().outflow_transaction == other


def test_trashed_transfer_is_purged_as_a_whole(alice, made_here):
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=made_here[0].pk))
    purge(at=timezone.now() + timedelta(days=31))
    assert not Transaction.objects.exists()
    assert not Transfer.objects.exists()


@pytest.mark.slow
def test_entered_transfer_between_currencies_is_suggested_near_the_days_rate(alice, checking):
    dollars = make_account(user=alice, name="Dollars", currency="USD", opening_balance="0")
    rate = ExchangeRate(base="EUR", quote="USD", rate="1.1", rate_on=MARCH, source="test")
    store_rates(actor=None, rates=[rate])
    typed = {"actor": alice, "description": "Move"}
    for amount in ("114.50", "105.00", "-110.00"):
        enter_transaction(account=dollars, signed_amount=Decimal(amount), txn_date=MARCH, **typed)
    near = enter_transaction(
        account=dollars, signed_amount=Decimal("108.90"), txn_date=date(2026, 3, 17), **typed
    )
    assert not Transfer.objects.exists()
    out = enter_transaction(
        account=checking, signed_amount=Decimal(-100), txn_date=MARCH, **typed
    ).transaction
    pair = Transfer.objects.get()
    assert (pair.outflow_transaction, pair.inflow_transaction) == (out, near.transaction)
    assert pair in open_suggestions(alice)
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 0
    assert pair in open_suggestions(alice)
    reject_transfer(actor=alice, transfer=pair)
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 0
    assert not open_suggestions(alice).exists()


def test_refund_and_purchase_near_the_days_rate_are_no_transfer(alice, checking, groceries):
    dollars = make_account(user=alice, name="Dollars", currency="USD", opening_balance="0")
    rate = ExchangeRate(base="EUR", quote="USD", rate="1.1", rate_on=MARCH, source="test")
    store_rates(actor=None, rates=[rate])
    bought = make_transaction(
        account=checking, amount="-100.00", txn_date=MARCH, category=groceries
    )
    back = make_transaction(account=dollars, amount="110.00", txn_date=MARCH)
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 0
    type(bought).objects.filter(pk=bought.pk).update(category=None)
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 1
    assert open_suggestions(alice).get().inflow_transaction == back


def test_one_imported_side_of_a_transfer_between_currencies_is_enough_two_are_not(alice, checking):
    dollars = make_account(user=alice, name="Dollars", currency="USD", opening_balance="0")
    rate = ExchangeRate(base="EUR", quote="USD", rate="1.1", rate_on=MARCH, source="test")
    store_rates(actor=None, rates=[rate])
    out = make_transaction(account=checking, amount="-100.00", txn_date=MARCH, origin="import")
    into = make_transaction(account=dollars, amount="110.00", txn_date=MARCH, origin="import")
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 0
    type(into).objects.filter(pk=into.pk).update(origin="manual")
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 1
    assert open_suggestions(alice).get().outflow_transaction == out


def test_a_transfer_costs_as_many_queries_whatever_was_transferred_before(alice, checking, savings):
    def queries():
        with CaptureQueriesContext(connection) as context:
            transfer_funds(
                actor=alice, source=checking, target=savings, amount=Decimal(5), on=MARCH
            )
        return len(context)

    queries()
    one_before = queries()
    for _ in range(6):
        queries()
    assert queries() == one_before
