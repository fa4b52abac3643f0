"""Paying a bill: once, with its points and its next occurrence."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import BankConnection, ConnectedAccount, ExchangeRate
from bills.models import Bill
from bills.recurrence import occurrence_date
from bills.services.paying import pay_bill, settle_with, unpay_bill
from bills.services.planning import (
    create_bill,
    delete_bill,
    edit_bill,
    plan_ahead,
    restore_bill,
    skip_bill,
)
from rewards.models import PointsEntry, Reward
from rewards.services import add_entry
from tests.builders import make_account, make_transaction
from tests.invariants import assert_ledger_holds
from transactions.models import Change, ImportBatch, Transaction
from transactions.services.bulk_editing import bulk_delete
from transactions.services.categories import create_category
from transactions.services.category_removal import delete_category
from transactions.services.import_confirming import revert_import
from transactions.services.long_changes import LongChange
from transactions.services.posting import delete_transactions, edit_transaction

JANUARY_31 = date(2026, 1, 31)


@pytest.fixture
def alice(alice):
    alice.base_currency = "EUR"
    alice.save()
    return alice


def make_bill(alice, **over):
    fields = {"biller_name": "Power", "amount_due": Decimal("80.00"), "due_date": JANUARY_31}
    return create_bill(actor=alice, user=alice, **(fields | over))


def test_the_31st_returns_after_february():
    dates = [occurrence_date(JANUARY_31, "monthly", number) for number in range(4)]
    assert [str(day) for day in dates] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert occurrence_date(JANUARY_31, "none", 1) is None


def test_paying_from_an_account_posts_earns_points_and_plans_the_next(alice, checking):
    bill = make_bill(alice, recurrence="monthly", account=checking)
    paid = pay_bill(actor=alice, bill=bill, on=date(2026, 1, 30))
    checking.refresh_from_db()
    assert checking.balance == Decimal("920.00")
    assert (paid.status_on(date(2026, 3, 1)), paid.amount_paid) == ("paid", Decimal("80.00"))
    assert paid.payment.signed_amount == Decimal("-80.00")
    assert PointsEntry.objects.get().points == 88
    following = Bill.objects.open().get()
    assert (following.due_date, following.sequence) == (date(2026, 2, 28), 1)


def test_a_bill_follows_its_category_when_that_is_deleted(alice, checking):
    power, home = (
        create_category(actor=alice, user=alice, name=name) for name in ("Power", "Home")
    )
    bill = make_bill(alice, recurrence="monthly", account=checking, category=power)
    assert pay_bill(actor=alice, bill=bill, on=JANUARY_31).payment.category == power
    delete_category(actor=alice, category=power, target=home)
    following = pay_bill(actor=alice, bill=Bill.objects.open().get(), on=JANUARY_31)
    assert following.payment.category == home


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_a_base_currency_bill_earns_on_its_own_amount_from_any_account(alice, checking, currency):
    ExchangeRate.objects.create(base="EUR", quote="USD", rate="1.1093", rate_on=JANUARY_31)
    account = make_account(user=alice, name="Other", currency=currency, opening_balance="1000.00")
    paid = pay_bill(actor=alice, bill=make_bill(alice, account=account), on=JANUARY_31)
    # 80.00 EUR are 88.74 USD, and 88.74 USD are 79.996 EUR.
    assert paid.payment.amount == {"EUR": Decimal("80.00"), "USD": Decimal("88.74")}[currency]
    entry = PointsEntry.objects.get()
    assert (entry.points, entry.base_amount) == (80, Decimal("80.00"))


def test_paying_twice_pays_once(alice, checking):
    bill = make_bill(alice, recurrence="weekly", account=checking)
    first = pay_bill(actor=alice, bill=bill, on=JANUARY_31)
    second = pay_bill(actor=alice, bill=bill, on=JANUARY_31)
    assert first.payment_id == second.payment_id
    assert Transaction.objects.count() == 1
    assert PointsEntry.objects.count() == 1
    assert Bill.objects.count() == 2


def test_paying_without_enough_money_changes_nothing(alice, checking):
    bill = make_bill(alice, amount_due=Decimal("1000.01"), account=checking)
    with pytest.raises(ValidationError) as refusal:
        pay_bill(actor=alice, bill=bill, on=JANUARY_31)
    assert refusal.value.error_dict["amount"][0].code == "insufficient_funds"
    bill.refresh_from_db()
    checking.refresh_from_db()
    assert (bill.paid_at, checking.balance) == (None, Decimal("1000.00"))
    assert not Transaction.objects.exists()
    assert not PointsEntry.objects.exists()


def test_a_part_payment_leaves_the_rest_open(alice, checking):
    bill = make_bill(alice, recurrence="monthly", account=checking)
    pay_bill(actor=alice, bill=bill, on=JANUARY_31, amount=Decimal("30.00"))
    still_open = list(Bill.objects.open().values_list("due_date", "amount_due", "recurrence"))
    assert still_open == [
        (JANUARY_31, Decimal("50.00"), "none"),
        (date(2026, 2, 28), Decimal("80.00"), "monthly"),
    ]


def test_the_rest_of_a_part_payment_is_changed_and_deleted_alone(alice, checking):
    bill = make_bill(alice, recurrence="monthly", account=checking)
    pay_bill(actor=alice, bill=bill, on=JANUARY_31, amount=Decimal("30.00"))
    rest, following = Bill.objects.open().order_by("due_date")
    edit_bill(actor=alice, bill=rest, amount_due=Decimal("45.00"), biller_name="Power, rest")
    with pytest.raises(ValidationError) as refusal:
        edit_bill(actor=alice, bill=rest, recurrence="weekly")
    assert refusal.value.message_dict == {
        "recurrence": ["The rest of a partial payment can't repeat."]
    }
    amounts = Bill.objects.open().order_by("due_date").values_list("biller_name", "amount_due")
    assert list(amounts) == [("Power, rest", Decimal("45.00")), ("Power", Decimal("80.00"))]
    delete_bill(actor=alice, bill=rest)
    assert Bill.objects.open().get() == following
    assert restore_bill(actor=alice, bill=rest).is_open


def test_an_imported_expense_settles_a_bill_without_posting_again(alice, checking):
    bill = make_bill(alice)
    row = make_transaction(account=checking, amount="-80.00", origin="import")
    settled = settle_with(actor=alice, bill=bill, payment=row)
    assert (settled.payment, settled.amount_paid) == (row, Decimal("80.00"))
    assert Transaction.objects.count() == 1
    assert PointsEntry.objects.get().points == 80
    other = make_bill(alice, biller_name="Water")
    with pytest.raises(ValidationError) as refusal:
        settle_with(actor=alice, bill=other, payment=row)
    assert refusal.value.message_dict == {
        "transaction": ["This transaction already paid another bill."]
    }


def test_a_skipped_occurrence_is_followed_by_the_next(alice):
    bill = make_bill(alice, recurrence="yearly")
    skip_bill(actor=alice, bill=bill)
    assert Bill.objects.open().get().due_date == date(2027, 1, 31)
    with pytest.raises(ValidationError) as refusal:
        pay_bill(actor=alice, bill=bill, on=JANUARY_31)
    assert refusal.value.messages == [
        "This bill is in the trash or already settled. Restore it first."
    ]
    bill.refresh_from_db()
    assert bill.paid_at is None


def test_a_change_applies_to_later_open_occurrences(alice):
    bill = make_bill(alice, recurrence="monthly")
    skip_bill(actor=alice, bill=bill)
    following = Bill.objects.open().get()
    edit_bill(actor=alice, bill=following, amount_due=Decimal("90.00"))
    skip_bill(actor=alice, bill=following)
    assert Bill.objects.open().get().amount_due == Decimal("90.00")


@pytest.mark.parametrize(
    ("amount", "currency", "sentence"),
    [
        ("0.004", "EUR", "EUR has 2 decimals."),
        ("0.4", "JPY", "JPY has no decimals."),
        ("-1", "EUR", "Enter an amount above zero."),
    ],
)
def test_an_amount_below_the_minor_unit_is_refused(alice, amount, currency, sentence):
    with pytest.raises(ValidationError) as refusal:
        make_bill(alice, amount_due=Decimal(amount), currency=currency)
    assert refusal.value.message_dict == {"amount_due": [sentence]}


def test_auto_pay_needs_an_account(alice):
    with pytest.raises(ValidationError) as refusal:
        make_bill(alice, auto_pay=True)
    assert refusal.value.message_dict == {"account": ["Choose an account for automatic payments."]}
    assert not Bill.objects.exists()


def test_a_bill_payment_stays_in_the_ledger_until_it_is_undone(alice, checking):
    bill = pay_bill(actor=alice, bill=make_bill(alice, account=checking), on=JANUARY_31)
    rows = Transaction.objects.filter(pk=bill.payment_id)
    with pytest.raises(ValidationError) as refusal:
        delete_transactions(actor=alice, rows=rows)
    assert refusal.value.messages[0].startswith(
        "This transaction paid a bill. Undo the payment on the bill first."
    )
    with pytest.raises(ValidationError):
        edit_transaction(actor=alice, transaction=bill.payment, signed_amount=Decimal("-1.00"))
    edit_transaction(actor=alice, transaction=bill.payment, notes="March")
    assert (rows.get().deleted_at, rows.get().signed_amount) == (None, Decimal("-80.00"))


@pytest.mark.parametrize("inline_rows", [10, 0])
def test_bulk_deletion_names_bill_payments_and_deletes_the_rest(
    alice, checking, client_for, settings, inline_rows
):
    settings.CHANGE_INLINE_ROWS = inline_rows
    bill = pay_bill(actor=alice, bill=make_bill(alice, account=checking), on=JANUARY_31)
    other, client = make_transaction(account=checking), client_for(alice)
    for ids in ([bill.payment_id, other.pk], [bill.payment_id]):
        client.post("/transactions/bulk/", {"do": "delete", "ids": ids})
        while Change.objects.filter(status="running").exists():
            LongChange(Change.objects.get().pk).step(at=timezone.now())
    named, alone = [
        message
        for message in map(str, client.get("/transactions/").context["messages"])
        if "paid a bill" in message
    ]
    assert named.startswith("Not deleted: “Power” (Jan 31, 2026) paid a bill. Undo the payment")
    assert alone.startswith("This transaction paid a bill.")
    assert Transaction.objects.live().get() == bill.payment
    assert_ledger_holds()


def test_undoing_a_payment_reverts_money_points_and_the_rest(alice, checking):
    bill = make_bill(alice, account=checking, recurrence="monthly")
    paid = pay_bill(actor=alice, bill=bill, on=JANUARY_31, amount=Decimal("30.00"))
    open_again = unpay_bill(actor=alice, bill=paid)
    checking.refresh_from_db()
    assert (open_again.is_open, open_again.payment, checking.balance) == (True, None, 1000)
    assert list(PointsEntry.objects.values_list("kind", "points")) == [
        ("adjust", -30),
        ("earn", 30),
    ]
    assert Reward.objects.get().points_balance == 0
    assert list(Bill.objects.open().values_list("due_date", flat=True)) == [
        JANUARY_31,
        date(2026, 2, 28),
    ]
    assert unpay_bill(actor=alice, bill=paid).paid_at is None
    pay_bill(actor=alice, bill=bill, on=JANUARY_31, amount=Decimal("70.00"))
    assert Bill.objects.open().get(remainder_of=bill).amount_due == Decimal("10.00")
    assert_ledger_holds()


def test_undoing_a_match_keeps_the_import_and_allows_matching_again(alice, checking):
    bill = make_bill(alice)
    row = make_transaction(account=checking, amount="-79.00", origin="import")
    settle_with(actor=alice, bill=bill, payment=row)
    assert Bill.objects.count() == 1
    unpay_bill(actor=alice, bill=bill)
    row.refresh_from_db()
    assert row.deleted_at is None
    settle_with(actor=alice, bill=bill, payment=row)
    assert list(PointsEntry.objects.order_by("id").values_list("kind", "points")) == [
        ("earn", 79),
        ("adjust", -79),
        ("adjust", 79),
    ]
    assert Reward.objects.get().points_balance == 79


def test_undoing_never_takes_spent_points_below_zero(alice, checking):
    bill = pay_bill(actor=alice, bill=make_bill(alice, account=checking), on=JANUARY_31)
    add_entry(actor=alice, reward=Reward.objects.get(), kind="redeem", points=50, on=JANUARY_31)
    unpay_bill(actor=alice, bill=bill)
    assert Reward.objects.get().points_balance == 0


def test_a_payment_whose_rest_is_paid_cannot_be_undone(alice, checking):
    bill = make_bill(alice, account=checking)
    pay_bill(actor=alice, bill=bill, on=JANUARY_31, amount=Decimal("30.00"))
    pay_bill(actor=alice, bill=Bill.objects.open().get(), on=JANUARY_31)
    with pytest.raises(ValidationError) as refusal:
        unpay_bill(actor=alice, bill=bill)
    assert refusal.value.messages == [
        "The rest of this bill has been paid. Undo that payment first."
    ]
    bill.refresh_from_db()
    checking.refresh_from_db()
    assert (bill.amount_paid, checking.balance) == (Decimal("30.00"), Decimal("920.00"))


def test_a_changed_recurrence_does_not_revive_the_old_series(alice):
    first = make_bill(alice, recurrence="monthly")
    plan_ahead(bill=first, until=date(2026, 3, 31))
    second = Bill.objects.get(sequence=1)
    edit_bill(actor=alice, bill=second, recurrence="yearly")
    skip_bill(actor=alice, bill=first)
    assert list(Bill.objects.open().values_list("due_date", "recurrence")) == [
        (date(2026, 2, 28), "yearly")
    ]


def test_a_skipped_bill_can_be_reopened(alice):
    bill = make_bill(alice)
    skip_bill(actor=alice, bill=bill)
    assert restore_bill(actor=alice, bill=bill).is_open


def test_the_rest_of_an_undone_part_payment_stays_in_the_trash(alice, checking):
    bill = make_bill(alice, account=checking)
    pay_bill(actor=alice, bill=bill, on=JANUARY_31, amount=Decimal("30.00"))
    rest = Bill.objects.open().get()
    unpay_bill(actor=alice, bill=bill)
    with pytest.raises(ValidationError):
        restore_bill(actor=alice, bill=rest)
    assert Bill.objects.open().get() == bill


@pytest.mark.parametrize(
    "day", [date(1, 1, 1), date(1926, 11, 17), date(2031, 11, 19), date(9999, 12, 31)]
)
def test_no_bill_is_due_beyond_the_last_calendar_date(alice, day):
    with pytest.raises(ValidationError) as refusal:
        make_bill(alice, due_date=day, recurrence="monthly")
    assert list(refusal.value.message_dict) == ["due_date"]
    bill = make_bill(alice)
    with pytest.raises(ValidationError):
        pay_bill(actor=alice, bill=bill, on=day)


@pytest.mark.parametrize("is_alone", [True, False])
def test_disconnecting_a_bank_says_which_bill_payments_stay(
    alice, checking, client_for, api_for, is_alone
):
    row = make_transaction(
        account=checking, amount="-80.00", origin="sync", description="Power",
        txn_date=date(2026, 2, 3),
    )  # fmt: skip
    if not is_alone:
        make_transaction(account=checking, amount="-5.00", origin="sync")
    settle_with(actor=alice, bill=make_bill(alice), payment=row)
    connections = []
    for name in ("Riverbank", "Northwind"):
        connections.append(
            BankConnection.objects.create(
                user=alice, provider="sandbox", institution_name=name, external_id=name, secret="x"
            )
        )
        ConnectedAccount.objects.create(
            connection=connections[-1], external_id="1", name="Main", account=checking,
            currency="EUR", is_live=name == "Riverbank",
        )  # fmt: skip
    because = (
        "“Power” (Feb 3, 2026) paid a bill. Undo the payment on the bill first. If the bill is in "
        "the trash, restore it first."
    )
    words = f"1 transaction can&#x27;t be deleted and stays: {because}"
    client, page = client_for(alice), f"/transactions/connections/{connections[0].pk}/disconnect/"
    assert words in client.get(page).content.decode()
    assert words in client.post(page, {"data": "remove"}, follow=True).content.decode()
    assert Transaction.objects.filter(deleted_at=None).get() == row
    api = api_for(alice)
    answer = api.delete(f"/api/connections/{connections[1].pk}?data=remove")
    assert (answer.status_code, answer.json()) == (
        200,
        {"kept_count": 1, "kept_because": because},
    )
    assert not BankConnection.objects.visible_to(alice).exists()


def test_bulk_deletion_and_import_undo_keep_bill_payments(alice, checking):
    batch = ImportBatch.objects.create(
        user=alice,
        account=checking,
        file_name="march.csv",
        sha256="0" * 64,
        status="done",
        confirmed_at=timezone.now(),
    )
    row = make_transaction(account=checking, amount="-80.00", origin="import")
    Transaction.objects.filter(pk=row.pk).update(import_batch=batch)
    bill = settle_with(actor=alice, bill=make_bill(alice), payment=row)
    rows = Transaction.objects.filter(pk=row.pk)
    for take_away in (
        lambda: bulk_delete(actor=alice, rows=rows, at=timezone.now()),
        lambda: revert_import(actor=alice, batch=batch, at=timezone.now()),
    ):
        with pytest.raises(ValidationError):
            take_away()
    assert rows.get().deleted_at is None
    unpay_bill(actor=alice, bill=bill)
    revert_import(actor=alice, batch=batch, at=timezone.now())
    assert rows.get().deleted_at is not None
    assert_ledger_holds()
