"""check_ledger finds each broken promise and names it, also where no constraint would stop it."""

from decimal import Decimal

import pytest
from django.db import connection

from bills.services.paying import pay_bill
from bills.services.planning import create_bill
from insights.promises import PROMISES, check_promises
from insights.tasks import check_ledger_nightly
from tests.builders import NOON, TODAY, make_transaction
from transactions.models import ImportBatch, Transaction
from transactions.services.transfers import transfer_funds
from transactions.tests.import_samples import MARCH, csv_of, imported
from users.audit import trail
from users.messages.outbox import notify
from users.models import IdempotentCommand

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger(alice, checking, savings):
    """One of everything that is promised, written by the services."""
    batch = imported(checking, csv_of(MARCH))
    make_transaction(account=savings, amount="-7.00")
    transfer_funds(actor=alice, source=savings, target=checking, amount=Decimal(5), on=TODAY)
    bill = create_bill(
        actor=alice, user=alice, biller_name="Power", amount_due=Decimal(12), currency="EUR",
        due_date=TODAY, account=savings,
    )  # fmt: skip
    pay_bill(actor=alice, bill=bill, on=TODAY)
    IdempotentCommand.objects.create(user=alice, key="k", body_hash="h", status_code=201)
    return batch


def off():
    return {found.name for found in check_promises() if found.violation_count}


def run(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount != 0


def unconstrained(table):
    """Hide the table behind a copy of its rows that no constraint protects, until the test ends."""
    run(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM {table}")


def doubled(table, condition="1 = 1"):
    """A row as it would be had its constraint not held."""
    unconstrained(table)
    run(f"INSERT INTO {table} SELECT * FROM {table} WHERE {condition}")


@pytest.mark.slow
def test_what_the_services_write_keeps_every_promise(ledger):
    found = check_promises()
    assert off() == set()
    assert all(invariant.checked_count for invariant in found if invariant.name != "messages")
    assert {invariant.name for invariant in found} == {promise.name for promise in PROMISES}
    assert check_ledger_nightly() is True


def test_balance_below_the_limit_needs_an_explanation(ledger, savings):
    run("UPDATE accounts_account SET balance = -1 WHERE id = %s", savings.pk)
    assert off() == {"limits"}
    run("UPDATE accounts_account SET overdraft_limit = 1 WHERE id = %s", savings.pk)
    assert off() == set()


def test_bank_lines_may_take_an_account_below_its_limit(ledger, checking):
    run("UPDATE accounts_account SET balance = -1 WHERE id = %s", checking.pk)
    assert off() == set()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bills_bill SET amount_paid = amount_paid + 1 WHERE payment_id IS NOT NULL",
        "UPDATE bills_bill SET paid_at = NULL WHERE payment_id IS NOT NULL",
        "INSERT INTO bills_bill SELECT * FROM bills_bill",
    ],
)
def test_bill_paid_twice_or_of_another_amount_is_found(ledger, change):
    unconstrained("bills_bill")
    run(change)
    assert off() == {"paid_once"}


def test_doubled_message_is_found(ledger, alice):
    notify(
        recipient=alice, kind="bill_due", target_key="bill:1", channels=["email"], subject="s",
        text="t", on=TODAY, at=NOON,
    )  # fmt: skip
    assert off() == set()
    doubled("users_notification")
    assert off() == {"messages"}


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO users_idempotentcommand SELECT * FROM users_idempotentcommand",
        "UPDATE users_idempotentcommand SET status_code = 0",
    ],
)
def test_command_without_answer_or_used_twice_is_found(ledger, change):
    unconstrained("users_idempotentcommand")
    run(change)
    assert off() == {"commands"}


def test_file_applied_twice_is_found(ledger, alice, checking):
    again = ImportBatch.objects.create(
        user=alice, account=checking, file_name="x", sha256=ledger.sha256, status="done"
    )
    trail.record(actor=alice, action="transactions.import.confirmed", target=again)
    line = Transaction.objects.filter(import_batch=ledger).first()
    assert off() == set()
    line.pk = None
    line.import_batch = again
    line.save(force_insert=True)
    assert off() == {"imports"}
    run("UPDATE transactions_transaction SET deleted_at = created_at WHERE id = %s", line.pk)
    assert off() == set()


def test_half_done_import_is_found(ledger):
    run("UPDATE transactions_importbatch SET status = 'checked' WHERE id = %s", ledger.pk)
    assert off() == {"imports"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users_auditevent SET hash = 'x' WHERE sequence = 2",
        "UPDATE users_auditevent SET previous_hash = 'x' WHERE sequence = 2",
        "UPDATE users_auditevent SET sequence = sequence + 1 WHERE sequence > 2",
        "DELETE FROM users_auditevent WHERE sequence = 2",
        "DELETE FROM users_auditevent WHERE sequence = (SELECT MAX(length) FROM users_auditchain)",
        "UPDATE users_auditchain SET length = length + 1",
        "UPDATE users_auditchain SET head_hash = 'x'",
    ],
)
def test_broken_audit_chain_is_found(ledger, change):
    unconstrained("users_auditevent")
    run(change)
    assert "audit" in off()


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("accounts.account", "1 = 1"),
        ("transactions.importbatch", "status = 'done'"),
        ("bills.bill", "paid_at IS NOT NULL"),
        ("transactions.transfer", "status = 'confirmed'"),
    ],
)
def test_change_of_money_without_an_audit_event_is_found(ledger, table, where):
    unconstrained("users_auditevent")
    run("UPDATE users_auditevent SET target_id = 0 WHERE target_type = %s", table)
    found = {invariant.name: invariant for invariant in check_promises()}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table.replace('.', '_')} WHERE {where}")
        [count] = cursor.fetchone()
    assert {row.table for row in found["recorded"].violations} == {table}
    assert found["recorded"].violation_count == count > 0
