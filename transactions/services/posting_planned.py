"""Planned transactions: entries with a future date, posted when their date comes.

Only the date decides whether an entry is planned, whoever enters or changes it. Transactions from
the bank are posted as the bank says. A job posts each planned transaction once, on its date in the
owner's time zone.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.services import lock_accounts, refuse_overdraft
from banking.kernel.commands import command
from banking.kernel.money import plain_amount
from banking.kernel.sentences import refusal_parts, stored
from transactions.models import Transaction, UnpostedReason
from transactions.services.posting import book
from transactions.services.posting_checks import refuse_closed
from transactions.services.transfer_sides import with_partners
from transactions.services.transfers import suggest_transfers_with
from transactions.totals import net_by_account, sums_of_rows
from users.audit import trail
from users.timezones import EARLIEST_ZONE, local_date

# A later pass may be able to cover an expense with money that an earlier pass posted.
PASSES = 2


def post_planned(*, at: datetime) -> dict[str, int]:
    """Post every planned transaction that is due. Returns how many were posted and how many were
    not.

    Late, repeated and concurrent runs post each only once. On one day, money in comes first.
    Transactions on an account in the trash wait until the account is restored.
    """
    counts = {"posted": 0, "waiting": 0}
    for _ in range(PASSES):
        outcomes = [post_if_due(pk=pk, at=at) for pk in list(_due(at))]
        counts["posted"] += outcomes.count("posted")
        counts["waiting"] = outcomes.count("waiting")
        if not counts["waiting"]:
            break
    return counts


def _due(at: datetime) -> Iterable[int]:
    rows = Transaction.objects.live().planned().filter(txn_date__lte=local_date(EARLIEST_ZONE, at))
    found = rows.order_by("txn_date", "-signed_amount", "pk")
    for pk, on, zone in found.values_list("pk", "txn_date", "user__timezone"):
        if on <= local_date(zone, at):
            yield pk


@command
def post_if_due(*, pk: int, at: datetime) -> str:
    """Post one planned transaction together with the other side of its transfer.

    Returns "posted"; "waiting" if its account lacks the money or is closed, with the reason stored;
    or "" if there is nothing left to post.
    """
    found = with_partners(Transaction.objects.filter(pk=pk))
    accounts = lock_accounts(found.order_by().values_list("account_id", flat=True))
    locked = Transaction.objects.select_for_update(of=("self",)).filter(
        pk__in=list(found.values_list("pk", flat=True)), account__in=accounts
    )
    rows = list(locked.live().planned().select_related("user").order_by("pk"))
    if len(rows) != found.count() or not rows:
        return ""
    today = local_date(rows[0].user.timezone, at)
    if any(row.txn_date > today for row in rows):
        return ""
    for row in rows:
        row.status = Transaction.Status.POSTED
    delta = sums_of_rows(rows)
    try:
        for account_id, change in net_by_account(delta).items():
            refuse_closed(accounts[account_id])
            refuse_overdraft(accounts[account_id], change)
    except ValidationError as error:
        _keep_reason(rows, error, today)
        return "waiting"
    ids = [row.pk for row in rows]
    Transaction.objects.filter(pk__in=ids).update(
        status=Transaction.Status.POSTED, updated_at=timezone.now()
    )
    UnpostedReason.objects.filter(transaction__in=ids).delete()
    book(accounts, delta)
    for row in rows:
        _record(row, "transactions.transaction.posted")
        suggest_transfers_with(row)
    return "posted"


def _keep_reason(rows: list[Transaction], error: ValidationError, today: date) -> None:
    reason = stored(refusal_parts(error), 300)
    for row in rows:
        _, is_new = UnpostedReason.objects.update_or_create(
            transaction=row,
            defaults={"reason": reason},
            create_defaults={"reason": reason, "tried_on": today},
        )
        if is_new:
            sentence = " ".join(error.messages)
            _record(row, "transactions.transaction.not_posted", reason=sentence)


def _record(row: Transaction, action: str, **details: Any) -> None:
    trail.record(
        actor=None,
        action=action,
        target=row,
        account=row.account_id,
        amount=plain_amount(row.signed_amount, row.currency),
        currency=row.currency,
        txn_date=row.txn_date,
        **details,
    )
