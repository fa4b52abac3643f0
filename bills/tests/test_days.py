"""Days of the jobs in three time zones with two concurrent workers: everything happens once, on
its day.

The workers are threads with a connection each. They run the same hours side by side; one worker's
clock is sometimes set back, for three days no beat ticks, and every hour one worker dies in one of
its jobs (simulated by a commit that fails). Real killed processes are in
alerts/tests/test_worker.py.
"""

from calendar import monthrange
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from django.db import transaction as db_transaction

from banking.kernel.region import region
from bills.models import Bill
from bills.services.auto_paying import auto_pay_due, plan_all_ahead
from bills.services.planning import create_bill, edit_bill
from bills.services.reminding import send_due_reminders
from tests.builders import make_account, make_user
from tests.depth import up_to
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction
from users.models import Notification
from users.timezones import local_date

ZONES = ["Pacific/Kiritimati", "Europe/Berlin", "America/Los_Angeles"]
START, DAYS = datetime(2027, 12, 20, 1, 0, tzinfo=UTC), up_to(400, quick=105)
EVERY = timedelta(hours=8)
# Three days without a beat, including a month end.
OUT_FROM, OUT_UNTIL = datetime(2028, 1, 30, tzinfo=UTC), datetime(2028, 2, 2, tzinfo=UTC)
LEAD = 3


def tick(at):
    plan_all_ahead(at=at)
    auto_pay_due(at=at)
    send_due_reminders(at=at)


def monthly(day, step=1):
    """The given `day` of every `step`th month, or its last day if shorter, from December 2027."""
    found = []
    for number in range(0, 16, step):
        year, month = divmod(2027 * 12 + 11 + number, 12)
        found.append(date(year, month + 1, min(day, monthrange(year, month + 1)[1])))
    return found


def yearly():
    return [date(2028, 2, 29), date(2029, 2, 28)]


PLANS = {
    "rent": ("monthly", monthly(31)),
    "power": ("quarterly", monthly(30, 3)),
    "gym": ("weekly", [date(2027, 12, 24) + timedelta(weeks=n) for n in range(70)]),
    "leap": ("yearly", yearly()),
}


def plans_of(zone):
    """The weekly bill is in one zone only: most of the time goes into paying."""
    return [name for name in PLANS if name != "gym" or zone == ZONES[2]]


@pytest.fixture
def people(db):
    return make_people()


def make_people():
    people = []
    for zone in ZONES:
        user = make_user(f"{zone.lower().replace('/', '.')}@example.com", base_currency="EUR")
        user.timezone = zone
        user.save()
        account = make_account(user=user, opening_balance="1000000.00")
        for name in plans_of(zone):
            recurrence, dates = PLANS[name]
            create_bill(
                actor=user,
                user=user,
                biller_name=name,
                amount_due=Decimal("10.00"),
                due_date=dates[0],
                recurrence=recurrence,
                auto_pay=True,
                account=account,
                remind_days_before=LEAD,
            )
        people.append(user)
    return people


class KilledError(Exception):
    """The worker died: everything since its last commit is lost."""


JOBS = [plan_all_ahead, auto_pay_due, send_due_reminders]


def ticks():
    """Every eight hours, except for the days without a beat."""
    moments = [START + EVERY * n for n in range(DAYS * 3)]
    return [at for at in moments if not OUT_FROM <= at < OUT_UNTIL]


def run_worker(which, together):
    """Run all hours of one worker alongside the other; they take turns dying, job by job."""
    try:
        for number, at in enumerate(ticks()):
            together.wait()
            is_back = which == 1 and number % 11 == 0
            dies_in = JOBS[number // 2 % 3] if number % 2 == which else None
            run_jobs(at - timedelta(hours=2) if is_back else at, dies_in)
    finally:
        connection.close()


def run_jobs(at, dies_in=None):
    for job in JOBS:
        dies = job is dies_in
        with suppress(KilledError), db_transaction.atomic() if dies else nullcontext():
            job(at=at)
            if dies:
                raise KilledError


def due_until(name, last):
    return [day for day in PLANS[name][1] if day <= last]


def missed(zone, day):
    """Whether no beat ran in that zone on the local day."""
    return not any(local_date(zone, at) == day for at in ticks())


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_reminder_and_payment_happens_once_and_on_its_day():
    people, last = make_people(), ticks()[-1]
    together = Barrier(2, timeout=300)
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(run_worker, range(2), [together] * 2))
    run_jobs(last)
    for user in people:
        today = local_date(user.timezone, last)
        for name in plans_of(user.timezone):
            paid = list(
                Bill.objects.filter(user=user, biller_name=name, paid_at__isnull=False)
                .order_by("due_date")
                .values_list("due_date", "paid_on")
            )
            assert [due for due, _ in paid] == due_until(name, today)
            for due, on in paid:
                late = timedelta(0)
                while missed(user.timezone, due + late):
                    late += timedelta(days=1)
                assert on == due + late
            posted = Transaction.objects.filter(user=user, merchant=name).count()
            assert posted == len(paid)
            messages = Counter(
                Notification.objects.filter(
                    recipient=user, kind="bill_reminder", subject__startswith=f"{name}:"
                ).values_list("target_key", flat=True)
            )
            assert set(messages.values()) == {1}
            lead = timedelta(days=LEAD)
            # On the last day, some zones have not reached the hour of reminders.
            sure = [day for day in PLANS[name][1] if day - lead < today]
            assert len(sure) <= len(messages) <= len(sure) + 1
    assert_ledger_holds()


@pytest.mark.slow
def test_a_longer_outage_is_caught_up_once_for_31_days(people):
    user = people[0]
    Bill.objects.exclude(user=user, biller_name="rent").delete()
    at = datetime(2028, 1, 31, 12, tzinfo=UTC)
    for _ in range(3):
        tick(at)
    paid = Bill.objects.filter(paid_at__isnull=False).values_list("due_date", "paid_on")
    # In Kiritimati it is 1 February: 31 December is 32 days ago.
    assert list(paid) == [(date(2028, 1, 31), date(2028, 2, 1))]


def test_without_enough_money_nothing_is_debited_and_only_the_owner_can_retry(people):
    user = people[1]
    account = make_account(user=user, name="Empty", opening_balance="5.00")
    Bill.objects.all().delete()
    bill = create_bill(
        actor=user,
        user=user,
        biller_name="rent",
        amount_due=Decimal("10.00"),
        due_date=date(2028, 1, 31),
        auto_pay=True,
        account=account,
    )
    for hour in range(0, 72, 5):
        auto_pay_due(at=datetime(2028, 1, 31, 8, tzinfo=UTC) + timedelta(hours=hour))
    bill.refresh_from_db()
    assert (bill.is_open, bill.auto_pay_tried_on) == (True, date(2028, 1, 31))
    assert bill.auto_pay_problem == "Empty has €5.00 available. You need €10.00."
    with region("de-DE"):
        assert bill.auto_pay_problem == "Empty has 5,00\xa0€ available. You need 10,00\xa0€."
    assert not Transaction.objects.exists()
    edit_bill(actor=user, bill=bill, account=user.accounts.get(name="Everyday"))
    assert auto_pay_due(at=datetime(2028, 2, 3, 8, tzinfo=UTC)) == {"paid": 1, "failed": 0}
