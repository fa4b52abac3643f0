"""Future-dated entries from before the planned status become planned, once."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Account
from accounts.services import delete_account
from tests.builders import NOON, make_account, make_transaction, make_user
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction, Transfer
from transactions.services import planning_ahead
from transactions.services.planning_ahead import plan_entries_dated_ahead
from transactions.services.posting import delete_transactions, restore_transactions
from transactions.services.posting_planned import post_planned
from transactions.services.splitting import Part, split_transaction
from transactions.services.transfers import confirm_transfer, suggest_transfers, transfer_funds
from users.models import AuditEvent

TODAY = NOON.date()


def day(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)


def booked_ahead(account: Account, amount: str, ahead: int, **over: Any) -> Transaction:
    """An entry as an earlier version stored it: booked before its day."""
    return make_transaction(
        account=account, amount=amount, **{"txn_date": day(ahead), "today": day(ahead), **over}
    )


def statuses(*rows: Transaction) -> list[str]:
    return [Transaction.objects.get(pk=row.pk).status for row in rows]


def balance(account: Account) -> Decimal:
    return Account.objects.get(pk=account.pk).balance


def planned(*, is_trial: bool = False, at: datetime = NOON) -> tuple[int, int, int]:
    result = plan_entries_dated_ahead(at=at, is_trial=is_trial)
    return result.planned, result.people, result.left


@pytest.mark.slow
def test_entries_leave_the_balance_until_their_day(checking):
    ahead = [
        booked_ahead(checking, "5000.00", 20),
        booked_ahead(checking, "-700.00", 1),
        booked_ahead(checking, "-2.00", 2, status="pending"),
    ]
    kept = [
        booked_ahead(checking, "-1.00", 0),
        booked_ahead(checking, "-9.00", 9, origin="import"),
        make_transaction(account=checking, amount="-3.00", txn_date=day(3)),
    ]
    assert balance(checking) == 1000 + 5000 - 700 - 1 - 9
    assert planned(is_trial=True) == (3, 1, 0)
    assert statuses(*ahead) == ["posted", "posted", "pending"]
    assert planned() == (3, 1, 0)
    assert statuses(*ahead, *kept) == ["planned"] * 3 + ["posted", "posted", "planned"]
    assert balance(checking) == 1000 - 1 - 9
    assert_ledger_holds()
    event = AuditEvent.objects.get(action="transactions.transactions.planned")
    assert (event.actor, event.changes["count"]) == (None, 3)
    assert planned() == (0, 0, 0)
    assert post_planned(at=NOON + timedelta(days=20)) == {"posted": 4, "waiting": 0}
    assert balance(checking) == 1000 + 5000 - 700 - 2 - 1 - 9 - 3
    assert_ledger_holds()


def test_money_spent_ahead_shows_as_missing(checking):
    booked_ahead(checking, "5000.00", 20)
    make_transaction(account=checking, amount="-1900.00")
    assert planned() == (1, 1, 0)
    assert balance(checking) == -900
    assert_ledger_holds()


def test_both_sides_of_a_transfer_wait_together(alice, checking, savings, monkeypatch):
    monkeypatch.setattr(planning_ahead, "CHANGE_STEP_ROWS", 1)
    made = transfer_funds(
        actor=alice, source=checking, target=savings, amount=Decimal(50), on=day(5), today=day(5)
    )
    sides = made.outflow_transaction, made.inflow_transaction
    assert planned() == (2, 1, 0)
    assert statuses(*sides) == ["planned", "planned"]
    assert_ledger_holds()


def test_a_transfer_with_one_side_today_stays(alice, checking, savings):
    out = booked_ahead(checking, "-50.00", 0)
    into = booked_ahead(savings, "50.00", 2)
    suggest_transfers(user=alice, since=day(-9))
    confirm_transfer(actor=alice, transfer=Transfer.objects.get())
    assert planned() == (0, 0, 1)
    assert statuses(out, into) == ["posted", "posted"]
    assert_ledger_holds()


@pytest.mark.slow
def test_entries_in_the_trash_come_back_planned(alice, checking, savings):
    row, other = booked_ahead(checking, "-50.00", 5), booked_ahead(savings, "-1.00", 5)
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=row.pk))
    delete_account(actor=alice, account=savings)
    assert planned() == (2, 1, 0)
    assert_ledger_holds()
    restore_transactions(actor=alice, rows=Transaction.objects.filter(pk=row.pk), today=TODAY)
    assert statuses(row, other) == ["planned", "planned"]
    assert balance(checking) == 1000
    assert_ledger_holds()


def test_split_entries_leave_their_categories(alice, checking, groceries):
    row = booked_ahead(checking, "-50.00", 40)
    parts = [Part(Decimal(-20), groceries), Part(Decimal(-30))]
    split_transaction(actor=alice, transaction=row, parts=parts)
    assert planned() == (1, 1, 0)
    assert_ledger_holds()


def test_today_is_where_the_person_is(db):
    # At noon UTC on the 18th it is already the 19th in Kiritimati.
    for zone, is_planned in (("Pacific/Kiritimati", False), ("America/New_York", True)):
        account = make_account(user=make_user(f"{zone[:7]}@example.com", timezone=zone))
        row = booked_ahead(account, "1.00", 1)
        planned()
        assert (statuses(row) == ["planned"]) == is_planned


@pytest.mark.slow
def test_a_stopped_run_resumes_where_it_stopped(checking, monkeypatch):
    rows = [booked_ahead(checking, "-1.00", number) for number in range(1, 6)]
    monkeypatch.setattr(planning_ahead, "CHANGE_STEP_ROWS", 2)
    plan = planning_ahead._plan

    def dies_on_the_second(user, piece, today):
        if rows[2].pk in piece:
            raise KeyboardInterrupt
        return plan(user, piece, today)

    monkeypatch.setattr(planning_ahead, "_plan", dies_on_the_second)
    with pytest.raises(KeyboardInterrupt):
        planned()
    monkeypatch.setattr(planning_ahead, "_plan", plan)
    assert statuses(*rows) == ["planned"] * 2 + ["posted"] * 3
    assert_ledger_holds()
    assert planned() == (3, 1, 0)
    assert balance(checking) == 1000
    assert_ledger_holds()


def test_command_only_counts_unless_asked_to_apply(checking):
    row = booked_ahead(checking, "-1.00", 400 * 5)
    said = StringIO()
    call_command("plan_future_entries", stdout=said)
    assert said.getvalue() == (
        "1 entries of 1 people would be planned.\nNothing was changed. Repeat with --apply.\n"
    )
    assert statuses(row) == ["posted"]
    said = StringIO()
    call_command("plan_future_entries", "--apply", stdout=said)
    assert said.getvalue() == "1 entries of 1 people planned.\n"
    assert statuses(row) == ["planned"]
