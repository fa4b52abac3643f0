"""Complete an existing transaction with the bank's data for it.

Everything a person added stays: category, notes, tags, attachments, splits, the bill it paid and
its transfer. Old values are stored on a BankLine, so that the completion can be undone exactly.
Callers hold the account's lock and apply the returned sums to balance and totals.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from banking.kernel.bulk import batched, bulk_update
from banking.kernel.fields import folded_field
from banking.kernel.money import SMALLEST_STEP
from transactions.fingerprints import fingerprint
from transactions.models import (
    BankLine,
    ImportBatch,
    ReviewItem,
    Transaction,
    TransactionSplit,
    UnpostedReason,
)
from transactions.totals import SumsByKey, merge, sums_of_rows

ROWS_AT_ONCE = 1000
Origin, Status = Transaction.Origin, Transaction.Status
# The fields a completion may change, and the values derived from them.
FACTS = ("description", "merchant", "txn_date", "posted_date", "signed_amount", "status")
STORED = (*FACTS, "external_id", "fingerprint", "search_text", "merchant_key", "updated_at")


@dataclass(frozen=True, slots=True)
class Telling:
    """The bank's data for an existing transaction, and its source: a file, a sync or an answer."""

    transaction_id: int
    txn_date: date
    posted_date: date | None
    signed_amount: Decimal
    description: str
    merchant: str
    external_id: str
    is_pending: bool
    fingerprint: int
    import_batch: ImportBatch | None = None
    source: str = ""
    review_item: ReviewItem | None = None
    # The bank corrects its own booked line; the latest data wins.
    is_revision: bool = False


def complete(account: Account, tellings: Iterable[Telling], *, at: datetime) -> SumsByKey:
    """Complete existing transactions with the bank's data. Returns the change in totals."""
    moved: SumsByKey = {}
    for batch in batched(tellings, ROWS_AT_ONCE):
        moved = merge((moved, 1), (_complete_some(account, batch, at), 1))
    return moved


def _complete_some(account: Account, tellings: Sequence[Telling], at: datetime) -> SumsByKey:
    rows = Transaction.objects.in_bulk([telling.transaction_id for telling in tellings])
    taken = _ids_taken(account, tellings)
    reported = _reported(tellings)
    moved: SumsByKey = {}
    changed, lines = [], []
    for telling in tellings:
        row = rows.get(telling.transaction_id)
        if row is None or row.deleted_at is not None:
            continue
        before = _facts_of(row)
        old = sums_of_rows([row])
        _take_facts(row, telling, taken)
        after = _facts_of(row)
        if after != before:
            changed.append(row)
            if before["signed_amount"] != after["signed_amount"]:
                _move_split(row, row.signed_amount - Decimal(before["signed_amount"]))
            moved = merge((moved, 1), (sums_of_rows([row]), 1), (old, -1))
        is_known = (row.pk, telling.source, telling.external_id) in reported
        if _says_more(telling, row, before != after, is_known=is_known):
            lines.append(_bank_line(account, telling, row, before, after))
    bulk_update(Transaction, STORED, (_stored(row, at) for row in changed))
    BankLine.objects.bulk_create(lines)
    # A transaction the bank has booked no longer needs to post by itself.
    UnpostedReason.objects.filter(transaction__in=[row.pk for row in changed]).delete()
    return moved


def _ids_taken(account: Account, tellings: Sequence[Telling]) -> dict[str, int]:
    """Which of these IDs live transactions of the account already have. An ID is unique per
    account.
    """
    ids = {telling.external_id for telling in tellings} - {""}
    live = Transaction.objects.filter(account=account, deleted_at=None, external_id__in=ids)
    return dict(live.values_list("external_id", "pk"))


def _reported(tellings: Sequence[Telling]) -> set[tuple[int, str, str]]:
    """What syncs have reported of these transactions before: (transaction, source, ID)."""
    sources = {telling.source for telling in tellings} - {""}
    if not sources:
        return set()
    rows = [telling.transaction_id for telling in tellings]
    lines = BankLine.objects.filter(transaction__in=rows, source__in=sources)
    return set(lines.values_list("transaction_id", "source", "external_id"))


