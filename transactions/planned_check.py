"""Verify that planned transactions are not overdue and that transfers are complete."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from transactions.ledger_report import Invariant, Violation, counting
from transactions.models import Transaction, Transfer
from users.timezones import EARLIEST_ZONE, local_date

# How late the posting job may be before it counts as an error.
GRACE = timedelta(days=1)


def planned_lines(rows: QuerySet[Transaction], at: datetime) -> Invariant:
    """An overdue planned transaction must have a stored reason, or its account is in the trash.

    Other checks, which recompute from posted transactions, show that it counts nowhere.
    """
    found = Invariant("planned", "a planned line is a person's own, and posts on its day")
    planned = rows.filter(status=Transaction.Status.PLANNED)
    columns = planned.order_by("pk").values_list(
        *("pk", "account_id", "txn_date", "origin", "user__timezone"),
        *("deleted_at", "account__deleted_at", "unposted"),
    )
    waiting = _with_a_side_in_the_trash(planned)
    latest = local_date(EARLIEST_ZONE, at)
    for pk, account, on, origin, zone, deleted, closed, reason in counting(columns, found):
        problem = ""
        if origin in (Transaction.Origin.IMPORT, Transaction.Origin.SYNC):
            problem = "A bank transaction is planned."
        elif deleted or closed or reason or pk in waiting or on > latest:
            continue
        elif on + GRACE < local_date(zone, at):
            problem = "Its date has passed, but it is still planned."
        if problem:
            found.add(Violation("transactions.transaction", pk, problem, account, f"{on}"))
    return found


def _with_a_side_in_the_trash(planned: QuerySet[Transaction]) -> set[int]:
    pairs = Transfer.objects.filter(
        Q(outflow_transaction__account__deleted_at__isnull=False)
        | Q(inflow_transaction__account__deleted_at__isnull=False),
        outflow_transaction__in=planned.order_by().values("pk"),
    )
    sides = pairs.values_list("outflow_transaction_id", "inflow_transaction_id")
    return {pk for pair in sides for pk in pair}


def transfer_legs(rows: QuerySet[Transaction]) -> Invariant:
    """A confirmed transfer has either two live legs that cancel out, or none; both planned or
    neither.

    Between two currencies the legs only need opposite signs: they define the rate.
    """
    found = Invariant("transfers", "a confirmed transfer has two live legs that cancel, or none")
    pairs = Transfer.objects.filter(
        Q(outflow_transaction__in=rows.values("pk")) | Q(inflow_transaction__in=rows.values("pk")),
        status=Transfer.Status.CONFIRMED,
    )
    names = ("pk", "signed_amount", "currency", "status", "deleted_at", "account_id", "user_id")
    columns = pairs.order_by("pk").values_list(
        "pk",
        "user_id",
        *(f"outflow_transaction__{name}" for name in names),
        *(f"inflow_transaction__{name}" for name in names),
    )
    for pk, user_id, *sides in counting(columns, found):
        problem = _broken(user_id, tuple(sides[: len(names)]), tuple(sides[len(names) :]))
        if problem:
            found.add(Violation("transactions.transfer", pk, problem, sides[5]))
    return found


def _broken(user_id: int, outflow: tuple, inflow: tuple) -> str:
    """The problem with a pair of (pk, amount, currency, status, deleted, account, user), if any."""
    planned = Transaction.Status.PLANNED
    out_amount, in_amount = Decimal(outflow[1]), Decimal(inflow[1])
    if (outflow[4] is None) != (inflow[4] is None):
        return "One of its legs is in the trash."
    if not out_amount < 0 < in_amount:
        return "Its legs aren't one outflow and one inflow."
    if outflow[2] == inflow[2] and out_amount + in_amount != 0:
        return "Its legs don't cancel out."
    if (outflow[3] == planned) != (inflow[3] == planned):
        return "One leg is planned and the other is not."
    if {outflow[6], inflow[6]} != {user_id} or outflow[5] == inflow[5]:
        return "Its legs aren't on two of its owner's accounts."
    return ""
