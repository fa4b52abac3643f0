"""Rows that something above the ledger holds, such as the payment of a bill.

An app above says at start which of its fields holds transactions; while a row is held, it keeps
its money and stays out of the trash. So the ledger knows that it is held, and not by whom.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Hold:
    """A foreign key that holds the transactions it names, and what to say about that."""

    model: str
    field: str
    sentence: str


_holds: dict[tuple[str, str], Hold] = {}


def hold_transactions(model: str, field: str, sentence: str) -> None:
    """Hold what `model`'s (as in "bills.Bill") `field` names. Called once, when the app starts."""
    _holds[model, field] = Hold(model, field, sentence)


def hold_on(rows: QuerySet) -> Hold | None:
    """The first hold on any of these transactions. Ask under the lock of their accounts."""
    ids = rows.order_by().values("pk")
    for hold in _holds.values():
        condition: dict[str, Any] = {f"{hold.field}__in": ids}
        if apps.get_model(hold.model)._base_manager.filter(**condition).exists():
            return hold
    return None


def refuse_held(rows: QuerySet) -> None:
    """Raise ValidationError when any of these transactions is held."""
    hold = hold_on(rows)
    if hold is not None:
        raise ValidationError(hold.sentence, code="held")
