"""Transfers: an atomic pair, outside income and spending; suggestions that are remembered."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.models import ExchangeRate
from accounts.services import store_rates
from tests.builders import make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import Transaction, Transfer
from transactions.services.transfers import (
    confirm_transfer,
    reject_transfer,
    suggest_transfers,
    transfer_funds,
)
from users.models import AuditEvent

MARCH = date(2026, 3, 15)


def balances(*accounts):
    for account in accounts:
        account.refresh_from_db()
    return [account.balance for account in accounts]


def test_a_transfer_moves_the_same_amount_and_is_no_spending(alice, checking, savings):
    transfer = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal("250.00"), on=MARCH
    )
    assert balances(checking, savings) == [Decimal("750.00"), Decimal("5250.00")]
    assert transfer.status == "confirmed"
    assert set(Transaction.objects.values_list("category__kind", flat=True)) == {"transfer"}
    assert check_ledger().is_clean


def test_a_transfer_that_the_source_cannot_pay_leaves_nothing_behind(alice, checking, savings):
    with pytest.raises(ValidationError):
        transfer_funds(
            actor=alice, source=checking, target=savings, amount=Decimal("1000.01"), on=MARCH
        )
    assert balances(checking, savings) == [Decimal("1000.00"), Decimal("5000.00")]
    assert not Transaction.objects.exists()
    assert not Transfer.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="transactions.").exists()


def test_between_currencies_the_days_rate_or_both_amounts_are_taken(alice, checking):
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


def test_the_two_accounts_are_different_and_the_owners(alice, checking, bobs_account):
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


def test_rows_of_one_amount_within_four_days_are_suggested(alice, savings, pair):
    make_transaction(account=savings, amount="100.00", txn_date=date(2026, 3, 20))
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 1
    transfer = Transfer.objects.get()
    assert (transfer.outflow_transaction, transfer.inflow_transaction) == pair
    assert suggest_transfers(user=alice, since=date(2026, 1, 1)) == 0


def test_the_nearest_date_is_the_partner(alice, checking, savings, pair):
    nearer = make_transaction(account=savings, amount="100.00", txn_date=date(2026, 3, 16))
    suggest_transfers(user=alice, since=date(2026, 1, 1))
    assert Transfer.objects.get().inflow_transaction == nearer


def test_a_rejected_pair_gets_its_categories_back_and_is_never_suggested_again(alice, pair):
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


def test_one_row_is_part_of_one_transfer_only(alice, savings, pair):
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
