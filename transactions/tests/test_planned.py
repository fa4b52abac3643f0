"""A transaction dated in the future waits for its date and counts in no figure until then."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account
from accounts.services import delete_account, edit_account, restore_account
from banking.kernel.region import region
from tests.builders import NOON, make_account, make_transaction, make_user
from tests.invariants import assert_ledger_holds
from transactions.ledger_check import check_ledger
from transactions.models import MonthlyTotal, Transaction, Transfer, UnpostedReason
from transactions.services.bulk_editing import bulk_delete, bulk_restore
from transactions.services.categorizing import set_category
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    restore_transactions,
)
from transactions.services.posting_planned import post_planned
from transactions.services.splitting import Part, split_transaction
from transactions.services.transfers import transfer_funds
from transactions.services.undoing import undo_change
from users.models import AuditEvent

TODAY = NOON.date()


def day(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)


def at(ahead: int, hour: int = 12) -> datetime:
    return datetime.combine(day(ahead), datetime.min.time(), UTC) + timedelta(hours=hour)


def balance(account: Account) -> Decimal:
    return Account.objects.get(pk=account.pk).balance


def status(row: Transaction) -> str:
    return Transaction.objects.get(pk=row.pk).status


@pytest.mark.parametrize(
    ("ahead", "kept"), [(-1, "posted"), (0, "posted"), (1, "planned"), (20, "planned")]
)
@pytest.mark.parametrize("amount", ["5000.00", "-700.00"])
def test_date_decides_whether_a_transaction_is_planned(checking, ahead, kept, amount):
    row = make_transaction(account=checking, amount=amount, txn_date=day(ahead))
    assert row.status == kept
    counts = Decimal(amount) if kept == "posted" else 0
    assert balance(checking) == 1000 + counts
    assert MonthlyTotal.objects.exists() == (kept == "posted")
    assert_ledger_holds()


def test_today_depends_on_the_owners_time_zone(db):
    # At noon UTC on the 18th it is already the 19th in Kiritimati.
    for zone, kept in [("Pacific/Kiritimati", "posted"), ("America/New_York", "planned")]:
        account = make_account(user=make_user(f"{zone[:7]}@example.com", timezone=zone))
        assert make_transaction(account=account, amount="1.00", txn_date=day(1)).status == kept


def test_future_income_cannot_be_spent_and_future_expenses_block_nothing(checking):
    make_transaction(account=checking, amount="5000.00", txn_date=day(20))
    with pytest.raises(ValidationError):
        make_transaction(account=checking, amount="-1000.01", txn_date=TODAY)
    make_transaction(account=checking, amount="-700.00", txn_date=day(3))
    make_transaction(account=checking, amount="-500.00", txn_date=TODAY)
    assert balance(checking) == 500
    assert_ledger_holds()


def test_bank_transactions_post_whatever_their_date(checking):
    row = make_transaction(account=checking, txn_date=day(9), origin="import")
    assert row.status == "posted"
    assert balance(checking) == 990


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "America/Los_Angeles"])
def test_planned_transaction_posts_once_when_its_day_begins_locally(db, zone):
    hours = {"Pacific/Kiritimati": -14, "Europe/Berlin": -1, "America/Los_Angeles": 8}[zone]
    account = make_account(user=make_user(timezone=zone), opening_balance="10")
    row = make_transaction(account=account, amount="-4.00", txn_date=day(5))
    midnight = at(5, 0) + timedelta(hours=hours)
    assert post_planned(at=midnight - timedelta(seconds=1)) == {"posted": 0, "waiting": 0}
    assert status(row) == "planned"
    assert post_planned(at=midnight) == {"posted": 1, "waiting": 0}
    assert post_planned(at=midnight) == {"posted": 0, "waiting": 0}
    assert balance(account) == 6
    event = AuditEvent.objects.get(action="transactions.transaction.posted")
    assert event.actor is None
    assert event.target_id == row.pk
    assert_ledger_holds()


def test_late_run_posts_on_the_planned_date(checking):
    row = make_transaction(account=checking, amount="-4.00", txn_date=day(5))
    assert post_planned(at=at(40))["posted"] == 1
    row.refresh_from_db()
    assert (row.status, row.txn_date) == ("posted", day(5))


def test_money_in_posts_first_on_one_day(checking):
    make_transaction(account=checking, amount="-5500.00", txn_date=day(2))
    make_transaction(account=checking, amount="5000.00", txn_date=day(2))
    assert post_planned(at=at(2)) == {"posted": 2, "waiting": 0}
    assert balance(checking) == 500


def test_uncovered_expense_waits_with_a_reason_and_posts_once_covered(alice, checking):
    row = make_transaction(account=checking, amount="-1500.00", txn_date=day(2))
    for _ in range(2):
        assert post_planned(at=at(2)) == {"posted": 0, "waiting": 1}
    assert balance(checking) == 1000
    reason = UnpostedReason.objects.get()
    assert reason.tried_on == day(2)
    assert reason.text == "Everyday has €1,000.00 available. You need €1,500.00."
    with region("de-DE"):
        assert reason.text == "Everyday has 1.000,00\xa0€ available. You need 1.500,00\xa0€."
    assert AuditEvent.objects.filter(action="transactions.transaction.not_posted").count() == 1
    assert check_ledger(at=at(9)).is_clean
    make_transaction(account=checking, amount="600.00")
    assert post_planned(at=at(3)) == {"posted": 1, "waiting": 0}
    assert balance(checking) == 100
    assert status(row) == "posted"
    assert not UnpostedReason.objects.exists()


def test_page_explains_why_it_did_not_post(client_for, alice, checking):
    row = make_transaction(account=checking, amount="-1500.00", txn_date=day(2))
    url = f"/transactions/{row.pk}/"
    assert "Not posted yet" not in client_for(alice).get(url).content.decode()
    post_planned(at=at(2))
    page = client_for(alice).get(url).content.decode()
    assert "Not posted yet" in page
    assert UnpostedReason.objects.get().text in page


def test_on_an_archived_account_it_waits_with_a_reason(alice, checking):
    make_transaction(account=checking, amount="-5.00", txn_date=day(2))
    edit_account(actor=alice, account=checking, is_active=False)
    assert post_planned(at=at(2))["waiting"] == 1
    assert "archived" in UnpostedReason.objects.get().reason
    edit_account(actor=alice, account=checking, is_active=True)
    assert post_planned(at=at(3))["posted"] == 1


def test_on_a_trashed_account_it_waits_until_the_account_is_restored(alice, checking):
    row = make_transaction(account=checking, amount="-5.00", txn_date=day(2))
    delete_account(actor=alice, account=checking)
    assert post_planned(at=at(4)) == {"posted": 0, "waiting": 0}
    assert check_ledger(at=at(9)).is_clean
    restore_account(actor=alice, account=checking)
    assert post_planned(at=at(5))["posted"] == 1
    assert status(row) == "posted"


def test_moving_the_date_plans_and_posts(alice, checking):
    row = make_transaction(account=checking, amount="-30.00", txn_date=TODAY)
    edited = edit_transaction(actor=alice, transaction=row, txn_date=day(1))
    assert (edited.status, balance(checking)) == ("planned", 1000)
    assert_ledger_holds()
    edited = edit_transaction(actor=alice, transaction=row, txn_date=day(400), status="planned")
    assert edited.status == "planned"
    edited = edit_transaction(actor=alice, transaction=row, txn_date=TODAY, status="planned")
    assert (edited.status, balance(checking)) == ("posted", 970)
    assert_ledger_holds()


def test_moving_it_to_today_respects_the_account_limit(alice, checking):
    row = make_transaction(account=checking, amount="-1500.00", txn_date=day(3))
    with pytest.raises(ValidationError):
        edit_transaction(actor=alice, transaction=row, txn_date=TODAY)
    assert (status(row), balance(checking)) == ("planned", 1000)


def test_status_in_a_request_cannot_override_the_date(alice, checking):
    row = make_transaction(account=checking, txn_date=day(3))
    with pytest.raises(ValidationError) as refusal:
        edit_transaction(actor=alice, transaction=row, status="posted")
    assert list(refusal.value.message_dict) == ["status"]
    with pytest.raises(ValidationError) as refusal:
        make_transaction(account=checking, txn_date=TODAY, status="planned")
    assert list(refusal.value.message_dict) == ["status"]
    posted = make_transaction(account=checking, txn_date=TODAY)
    with pytest.raises(ValidationError):
        edit_transaction(actor=alice, transaction=posted, status="planned")
    assert make_transaction(account=checking, txn_date=day(3), status="pending").status == "planned"


def test_deleting_and_restoring_across_its_date(alice, checking):
    row = make_transaction(account=checking, amount="-30.00", txn_date=day(3))
    rows = Transaction.objects.filter(pk=row.pk)
    delete_transactions(actor=alice, rows=rows)
    assert post_planned(at=at(5)) == {"posted": 0, "waiting": 0}
    assert check_ledger(at=at(9)).is_clean
    restore_transactions(actor=alice, rows=rows, today=day(2))
    assert (status(row), balance(checking)) == ("planned", 1000)
    delete_transactions(actor=alice, rows=rows)
    restore_transactions(actor=alice, rows=rows, today=day(3))
    assert (status(row), balance(checking)) == ("posted", 970)
    assert_ledger_holds()


def test_undoing_a_bulk_deletion_after_its_date_posts_it(alice, checking):
    row = make_transaction(account=checking, amount="-30.00", txn_date=day(3))
    change = bulk_delete(actor=alice, rows=Transaction.objects.all(), at=at(0))
    undo_change(actor=alice, change=change, at=at(5))
    assert (status(row), balance(checking)) == ("posted", 970)
    assert_ledger_holds()


def test_restoring_many_after_their_date_posts_them(alice, checking):
    rows = [make_transaction(account=checking, txn_date=day(3 + n)) for n in range(3)]
    delete_transactions(actor=alice, rows=Transaction.objects.all())
    bulk_restore(actor=alice, rows=Transaction.objects.all(), at=at(4))
    assert [status(row) for row in rows] == ["posted", "posted", "planned"]
    assert balance(checking) == 980
    assert_ledger_holds()


def test_categorizing_and_splitting_a_planned_transaction_changes_no_total(
    alice, checking, groceries
):
    row = make_transaction(account=checking, amount="-30.00", txn_date=day(3))
    set_category(actor=alice, transaction=row, category=groceries)
    parts = [Part(Decimal("-10.00"), groceries), Part(Decimal("-20.00"), None)]
    split_transaction(actor=alice, transaction=row, parts=parts)
    assert not MonthlyTotal.objects.exists()
    assert post_planned(at=at(3))["posted"] == 1
    found = MonthlyTotal.objects.order_by("outflow").values_list("category__slug", "outflow")
    assert list(found) == [("groceries", 10), (None, 20)]
    assert_ledger_holds()


def test_both_sides_of_a_transfer_wait_and_post_together(alice, checking, savings):
    made = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal(200), on=day(4)
    )
    sides = [made.outflow_transaction, made.inflow_transaction]
    assert [side.status for side in sides] == ["planned", "planned"]
    assert (balance(checking), balance(savings)) == (1000, 5000)
    with pytest.raises(ValidationError):
        edit_transaction(actor=alice, transaction=sides[0], txn_date=TODAY)
    assert post_planned(at=at(4)) == {"posted": 1, "waiting": 0}
    assert (balance(checking), balance(savings)) == (800, 5200)
    assert [status(side) for side in sides] == ["posted", "posted"]
    assert_ledger_holds()


def test_neither_side_of_an_uncovered_transfer_posts(alice, checking, savings):
    made = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal(1200), on=day(4)
    )
    assert post_planned(at=at(4))["posted"] == 0
    assert (balance(checking), balance(savings)) == (1000, 5000)
    assert UnpostedReason.objects.count() == 2
    delete_transactions(
        actor=alice, rows=Transaction.objects.filter(pk=made.outflow_transaction_id)
    )
    assert not Transaction.objects.filter(deleted_at=None).exists()
    assert_ledger_holds()


def test_transfer_into_a_trashed_account_waits_as_a_whole(alice, checking, savings):
    transfer_funds(actor=alice, source=checking, target=savings, amount=Decimal(20), on=day(4))
    delete_account(actor=alice, account=savings)
    assert post_planned(at=at(4)) == {"posted": 0, "waiting": 0}
    assert (balance(checking), balance(savings)) == (1000, 5000)
    assert check_ledger(at=at(9)).is_clean


@pytest.mark.parametrize("on", [date(1926, 11, 17), date(2031, 11, 19), date(2100, 1, 1)])
def test_date_out_of_range_is_rejected_at_its_field(alice, checking, savings, on):
    row = make_transaction(account=checking)
    with pytest.raises(ValidationError) as refusal:
        make_transaction(account=checking, txn_date=on)
    assert list(refusal.value.message_dict) == ["txn_date"]
    assert "5 years ahead" in refusal.value.messages[0]
    with pytest.raises(ValidationError):
        edit_transaction(actor=alice, transaction=row, txn_date=on)
    with pytest.raises(ValidationError) as refusal:
        transfer_funds(actor=alice, source=checking, target=savings, amount=Decimal(1), on=on)
    assert list(refusal.value.message_dict) == ["on"]
    assert Transaction.objects.count() == 1


@pytest.mark.parametrize("on", [date(1926, 11, 18), date(2031, 11, 18)])
def test_first_and_last_allowed_dates_are_accepted(checking, on):
    assert make_transaction(account=checking, amount="1.00", txn_date=on).txn_date == on


def test_check_ledger_finds_overdue_transactions(checking):
    row = make_transaction(account=checking, txn_date=day(3))
    assert check_ledger(at=at(4)).is_clean
    (found,) = [
        invariant for invariant in check_ledger(at=at(6)).invariants if invariant.violations
    ]
    assert (found.name, [violation.id for violation in found.violations]) == ("planned", [row.pk])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"status": "planned"}, "planned"),
        ({"deleted_at": NOON}, "trash"),
        ({"signed_amount": Decimal("-199.00")}, "cancel"),
    ],
)
def test_check_ledger_finds_half_a_transfer(alice, checking, savings, changes, problem):
    made = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal(200), on=TODAY
    )
    assert check_ledger().is_clean
    Transaction.objects.filter(pk=made.outflow_transaction_id).update(**changes)
    found = next(
        invariant for invariant in check_ledger().invariants if invariant.name == "transfers"
    )
    assert [(violation.id, problem in violation.problem) for violation in found.violations] == [
        (made.pk, True)
    ]


def test_transfer_between_currencies_is_complete(alice, checking):
    dollars = make_account(user=alice, currency="USD")
    transfer_funds(
        actor=alice,
        source=checking,
        target=dollars,
        amount=Decimal(100),
        target_amount=Decimal("108.50"),
        on=day(2),
    )
    assert post_planned(at=at(2))["posted"] == 1
    assert (balance(checking), balance(dollars)) == (900, Decimal("108.50"))
    assert Transfer.objects.get().status == "confirmed"
    assert_ledger_holds()


def test_api_shows_planned_and_filters_by_it(api_for, alice, checking):
    api = api_for(alice)
    fields = {"account": checking.pk, "amount": "700.00", "description": "Dentist"}
    made = api.post("/api/transactions", fields | {"txn_date": str(day(9))}, format="json")
    assert (made.status_code, made.data["status"]) == (201, "planned")
    api.post("/api/transactions", fields, format="json")
    assert api.get(f"/api/accounts/{checking.pk}").data["balance"] == "300.00"
    found = api.get("/api/transactions?status=planned").data["results"]
    assert [row["id"] for row in found] == [made.data["id"]]
    moved = api.patch(
        f"/api/transactions/{made.data['id']}", {"txn_date": str(TODAY)}, format="json"
    )
    assert moved.status_code == 400  # 300 is left; it needs 700
    far = api.post("/api/transactions", fields | {"txn_date": "2100-01-01"}, format="json")
    assert (far.status_code, far.data["errors"][0]["attr"]) == (400, "txn_date")
    far = api.post(
        "/api/transfers",
        {"source": checking.pk, "target": checking.pk, "amount": "1", "date": "2100-01-01"},
        format="json",
    )
    assert (far.status_code, far.data["errors"][0]["attr"]) == (400, "date")


@pytest.mark.slow
def test_page_plans_marks_and_shows_errors_at_the_field(client_for, alice, checking):
    client = client_for(alice)
    fields = {
        "account": checking.pk,
        "txn_type": "expense",
        "amount": "70.00",
        "description": "Dentist",
        "status": "posted",
    }
    url = "/transactions/new/"
    far = client.post(url, fields | {"txn_date": "2100-01-01"})
    assert far.status_code == 422
    assert "5 years ahead" in str(far.context["form"].errors["txn_date"])
    assert client.post(url, fields | {"txn_date": str(day(1))}).status_code == 302
    row = Transaction.objects.get()
    assert (row.status, balance(checking)) == ("planned", 1000)
    page = client.get("/transactions/").content.decode()
    assert "Planned" in page
    assert "Tomorrow" in page
    assert "1 planned" in client.get("/transactions/totals/").content.decode()
    page = client.get(f"/transactions/{row.pk}/edit/").context["form"]
    assert page["status"].value() == "planned"
    moved = fields | {"txn_date": str(TODAY), "status": "planned"}
    assert client.post(f"/transactions/{row.pk}/edit/", moved).status_code == 302
    assert (status(row), balance(checking)) == ("posted", 930)
