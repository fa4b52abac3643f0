"""Concurrent commands on the same accounts lose nothing and never deadlock.

The negative controls remove a safeguard and must fail, or these tests would prove nothing.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier, Event

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q

from accounts import services as account_services
from accounts.models import Account
from banking.kernel.commands import command as runs_again
from tests.builders import make_account, make_user
from tests.depth import up_to
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction, Transfer
from transactions.services import posting
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    post_transaction,
    restore_transactions,
)
from transactions.services.transfers import transfer_funds
from users.audit.audit_check import verify

THREADS, COMMANDS = 8, up_to(50, quick=14)
LIMIT = Decimal("50.00")
SLOWEST_SECONDS = 300


@pytest.fixture
def hot(transactional_db):
    """One owner with three accounts that every thread uses at once."""
    owner = make_user("owner@example.com")
    for name in ("a", "b", "c"):
        make_account(user=owner, name=name, opening_balance="100.00", overdraft_limit=str(LIMIT))
    return owner


def in_threads(work, count=THREADS):
    """Run `work(number)` in `count` threads that start together, each with its own connection."""
    barrier = Barrier(count)

    def run(number):
        try:
            barrier.wait(timeout=SLOWEST_SECONDS)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count), timeout=SLOWEST_SECONDS))


def post(owner, account, cents):
    amount = Decimal(cents).scaleb(-2)
    return post_transaction(
        actor=owner,
        account=account,
        signed_amount=amount,
        txn_date=date(2026, 3, 1 + abs(cents) % 28),
        description="hot",
    )


@runs_again
def move(owner, source, target, cents):
    """Post a transfer-like pair: both accounts locked in one order, two rows or none."""
    account_services.lock_accounts([source.pk, target.pk])
    post(owner, source, -cents)
    post(owner, target, cents)


def command(chance, owner, accounts):
    """Run one random command on the shared accounts."""
    kind = chance.random()
    account, other = chance.sample(accounts, 2)
    cents = chance.randint(1, 4000)
    if kind < 0.45:
        return post(owner, account, -cents)
    if kind < 0.8:
        return move(owner, account, other, cents)
    if kind < 0.88:
        return post(owner, account, cents)
    pk = chance.choice(Transaction.objects.order_by("-pk").values_list("pk", flat=True)[:5] or [0])
    rows = Transaction.objects.filter(pk=pk)
    if kind < 0.92:
        return delete_transactions(actor=owner, rows=rows)
    if kind < 0.96:
        return restore_transactions(actor=owner, rows=rows)
    row = rows.first()
    return row and edit_transaction(
        actor=owner, transaction=row, account=other, signed_amount=Decimal(-cents).scaleb(-2)
    )


def storm(owner, commands, choose):
    """Run commands in every thread. Returns the outcomes and the lowest balance seen."""
    accounts = list(Account.objects.order_by("pk"))
    done, lowest = Event(), []

    def watch():
        try:
            # Two hundred looks a second: without a pause it takes the processor from the writers.
            while not done.wait(0.005) or not lowest:
                lowest.extend(Account.objects.values_list("balance", flat=True))
        finally:
            connection.close()

    def work(number):
        chance, outcomes = random.Random(number), []
        for _ in range(commands):
            try:
                choose(chance, owner, accounts)
                outcomes.append("done")
            except ValidationError:
                outcomes.append("refused")
            except Exception as error:  # noqa: BLE001 - a deadlock or a timeout is what we look for
                outcomes.append(repr(error))
        return outcomes

    with ThreadPoolExecutor(1) as watcher:
        watching = watcher.submit(watch)
        try:
            outcomes = [outcome for part in in_threads(work) for outcome in part]
        finally:
            done.set()
        watching.result(timeout=SLOWEST_SECONDS)
    return outcomes, min(lowest)


def spend_or_move(chance, owner, accounts):
    """Expenses and pairs only. No balance may ever go below its limit."""
    account, other = chance.sample(accounts, 2)
    cents = chance.randint(1, 4000)
    return (
        post(owner, account, -cents)
        if chance.random() < 0.5
        else move(owner, account, other, cents)
    )


@pytest.mark.search
@pytest.mark.slow
def test_concurrent_expenses_and_pairs_lose_nothing(hot):
    outcomes, lowest = storm(hot, COMMANDS, spend_or_move)
    assert set(outcomes) == {"done", "refused"}
    assert len(outcomes) == THREADS * COMMANDS
    assert lowest >= -LIMIT
    assert_ledger_holds()
    assert verify().is_intact


@pytest.mark.search
@pytest.mark.slow
def test_all_commands_running_concurrently_lose_nothing(hot):
    outcomes, _ = storm(hot, COMMANDS // 2, command)
    assert set(outcomes) == {"done", "refused"}
    assert_ledger_holds()
    assert verify().is_intact


@pytest.mark.slow
def test_only_one_of_eight_concurrent_expenses_gets_the_last_money(hot):
    account = Account.objects.order_by("pk").first()
    assert spent_at_once(hot, account) == 1
    account.refresh_from_db()
    assert account.balance == -LIMIT


def spent_at_once(owner, account):
    """How many of eight concurrent expenses of the whole balance succeed."""

    def spend(number):
        try:
            post(owner, account, -150_00)
        except ValidationError:
            return 0
        return 1

    return sum(in_threads(spend))


@pytest.fixture
def unlocked(monkeypatch):
    """Read accounts without locking; every thread reads before any of them continues."""
    everybody = Barrier(THREADS)

    def read(ids):
        accounts = {account.pk: account for account in Account.objects.filter(pk__in=set(ids))}
        everybody.wait(timeout=SLOWEST_SECONDS)
        return accounts

    monkeypatch.setattr(account_services, "lock_accounts", read)
    monkeypatch.setattr(posting, "lock_accounts", read)


@pytest.mark.postgresql
def test_negative_control_without_locking_everyone_spends_the_last_money(hot, unlocked):
    account = Account.objects.order_by("pk").first()
    assert spent_at_once(hot, account) == THREADS
    account.refresh_from_db()
    assert account.balance < -LIMIT


@pytest.mark.postgresql
def test_negative_control_reading_then_writing_without_locking_drifts(hot, unlocked, monkeypatch):

    def read_then_write(accounts, deltas):
        for pk, delta in deltas.items():
            accounts[pk].balance += delta
            accounts[pk].save(update_fields=["balance"])

    monkeypatch.setattr(posting, "apply_to_balances", read_then_write)

    def income(chance, owner, accounts):
        return post(owner, accounts[0], chance.randint(1, 100))

    outcomes, _ = storm(hot, 3, income)
    assert set(outcomes) == {"done"}
    with pytest.raises(AssertionError):
        assert_ledger_holds()


@pytest.mark.search
@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_concurrent_opposite_transfers_neither_lose_money_nor_deadlock(hot):
    """Half of the threads move a to b, half b to a; some are deleted concurrently."""
    first, second = Account.objects.order_by("name")[:2]

    def work(number):
        source, target = (first, second) if number % 2 else (second, first)
        done = 0
        for turn in range(up_to(25, quick=8)):
            try:
                made = transfer_funds(
                    actor=hot, source=source, target=target, amount=Decimal(3), on=date(2026, 3, 2)
                )
            except ValidationError:
                continue
            done += 1
            if turn % 5 == 0:
                leg = made.inflow_transaction_id if number % 4 < 2 else made.outflow_transaction_id
                delete_transactions(actor=hot, rows=Transaction.objects.filter(pk=leg))
        return done

    assert sum(in_threads(work)) > THREADS
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.balance + second.balance == Decimal(200)
    halves = Transfer.objects.exclude(
        Q(outflow_transaction__deleted_at=None, inflow_transaction__deleted_at=None)
        | Q(
            outflow_transaction__deleted_at__isnull=False,
            inflow_transaction__deleted_at__isnull=False,
        )
    )
    assert not halves.exists()
    assert_ledger_holds()
