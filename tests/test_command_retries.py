"""A command that the database undid runs again by itself, and never takes effect twice."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from threading import Barrier, get_ident

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.db import transaction as db_transaction

from accounts.models import Account
from banking.kernel import commands
from banking.kernel.commands import LOST, command, in_one_commit
from tests.builders import make_account, make_user
from tests.invariants import assert_ledger_holds
from transactions.models import Attachment, Transaction, Transfer
from transactions.services.transfers import transfer_funds
from transactions.tests.test_attachments import PNG
from users.idempotency import run_once
from users.models import IdempotentCommand

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
LONGEST_SECONDS = 120


@pytest.fixture
def owner(transactional_db):
    owner = make_user("owner@example.com")
    for name in ("a", "b"):
        make_account(user=owner, name=name, opening_balance="1000.00")
    return owner


def counted(reason: str) -> float:
    return commands.retries.labels(reason)._value.get()


def in_threads(work, count=2):
    def run(number):
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count), timeout=LONGEST_SECONDS))


def set_isolation(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET default_transaction_isolation = '{level}'")
    connection.connection.isolation_level = None


class Meeting:
    """Where threads wait for each other in their first attempt; later attempts pass by."""

    def __init__(self, count):
        self.barrier = Barrier(count, timeout=LONGEST_SECONDS)
        self.came = set()

    def wait(self):
        if get_ident() not in self.came:
            self.came.add(get_ident())
            self.barrier.wait()


def test_a_deadlock_is_solved_by_running_one_command_again(owner):
    before, both_hold_one, attempts = counted("deadlock"), Meeting(2), []
    first, second = Account.objects.order_by("name").values_list("pk", flat=True)

    @command
    def add(order):
        attempts.append(order)
        for pk in order:
            Account.objects.select_for_update().get(pk=pk)
            if pk == order[0]:
                both_hold_one.wait()
        Account.objects.filter(pk=order[0]).update(name=f"touched by {order}")

    in_threads(lambda number: add((first, second) if number else (second, first)))
    assert Account.objects.filter(name__startswith="touched").count() == 2
    assert len(attempts) > 2
    assert counted("deadlock") > before


def test_serialization_failures_are_repeated_and_no_money_is_lost(owner):
    before, all_have_a_snapshot = counted("serialization failure"), Meeting(3)
    source, target = Account.objects.order_by("name")

    @command
    def transfer(source, target):
        # The first query takes the snapshot: whoever commits second has seen too little.
        assert Account.objects.count() == 2
        all_have_a_snapshot.wait()
        transfer_funds(
            actor=owner, source=source, target=target, amount=Decimal(1), on=date(2026, 3, 2)
        )

    def work(number):
        set_isolation("serializable")
        for turn in range(10):
            ends = (source, target) if (number + turn) % 2 else (target, source)
            transfer(*ends)

    in_threads(work, 3)
    assert Transfer.objects.count() == 30
    assert_ledger_holds()
    assert counted("serialization failure") >= before + 2


def test_a_command_that_lost_three_times_runs_while_no_other_one_does(owner):
    held, other = [], connection.copy()

    @command
    def lose():
        held.append(is_exclusive(other))
        if len(held) <= 4:
            raise OperationalError from type("Undone", (Exception,), {"sqlstate": "40001"})()

    lose()
    other.close()
    assert held == [False, False, False, True, True]


def is_exclusive(connection) -> bool:
    """Whether anybody keeps the others out of the accounts."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Other databases of the server may have a table of this number too.
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE datname = current_database() AND relation = 'accounts_account'::regclass"
            " AND mode = 'ExclusiveLock' AND granted"
        )
        return cursor.fetchone() == (1,)


def test_negative_control_without_repeating_they_reach_the_caller(owner, monkeypatch):
    monkeypatch.setattr(commands, "TRIES", {})
    with pytest.raises(OperationalError):
        test_a_deadlock_is_solved_by_running_one_command_again(owner)


def end_own_connection():
    """End the server's side of this thread's connection, as a restart of the server does."""
    other = connection.copy()
    try:
        with connection.cursor() as mine, other.cursor() as theirs:
            mine.execute("SELECT pg_backend_pid()")
            theirs.execute("SELECT pg_terminate_backend(%s, 5000)", mine.fetchone())
    finally:
        other.close()


