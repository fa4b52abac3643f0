"""Protects bill payments in the ledger: their amount cannot change and they cannot be deleted."""

from django.utils.translation import gettext as _

from bills.models import Bill
from transactions.models import TransactionQuerySet


def payment_hold(rows: TransactionQuerySet) -> str:
    """Why these transactions cannot change; "" if none of them paid a bill."""
    if not Bill._base_manager.filter(payment__in=rows.order_by().values("pk")).exists():
        return ""
    return _(
        "This transaction paid a bill. Undo the payment on the bill first. If the bill is "
        "in the trash, restore it first."
    )
