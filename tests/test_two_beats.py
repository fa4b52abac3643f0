"""Two beats, or a message that the broker delivers twice: a job's second run changes nothing."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from banking.schedule import BEAT_SCHEDULE
from bills.services.planning import create_bill
from tests.builders import make_account
from tests.invariants import assert_ledger_holds
from tests.world import everything, things_of
from transactions.services.transfers import transfer_funds

pytestmark = pytest.mark.django_db
MONEY_JOBS = {"planned-transactions", "bills-auto-pay"}


@pytest.mark.slow
def test_a_job_that_runs_twice_leaves_what_one_run_leaves(alice, settings, tmp_path):
    """In a household with one of everything, three days later, when bills and plans are due."""
    # The heads of chains that are gone after this test.
    settings.AUDIT_ANCHOR = tmp_path / "anchor.json"
    things_of(alice)
    due = timezone.now().date() + timedelta(days=2)
    paid_from, saved_to = (
        make_account(user=alice, name=name, opening_balance="100")
        for name in ("Paid from", "Saved to")
    )
    transfer_funds(
        actor=alice,
        source=paid_from,
        target=saved_to,
        amount=Decimal(40),
        on=due,
        description="Plan",
    )
    create_bill(
        actor=alice,
        user=alice,
        biller_name="Water",
        amount_due=Decimal(12),
        currency="EUR",
        due_date=due,
        account=paid_from,
        auto_pay=True,
    )
    untouched, changed_by = everything(), set()
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        for name, entry in BEAT_SCHEDULE.items():
            module, _, task = entry["task"].rpartition(".")
            job = getattr(import_module(module), task)
            job()
            once, mails = everything(), len(mail.outbox)
            if once != untouched:
                changed_by.add(name)
            untouched = once
            job()
            assert (everything(), len(mail.outbox)) == (once, mails), name
    # Without work for the jobs the comparison would prove nothing.
    assert changed_by >= MONEY_JOBS | {"sweep-postings", "deliver-notifications"}
    assert_ledger_holds()