def _take_facts(row: Transaction, telling: Telling, taken: dict[str, int]) -> None:
    """Manual entries take the bank's text and dates. The bank's own transactions only fill
    in gaps.
    """
    if telling.is_pending and row.status == Status.POSTED:
        # An announcement decides nothing yet: the booked line will complete the person's entry.
        return
    is_booked = row.status != Status.POSTED and not telling.is_pending
    # A sync announces its own pending line anew.
    is_announced = row.status == Status.PENDING and row.is_bank_fact and bool(telling.source)
    if not row.is_bank_fact or is_booked or is_announced or telling.is_revision:
        row.description = telling.description
        row.txn_date = telling.txn_date
    row.posted_date = (telling.posted_date if is_booked else row.posted_date) or (
        telling.posted_date
    )
    row.merchant = row.merchant or telling.merchant
    is_asked = telling.review_item is not None or telling.is_revision
    is_open_amount = row.status != Status.POSTED or is_asked
    if is_open_amount and row.signed_amount != telling.signed_amount:
        row.signed_amount = telling.signed_amount.quantize(SMALLEST_STEP)
    if is_booked:
        row.status = Status.POSTED
    may_take_id = not row.external_id or is_booked or is_announced
    if telling.external_id and may_take_id and telling.external_id not in taken:
        taken.pop(row.external_id, None)
        row.external_id = telling.external_id
        taken[telling.external_id] = row.pk
    row.fingerprint = fingerprint(row.txn_date, row.signed_amount, row.currency, row.description)


def _says_more(telling: Telling, row: Transaction, is_changed: bool, *, is_known: bool) -> bool:
    """Whether this report must be stored, to recognize the transaction by it or to undo it."""
    if is_known and not is_changed:
        return False
    has_other_id = bool(telling.external_id) and telling.external_id != row.external_id
    has_other_words = telling.fingerprint != row.fingerprint
    return is_changed or has_other_id or has_other_words or bool(telling.source)


def _bank_line(
    account: Account,
    telling: Telling,
    row: Transaction,
    before: dict[str, Any],
    after: dict[str, Any],
) -> BankLine:
    return BankLine(
        transaction=row,
        account=account,
        import_batch=telling.import_batch,
        review_item=telling.review_item,
        source=telling.source,
        external_id=telling.external_id,
        fingerprint=telling.fingerprint,
        description=telling.description,
        is_pending=telling.is_pending,
        before={name: value for name, value in before.items() if after[name] != value},
        after={name: value for name, value in after.items() if before[name] != value},
    )


def _facts_of(row: Transaction) -> dict[str, Any]:
    """The fields a completion may change, as JSON."""
    facts = {name: getattr(row, name) for name in (*FACTS, "external_id")}
    return {name: None if value is None else str(value) for name, value in facts.items()}


def _stored(row: Transaction, at: datetime) -> list[Any]:
    row.updated_at = at
    for field in ("search_text", "merchant_key"):
        setattr(row, field, folded_field(Transaction, field).text_of(row))
    return [row.pk, *(getattr(row, name) for name in STORED)]


def _move_split(row: Transaction, difference: Decimal) -> None:
    """Adjust the largest split part by the change in the amount, so that the parts still add up."""
    if not row.is_split:
        return
    largest = max(row.splits.all(), key=lambda part: (abs(part.signed_amount), -part.pk))
    largest.signed_amount += difference
    TransactionSplit.objects.filter(pk=largest.pk).update(signed_amount=largest.signed_amount)


def take_back(lines: QuerySet[BankLine], *, at: datetime) -> SumsByKey:
    """Undo reports, latest first, and restore the transactions' previous values.

    Fields that have been changed since stay as they are. Returns the change in totals.
    """
    moved: SumsByKey = {}
    for batch in batched(lines.order_by("-pk").iterator(chunk_size=ROWS_AT_ONCE), ROWS_AT_ONCE):
        moved = merge((moved, 1), (_take_some_back(batch, at), 1))
    lines.delete()
    return moved


def _take_some_back(lines: list[BankLine], at: datetime) -> SumsByKey:
    rows = Transaction.objects.in_bulk([line.transaction_id for line in lines])
    changed: dict[int, Transaction] = {}
    moved: SumsByKey = {}
    for line in lines:
        row = rows.get(line.transaction_id)
        if row is None or not line.before:
            continue
        old = sums_of_rows([row])
        amount = row.signed_amount
        for name, value in _unchanged_since(line, row):
            field: Any = Transaction._meta.get_field(name)
            setattr(
                row, name, Decimal(value) if name == "signed_amount" else field.to_python(value)
            )
        if row.signed_amount != amount:
            _move_split(row, row.signed_amount - amount)
        row.fingerprint = fingerprint(
            row.txn_date, row.signed_amount, row.currency, row.description
        )
        changed[row.pk] = row
        moved = merge((moved, 1), (sums_of_rows([row]), 1), (old, -1))
    bulk_update(Transaction, STORED, (_stored(row, at) for row in changed.values()))
    return moved


def _unchanged_since(line: BankLine, row: Transaction) -> Iterator[tuple[str, Any]]:
    now = _facts_of(row)
    return ((name, value) for name, value in line.before.items() if now[name] == line.after[name])
