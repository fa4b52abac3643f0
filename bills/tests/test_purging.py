"""Bills are purged from the trash after 30 days; their payments stay and ended
series stay ended.
"""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bills import tasks
from bills.models import Bill
from bills.services.paying import pay_bill
from bills.services.planning import create_bill, delete_bill, plan_ahead, restore_bill
from bills.services.purging import purge_trash
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction
from transactions.services.posting import delete_transactions
from users.models import AuditEvent

pytestmark = pytest.mark.django_db
DUE = date(2026, 3, 31)


@pytest.fixture
def bill(alice, checking):
    """A monthly bill with two planned occurrences."""
    made = create_bill(
        actor=alice,
        user=alice,
        biller_name="Power",
        amount_due=Decimal(80),
        currency="EUR",
        due_date=DUE,
        recurrence="monthly",
        account=checking,
    )
    assert plan_ahead(bill=made, until=date(2026, 5, 31)) == 2
    return made


def later(**by):
    return timezone.now() + timedelta(**by)


def test_an_ended_series_stays_ended_after_its_trash_is_purged(alice, bill):
    second = Bill.objects.get(sequence=1)
    delete_bill(actor=alice, bill=second)
    assert purge_trash(at=later(days=29)) == 0
    assert purge_trash(at=later(days=31)) == 2
    assert tasks.purge_expired() == 0
    assert AuditEvent.objects.get(action="bills.trash.purged").changes == {"count": 2}
    bill.refresh_from_db()
    pay_bill(actor=alice, bill=bill, on=DUE)
    assert plan_ahead(bill=bill, until=date(2026, 12, 31)) == 0
    assert list(Bill.objects.values_list("pk", flat=True)) == [bill.pk]


def test_the_payment_of_a_purged_bill_stays_and_can_be_linked_again(alice, bill):
    pay_bill(actor=alice, bill=bill, on=DUE, amount=Decimal(30))
    rest = Bill.objects.get(remainder_of=bill)
    for occurrence in (rest, bill):
        occurrence.refresh_from_db()
        delete_bill(actor=alice, bill=occurrence)
    payment = Transaction.objects.get()
    assert purge_trash(at=later(days=31)) == 4
    assert not Bill.objects.exists()
    assert list(Transaction.objects.live()) == [payment]
    assert_ledger_holds()
    assert delete_transactions(actor=alice, rows=Transaction.objects.all()) == 1


def test_restored_bills_and_bills_with_an_unpaid_rest_are_kept(alice, bill):
    delete_bill(actor=alice, bill=bill)
    restore_bill(actor=alice, bill=bill)
    pay_bill(actor=alice, bill=bill, on=DUE, amount=Decimal(30))
    bill.refresh_from_db()
    delete_bill(actor=alice, bill=bill)
    assert purge_trash(at=later(days=31)) == 2
    rest = Bill.objects.get(remainder_of__isnull=False)
    assert (rest.amount_due, rest.is_open, rest.remainder_of_id) == (50, True, bill.pk)