def lose_connection_once(calls, effect):
    calls.append(1)
    if len(calls) == 1:
        end_own_connection()
    return effect()


def rename(name):
    return Account.objects.filter(name="a").update(name=name)


def test_a_connection_lost_before_the_commit_is_replaced(owner):
    calls, before = [], counted(LOST)
    in_one_commit(lambda is_again: lose_connection_once(calls, lambda: rename("renamed")))
    assert Account.objects.filter(name="renamed").exists()
    assert (len(calls), counted(LOST) - before) == (2, 1)


@contextmanager
def connection_lost_at(words):
    """The connection is lost before the first statement that has these words."""
    lost = []

    def execute(proceed, sql, *rest):
        if words in sql and not lost:
            lost.append(sql)
            end_own_connection()
        return proceed(sql, *rest)

    with connection.execute_wrapper(execute):
        yield
    assert lost


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
def test_an_upload_whose_connection_is_lost_is_read_again(owner, api_for, headers):
    account = owner.accounts.get(name="a")
    file = SimpleUploadedFile("bank.csv", b"Date,Description,Amount\n2026-03-01,Rewe,-12.50\n")
    with connection_lost_at('INSERT INTO "transactions_importbatch"'):
        answer = api_for(owner).post(
            "/api/transactions/import",
            {"file": file, "account": account.pk},
            format="multipart",
            headers=headers,
        )
    assert (answer.status_code, answer.json()["counts"]["added"]) == (201, 1)
    receipt = SimpleUploadedFile("receipt.png", PNG)
    row = Transaction.objects.get()
    with connection_lost_at('INSERT INTO "transactions_attachment"'):
        answer = api_for(owner).post(
            f"/api/transactions/{row.pk}/attachments",
            {"file": receipt},
            format="multipart",
            headers=headers and {"Idempotency-Key": "receipt"},
        )
    assert answer.status_code == 201
    assert bytes(Attachment.objects.get().content) == PNG


def test_a_connection_lost_at_the_commit_is_repeated_only_with_a_key(owner):
    calls = []

    def work(*_, **__):
        calls.append(1)
        rename("renamed")
        if len(calls) == 1:
            end_own_connection()
        return 200, {}

    with pytest.raises(OperationalError):
        in_one_commit(work)
    assert len(calls) == 1
    calls.clear()
    assert run_once(user=owner, key="k", body={}, command=work).status == 200
    assert IdempotentCommand.objects.count() == 1
    assert Account.objects.filter(name="renamed").count() == 1


def test_nothing_is_repeated_inside_another_transaction(owner):
    calls = []

    def work(*, is_again):
        calls.append(1)
        raise OperationalError from type("Undone", (Exception,), {"sqlstate": "40001"})()

    def outer(*, is_again):
        return in_one_commit(work)

    with pytest.raises(OperationalError), db_transaction.atomic():
        outer(is_again=False)
    assert len(calls) == 1
    with pytest.raises(OperationalError):
        in_one_commit(outer)
    assert len(calls) == 1 + commands.TRIES["serialization failure"]


def test_what_failed_after_the_commit_is_not_repeated(owner):
    def fail():
        raise OperationalError from type("Undone", (Exception,), {"sqlstate": "40001"})()

    def work(*, is_again):
        calls.append(1)
        rename("renamed")
        db_transaction.on_commit(fail)

    calls = []
    with pytest.raises(OperationalError):
        in_one_commit(work)
    assert len(calls) == 1
    assert not Transaction.objects.exists()


def test_a_connection_lost_while_a_constraint_is_checked_is_no_refusal(owner):
    """Django would say that the balance is too low: its check takes any error for a no."""
    ends = []

    def end_once(proceed, sql, params, many, context):
        if "_check" in sql and not ends:
            ends.append(sql)
            with connection.connection.cursor() as cursor, suppress(psycopg.Error):
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return proceed(sql, params, many, context)

    with connection.execute_wrapper(end_once):
        make_account(user=owner, name="c")
    assert len(ends) == 1
    assert Account.objects.filter(name="c").count() == 1
