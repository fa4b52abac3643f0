"""Transactions of earlier files that a later file should list and does not.

The import's warnings name them. About a pending one there is also a question: it counts in no
balance, so the person may remove it or keep it waiting. Either answer can be undone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Min, QuerySet

from banking.kernel.money import plain_amount
from banking.kernel.narrowing import sure
from banking.limits import PENDING_DAYS_AFTER
from transactions.models import BankLine, ImportBatch, ImportRow, ReviewItem, Transaction
from transactions.models.reasons import OVERDUE, UNLISTED, reason_on
from transactions.services.import_verdicts import batches_of_this_kind, covered_days
from transactions.services.posting import delete_transactions, restore_transactions
from transactions.sources.files.notices import Notice, NoticeCode
from users.models import User

MOST_NAMED = 5
KEEP, REMOVE = "keep", "remove"
STATUS_OF = {KEEP: ReviewItem.Status.KEPT, REMOVE: ReviewItem.Status.REMOVED}
NOT_PENDING = "This transaction is no longer pending."


def notices_of(batch: ImportBatch, missing: Sequence[int]) -> list[Notice]:
    """What the import says about transactions that the file does not list: the posted ones
    (`missing`), and the pending ones.
    """
    posted = Transaction.objects.filter(pk__in=missing[:MOST_NAMED]).order_by("txn_date", "pk")
    notices = [_about(NoticeCode.NOT_LISTED, row) for row in posted]
    if len(missing) > MOST_NAMED:
        notices.append(Notice(NoticeCode.MORE_NOT_LISTED, {"count": len(missing) - MOST_NAMED}))
    left_out = _left_out(batch)
    dropped = [row for row, code in left_out if code == UNLISTED]
    overdue = [row for row, code in left_out if code == OVERDUE]
    notices += [_about(NoticeCode.PENDING_NOT_LISTED, row) for row in dropped[:MOST_NAMED]]
    if len(dropped) > MOST_NAMED:
        more = {"count": len(dropped) - MOST_NAMED}
        notices.append(Notice(NoticeCode.MORE_PENDING_NOT_LISTED, more))
    return notices + [_about(NoticeCode.STILL_PENDING, row) for row in overdue[:MOST_NAMED]]


def _about(code: NoticeCode, row: Transaction) -> Notice:
    amount = plain_amount(row.signed_amount, row.currency)
    values = {"description": row.description, "amount": amount, "currency": row.currency}
    return Notice(code, {**values, "on": row.txn_date.isoformat()})


def _left_out(
    batch: ImportBatch, among: QuerySet[Transaction] | None = None
) -> list[tuple[Transaction, str]]:
    """The pending transactions (`among` these) that this file should list, and why: its days
    include theirs and a file of its kind has announced them (UNLISTED), or they are so old that it
    should list them as posted by now, since a bank books or drops an announcement within two weeks
    (OVERDUE).
    """
    pending = _pending_before(batch)
    if among is not None:
        pending = pending.filter(pk__in=among)
    waiting = list(pending.order_by("txn_date", "pk"))
    if not waiting:
        return []
    covers = covered_days(batch)
    if covers is None:
        return []
    first, last = covers
    overdue_before = min(first, last - timedelta(days=PENDING_DAYS_AFTER))
    announced = _announced_by_its_kind(batch, waiting)
    found = []
    for row in waiting:
        if row.txn_date < overdue_before and row.origin == Transaction.Origin.IMPORT:
            found.append((row, OVERDUE))
        elif first <= row.txn_date <= last and row.pk in announced:
            found.append((row, UNLISTED))
    return found


def _pending_before(batch: ImportBatch) -> QuerySet[Transaction]:
    """The account's pending transactions that are none of this file's lines. Without those that
    another question is about, or that the person said to keep.
    """
    items = ReviewItem.objects.filter(account_id=batch.account_id)
    kept = items.filter(status=ReviewItem.Status.KEPT).exclude(unlisted=None)
    matched = ImportRow.objects.filter(batch=batch).exclude(match=None)
    asked = items.open().exclude(candidate=None)
    rows = Transaction.objects.filter(
        account_id=batch.account_id, deleted_at=None, status=Transaction.Status.PENDING
    )
    return (
        rows.exclude(import_batch=batch)
        .exclude(pk__in=matched.values("match"))
        .exclude(pk__in=asked.values("candidate"))
        .exclude(pk__in=kept.values("unlisted"))
    )


def _announced_by_its_kind(batch: ImportBatch, rows: Iterable[Transaction]) -> set[int]:
    """Which of these rows a file of the same kind has announced."""
    kind = set(batches_of_this_kind(batch))
    lines = BankLine.objects.filter(account_id=batch.account_id, import_batch__in=kind)
    reported = set(lines.values_list("transaction_id", flat=True)) if kind else set()
    return {row.pk for row in rows if row.import_batch_id in kind or row.pk in reported}


def ask_about_pending(batch: ImportBatch, *, among: QuerySet[Transaction] | None = None) -> None:
    """Ask about the pending transactions (`among` these) that a confirmed file does not list, and
    withdraw the question where it lists one again. The caller holds the account's lock.
    """
    asked = ReviewItem.objects.open().filter(account_id=batch.account_id).exclude(unlisted=None)
    if among is not None:
        asked = asked.filter(unlisted__in=among)
    matched = ImportRow.objects.filter(batch=batch, match__in=asked.values("unlisted"))
    asked.filter(unlisted__in=list(matched.values_list("match_id", flat=True))).delete()
    known = set(asked.values_list("unlisted_id", flat=True))
    ReviewItem.objects.bulk_create(
        _question(batch, row, code) for row, code in _left_out(batch, among) if row.pk not in known
    )


def ask_about_freed_pending(row: Transaction) -> None:
    """Ask about a pending transaction that a question kept back until now, if a file that came
    after its own should list it and does not. The caller holds the account's lock.
    """
    if row.status == Transaction.Status.PENDING and row.deleted_at is None:
        own = row.import_batch
        since = own.confirmed_at if own and own.confirmed_at else row.created_at
        among = Transaction.objects.filter(pk=row.pk)
        _ask_by_files_since(since, among, account_id=row.account_id)


def ask_again_about_pending(batch: ImportBatch) -> None:
    """Ask again about the pending transactions that an import being undone had listed, if another
    file does not list them. The caller holds the account's lock.
    """
    lines = ImportRow.objects.filter(batch=batch).exclude(match=None)
    listed = Transaction.objects.filter(
        pk__in=lines.values("match"), deleted_at=None, status=Transaction.Status.PENDING
    )
    since = listed.aggregate(first=Min("created_at"))["first"]
    if since is not None:
        _ask_by_files_since(since, listed, account_id=batch.account_id, apart_from=batch.pk)


def _ask_by_files_since(
    since: datetime,
    among: QuerySet[Transaction],
    *,
    account_id: int,
    apart_from: int | None = None,
) -> None:
    """Ask as each file did in its turn: a later one may list what an earlier one does not."""
    files = ImportBatch.objects.filter(
        account=account_id, status=ImportBatch.Status.DONE, confirmed_at__gt=since
    )
    for file in files.order_by("confirmed_at", "pk"):
        if file.pk != apart_from:
            ask_about_pending(file, among=among)


_FROM_LINE = (
    *("user_id", "account_id", "txn_date", "posted_date", "signed_amount", "currency"),
    *("description", "merchant", "external_id", "fingerprint"),
)


def _question(batch: ImportBatch, row: Transaction, code: str) -> ReviewItem:
    return ReviewItem(
        unlisted=row,
        unlisted_in=batch,
        is_pending=True,
        reason=reason_on(code, row.txn_date),
        **{name: getattr(row, name) for name in _FROM_LINE},
    )


def answer_unlisted(actor: User, item: ReviewItem, decision: str) -> None:
    """Set the answer "keep" or "remove" on a locked question. "remove" moves the transaction to the
    trash. Raises ValidationError if it is no longer pending, or cannot be deleted.
    """
    row = sure(item.unlisted)
    if row.deleted_at is not None or row.status != Transaction.Status.PENDING:
        raise ValidationError(NOT_PENDING)
    if decision == REMOVE:
        delete_transactions(actor=actor, rows=Transaction.objects.filter(pk=row.pk))
    item.status = STATUS_OF[decision]


def undo_unlisted(actor: User, item: ReviewItem) -> None:
    """Restore the transaction that the answer removed. Raises ValidationError if a later import
    has added it again.
    """
    if item.status == ReviewItem.Status.REMOVED:
        restore_transactions(
            actor=actor, rows=Transaction.objects.filter(pk=sure(item.unlisted_id))
        )
