"""Protects bill payments in the ledger: their amount cannot change and they cannot be deleted."""

from django.utils.translation import gettext as _

from bills.models import Bill
from transactions.holds import Hold
from transactions.models import TransactionQuerySet


def payment_hold(rows: TransactionQuerySet) -> Hold:
    """Hold the transactions that paid a bill, even if that bill is in the trash."""
    paid = Bill._base_manager.filter(payment__in=rows.order_by().values("pk"))
    return Hold(
        frozenset(paid.values_list("payment_id", flat=True)),
        _(
            "%(names)s paid a bill. Undo the payment on the bill first. If the bill is "
            "in the trash, restore it first."
        ),
    )
