"""What comes until payday is searched for anew after each change that may alter it, and only then.

That what is kept never differs after a command of a person is part of tests/test_commands.py.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from banking.kernel.snapshot import read_snapshot
from insights.figures.books import READ_OF_TRANSACTION, last_events
from insights.figures.coverage import coverage_for
from tests.builders import make_transaction
from transactions.services.posting import edit_transaction
from users.models import AuditEvent

pytestmark = pytest.mark.django_db


def books_of(person):
    with read_snapshot():
        return last_events(coverage_for(person))


@pytest.mark.parametrize(
    ("changes", "alters"),
    [
        ({"notes": "Reclaim this"}, False),
        ({"tags": ["trip"]}, False),
        ({"notes": "Reclaim this", "tags": ["trip"]}, False),
        ({"notes": "Reclaim this", "merchant": "Corner Shop"}, True),
        ({"signed_amount": Decimal("-12.00"), "tags": ["trip"]}, True),
        ({"description": "CORNER SHOP 7"}, True),
        ({"category": None}, True),
    ],
)
def test_only_an_edit_of_what_figures_read_changes_the_books(
    alice, checking, groceries, changes, alters
):
    row = make_transaction(account=checking, amount="-5.00", category=groceries)
    before = books_of(alice)
    edit_transaction(actor=alice, transaction=row, **changes)
    assert (books_of(alice) != before) == alters


def test_whatever_else_an_edit_records_changes_the_books(alice, checking, savings, groceries):
    row = make_transaction(account=checking, amount="-5.00", origin="manual")
    edit_transaction(
        actor=alice,
        transaction=row,
        account=savings,
        signed_amount=Decimal("-6.00"),
        txn_date=row.txn_date - timedelta(days=1),
        status="pending",
        description="Other words",
        merchant="Corner Shop",
        category=groceries,
        notes="Reclaim this",
        tags=["trip"],
    )
    recorded = AuditEvent.objects.get(action="transactions.transaction.edited").changes["after"]
    # An account of another currency is refused.
    assert recorded.keys() - {"notes", "tags"} == {*READ_OF_TRANSACTION} - {"currency"}


def test_an_edit_whose_details_were_erased_changes_the_books(alice, checking):
    row = make_transaction(account=checking, amount="-5.00")
    before = books_of(alice)
    edit_transaction(actor=alice, transaction=row, notes="Reclaim this")
    AuditEvent.objects.filter(action="transactions.transaction.edited").blank_details()
    assert books_of(alice) != before
