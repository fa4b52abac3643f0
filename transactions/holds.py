"""Rows that something above the ledger holds, such as the payment of a bill.

While a row is held, it keeps its money and stays out of the trash. The ledger asks the apps above
(banking/kernel/upward.py), so it knows that a row is held, and not by whom.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from banking.kernel.upward import Callbacks

# Each takes a queryset of transactions and returns why they are held, or "".
holds = Callbacks()


def refuse_held(rows: QuerySet[Any]) -> None:
    """Raise ValidationError when any of these transactions is held.

    Ask under the lock of their accounts.
    """
    for hold in holds.functions():
        if sentence := hold(rows):
            raise ValidationError(sentence, code="held")
