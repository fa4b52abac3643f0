"""Page, API, auto-pay job and import match settle the same occurrence at the same moment.

The negative control removes the bill's lock and must pay twice; otherwise the test proves nothing.
"""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, local

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from bills.models import Bill
from bills.services import auto_paying, paying
from bills.services.auto_paying import auto_pay_due
from bills.services.planning import create_bill
from rewards.models import PointsEntry, Reward
from tests.builders import make_account, make_transaction, make_user
from tests.depth import up_to
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction
from users.timezones import local_date

ROUNDS = up_to(50, quick=10)
AMOUNT = Decimal("10.00")
# Waiting longer means waiting forever; slow machines get enough time.
LONGEST_SECONDS = 300


@pytest.fixture
def world(transactional_db, client_for, api_for):
    owner = make_user("owner@example.com", base_currency="EUR")
    account = make_account(user=owner, opening_balance="10000.00")
    return owner, account, client_for(owner), api_for(owner)


def race(world, number):
    """One round: the response of each caller, and the bill."""
    owner, account, browser, api = world
    now = timezone.now()
    today = local_date(owner.timezone, now)
    bill = create_bill(
        actor=owner,
        user=owner,
        biller_name=f"Power {number}",
        amount_due=AMOUNT,
        due_date=today,
        recurrence="monthly",
        auto_pay=True,
        account=account,
    )
    row = make_transaction(account=account, amount="-10.00", origin="import", txn_date=today)
    fields = {"account": account.pk, "amount": "10.00", "on": str(today)}
    doors = [
        lambda: browser.post(reverse("bills:bill_pay", args=[bill.pk]), fields).status_code,
        lambda: api.put(f"/api/bills/{bill.pk}/pay").status_code,
        lambda: auto_pay_due(at=now)["failed"],
        lambda: api.post(f"/api/bills/{bill.pk}/match", {"transaction": row.pk}).status_code,
    ]
    barrier = Barrier(len(doors))

    def run(door):
        try:
            barrier.wait(timeout=LONGEST_SECONDS)
            return door()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(doors)) as pool:
        answers = list(pool.map(run, doors, timeout=LONGEST_SECONDS))
    return answers, bill, row


def settled(bill, row):
    """How often the round's bill was posted, matched, earned for, and followed by a next one."""
    posted = Transaction.objects.filter(merchant=bill.biller_name, deleted_at=None).count()
    matched = Bill.objects.filter(payment=row).count()
    earned = PointsEntry.objects.filter(payment__merchant=bill.biller_name).count()
    earned += PointsEntry.objects.filter(payment=row).count()
    following = Bill.objects.filter(series=bill.series, sequence=1).count()
    return posted + matched, earned, following


@pytest.mark.search
@pytest.mark.slow
def test_four_concurrent_callers_pay_one_occurrence_once(world):
    for number in range(ROUNDS):
        answers, bill, row = race(world, number)
        assert answers == [302, 200, 0, 200]
        assert settled(bill, row) == (1, 1, 1)
        bill.refresh_from_db()
        assert bill.payment is not None
    account = world[1]
    account.refresh_from_db()
    posted = Transaction.objects.filter(origin="bill").count()
    assert account.balance == Decimal(10000) - AMOUNT * (ROUNDS + posted)
    assert Reward.objects.get().points_balance == 10 * ROUNDS
    assert_ledger_holds()


@pytest.mark.postgresql
def test_negative_control_without_the_bills_lock_it_is_paid_twice(world, monkeypatch):
    have_read, waited = Barrier(4), local()

    def unlocked(bill):
        found = Bill.objects.get(pk=bill.pk)
        # Every caller has read the open bill before the first of them writes.
        if not hasattr(waited, "once"):
            waited.once = have_read.wait(timeout=LONGEST_SECONDS)
        return found

    monkeypatch.setattr(paying, "lock_bill", unlocked)
    monkeypatch.setattr(auto_paying, "lock_bill", unlocked)
    _, bill, row = race(world, 0)
    assert settled(bill, row)[0] > 1


class Killed(BaseException):
    """Simulates a worker that dies in the middle of a payment."""


@pytest.mark.parametrize(
    "name", ["post_transaction", "earn_for_payment", "plan_next", "trail", "lock_bill_program"]
)
def test_a_killed_worker_leaves_nothing_and_the_next_one_pays_once(world, monkeypatch, name):
    owner, account, *_ = world
    now = timezone.now()
    bill = create_bill(
        actor=owner,
        user=owner,
        biller_name="Power",
        amount_due=AMOUNT,
        due_date=local_date(owner.timezone, now),
        recurrence="monthly",
        auto_pay=True,
        account=account,
    )

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as broken:
        if name == "trail":
            broken.setattr(paying.trail, "record", die)
        else:
            broken.setattr(paying, name, die)
        with pytest.raises(Killed):
            auto_pay_due(at=now)
    bill.refresh_from_db()
    account.refresh_from_db()
    assert (bill.is_open, bill.auto_pay_tried_on, account.balance) == (True, None, 10000)
    assert (Transaction.objects.count(), PointsEntry.objects.count()) == (0, 0)
    assert auto_pay_due(at=now) == {"paid": 1, "failed": 0}
    assert auto_pay_due(at=now) == {"paid": 0, "failed": 0}
    assert (Transaction.objects.count(), PointsEntry.objects.count()) == (1, 1)
    assert Bill.objects.count() == 2
