"""Lets apps above hold transactions, such as the payment of a bill.

A held transaction keeps its amount and cannot be moved to the trash. The ledger asks the apps above
(banking/kernel/upward.py) without knowing them.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from banking.kernel.upward import Callbacks

# Each takes a queryset of transactions and returns why they are held, or "".
holds = Callbacks()


def refuse_held(rows: QuerySet[Any]) -> None:
    """Raise ValidationError if any of these transactions is held.

    Call this with their accounts locked.
    """
    if sentence := _why_held(rows):
        raise ValidationError(sentence, code="held")


def is_held(rows: QuerySet[Any]) -> bool:
    """Whether any of these transactions is held."""
    return bool(_why_held(rows))


def _why_held(rows: QuerySet[Any]) -> str:
    return next((sentence for hold in holds.functions() if (sentence := hold(rows))), "")
