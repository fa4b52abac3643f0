"""Checks that every paid bill matches its payment."""

from django.db.models import F, Q

from banking.kernel.snapshot import read_snapshot
from bills.models import Bill
from transactions.ledger_report import Invariant, Violation


def check_bills() -> Invariant:
    """A payment must be a live expense of the bill's owner and settle only one bill."""
    found = Invariant("bills", "a bill's payment is a live expense of its owner")
    with read_snapshot(takes_time=True):
        paid = Bill.objects.filter(payment__isnull=False).order_by("pk")
        found.checked_count = paid.count()
        wrong = Q(payment__deleted_at__isnull=False) | ~Q(payment__user=F("user"))
        wrong |= Q(payment__signed_amount__gt=0)
        for pk, payment, account in paid.filter(wrong).values_list(
            "pk", "payment", "payment__account"
        ):
            problem = "Its payment is in the trash or isn't an expense of its owner."
            found.add(Violation("bills.bill", pk, problem, account, stored=f"{payment}"))
    return found
