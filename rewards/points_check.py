"""Checks that the points of every program equal the sum of its entries."""

from django.db.models import Sum
from django.db.models.functions import Coalesce

from banking.kernel.snapshot import read_snapshot
from rewards.models import Reward
from transactions.ledger_report import Invariant, Violation


def check_points() -> Invariant:
    """balance = Σ entries, and never below zero; programs in the trash are checked too."""
    found = Invariant("points", "points of a program = Σ its entries, never below zero")
    with read_snapshot(takes_time=True):
        rows = Reward.objects.order_by("pk").annotate(total=Coalesce(Sum("entries__points"), 0))
        columns = rows.values_list("pk", "points_balance", "total")
        for pk, balance, total in columns.iterator(chunk_size=2000):
            found.checked_count += 1
            if balance != total or balance < 0:
                problem = "The points don't match the sum of the entries."
                stored, expected = str(balance), str(total)
                found.add(
                    Violation("rewards.reward", pk, problem, stored=stored, expected=expected)
                )
    return found
