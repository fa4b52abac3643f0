"""Ask the owner whether a line is an existing payment.

`reviewing` takes the answers. An open question keeps a line from a file or sync out of the ledger;
a manual entry is already in it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Cast

from accounts.models import Account
from banking.kernel.money import to_units
from banking.kernel.narrowing import sure
from banking.kernel.written_once import WrittenOnce
from banking.limits import MATCH_WITHIN_DAYS, PENDING_DAYS_AFTER, PENDING_DAYS_BEFORE
from transactions.holds import held_in
from transactions.matching.lines import HAND, Held, Incoming, Knowledge, Text, Verdict
from transactions.matching.matcher import match
from transactions.matching.reading import (
    Kind,
    Ledger,
    knowledge_of,
    read_ledger,
    span_near,
    texts_of_held,
)
from transactions.matching.words import SURELY, agreement
from transactions.models import BankLine, ImportBatch, ImportRow, ReviewItem, Transaction
from transactions.models.reasons import ALREADY_THERE, reason_on
from users.models import User


def open_review(
    *, account: Account, candidate_id: int | None, reason: str, **line: Any
) -> ReviewItem:
    """An unsaved question about a line; `line` holds the item's own fields."""
    candidate = Transaction.objects.filter(pk=candidate_id).first() if candidate_id else None
    return ReviewItem(
        user_id=account.user_id,
        account=account,
        currency=account.currency,
        candidate=candidate,
        candidate_description=candidate.description if candidate else "",
        reason=reason,
        **line,
    )


_STAYING = (Transaction.Origin.BILL, Transaction.Origin.TRANSFER)


def must_stay(row: Transaction) -> bool:
    """Whether a transaction must be kept: it paid a bill or belongs to a transfer made here."""
    if row.origin in _STAYING:
        return True
    return bool(held_in(Transaction.objects.filter(pk=row.pk)))


# Under this key of `undo`: which candidates an import settled, by the import's id.
SETTLED_BY = "settled_by"
_ENTERED = (Transaction.Origin.MANUAL, Transaction.Origin.BILL, Transaction.Origin.TRANSFER)
_FROM_ENTRY = (
    *("txn_date", "posted_date", "signed_amount", "description", "merchant"),
    *("category_id", "category_source", "notes", "fingerprint"),
)


def ask_about_entry(
    row: Transaction, *, among: QuerySet[Transaction] | None = None
) -> ReviewItem | None:
    """Ask whether this entry duplicates another transaction in the account (from `among`).

    Two manual entries are never asked about, nor two of which both must stay. The caller holds the
    account's lock.
    """
    candidate = _twin_of(row, among=among)
    if candidate is None:
        return None
    review = open_review(
        account=row.account,
        candidate_id=candidate.pk,
        reason=reason_on(ALREADY_THERE, candidate.txn_date),
        entered=row,
        **{name: getattr(row, name) for name in _FROM_ENTRY},
    )
    review.save(force_insert=True)
    return review


def ask_entries_about(row: Transaction) -> None:
    """Ask whether one of the entries that nobody is asked about is this transaction, which another
    entry was told apart from. A line of the bank may be asked about it besides.
    """
    within = timedelta(days=MATCH_WITHIN_DAYS)
    asked = ReviewItem.objects.open().filter(account=row.account_id)
    compared = asked.filter(candidate=row).exclude(entered=None)
    if row.deleted_at is not None or compared.exists():
        return
    entries = Transaction.objects.filter(
        account=row.account_id,
        deleted_at=None,
        signed_amount=row.signed_amount,
        txn_date__range=(row.txn_date - within, row.txn_date + within),
        origin__in=_ENTERED,
    ).exclude(pk=row.pk)
    told = BankLine.objects.filter(account=row.account_id, is_pending=False)
    free = entries.exclude(pk__in=told.values("transaction"))
    for column in ("entered", "candidate"):
        free = free.exclude(pk__in=asked.exclude(**{column: None}).values(column))
    for entry in free.select_related("account").order_by("pk"):
        if ask_about_entry(entry, among=Transaction.objects.filter(pk=row.pk)):
            return


def ask_again_about_entry(row: Transaction) -> ReviewItem | None:
    """Ask about an entry as it is after an edit. An open question about what it was before is
    withdrawn, or becomes the new one. Returns a question that was not asked before.
    """
    asked = ReviewItem.objects.open().filter(entered=row).first()
    if asked is None:
        return ask_about_entry(row)
    before = asked.candidate_id
    for name in _FROM_ENTRY:
        setattr(asked, name, getattr(row, name))
    asked.account = row.account
    ask_on_about_entry(asked, row)
    if asked.status == ReviewItem.Status.OPEN:
        asked.save()
        return asked if asked.candidate_id != before else None
    if asked.told_apart:
        asked.save()
    else:
        asked.delete()
    return None


def ask_on_about_entry(item: ReviewItem, row: Transaction) -> None:
    """Ask about the next transaction the entry may be, or settle that it is one of its own."""
    candidate = _twin_of(row, apart_from=item.told_apart, even_asked=True)
    if candidate is None:
        item.status = ReviewItem.Status.DIFFERENT
        return
    _ask_whether_same(item, candidate)


def _ask_whether_same(item: ReviewItem, candidate: Transaction) -> None:
    item.candidate, item.candidate_description = candidate, candidate.description
    item.reason = reason_on(ALREADY_THERE, candidate.txn_date)


def ask_on_if_listed(questions: Iterable[ReviewItem], at: datetime) -> None:
    """Settle questions about an entry and a transaction that one list now has beside each other,
    and ask on about both.
    """
    for asked in questions:
        entered = sure(asked.entered)
        if asked.candidate_id and listed_beside(entered, [asked.candidate_id]):
            _ask_on_apart(asked, at)


def ask_on_about_listed(
    account: Account, listed: QuerySet[Any, Any], at: datetime, *, by: ImportBatch | None = None
) -> None:
    """Settle questions about an entry and a transaction that are both `listed` (ids of what one
    file or bank has as booked), and ask on about both. `by` is the file's import, whose undoing
    asks them again. The caller holds the account's lock.
    """
    asked = ReviewItem.objects.open().filter(account=account, entered__in=listed)
    # The next one that an entry may be is often in the list too.
    while waiting := list(asked.filter(candidate__in=listed).order_by("pk")):
        for item in waiting:
            if by is not None:
                settled = item.undo.setdefault(SETTLED_BY, {}).setdefault(str(by.pk), [])
                settled.append(item.candidate_id)
            _ask_on_apart(item, at)


def ask_again_settled_by(batch: ImportBatch) -> None:
    """Ask again what this import settled by listing both, now that it is being undone: what a
    person ruled out stays so. The caller holds the account's lock.
    """
    settled = ReviewItem.objects.filter(
        account=batch.account_id,
        status__in=(ReviewItem.Status.OPEN, ReviewItem.Status.DIFFERENT),
        entered__deleted_at=None,
        **{f"undo__{SETTLED_BY}__has_key": str(batch.pk)},
    )
    for item in settled.select_related("entered__account").order_by("pk"):
        apart = item.undo[SETTLED_BY].pop(str(batch.pk))
        item.told_apart = [pk for pk in item.told_apart if pk not in apart]
        item.status, item.decided_by, item.decided_at = ReviewItem.Status.OPEN, None, None
        there = Transaction.objects.filter(deleted_at=None).in_bulk(apart)
        if there:
            _ask_whether_same(item, next(there[pk] for pk in apart if pk in there))
        else:
            ask_on_about_entry(item, sure(item.entered))
        item.save()


def _ask_on_apart(item: ReviewItem, at: datetime) -> None:
    """A list has a payment once, so these are two: ask what else each may be."""
    freed = sure(item.candidate)
    item.told_apart = [*item.told_apart, freed.pk]
    ask_on_about_entry(item, sure(item.entered))
    if item.status != ReviewItem.Status.OPEN:
        item.decided_at = at
    item.save()
    ask_entries_about(freed)


def _twin_of(
    row: Transaction,
    *,
    among: QuerySet[Transaction] | None = None,
    apart_from: Collection[int] = (),
    even_asked: bool = False,
) -> Transaction | None:
    """The transaction that an entry most probably repeats, if need be (`even_asked`) one that
    another question is about.
    """
    possible = _equal_to(row, among)
    if not possible:
        return None
    asked = ReviewItem.objects.open().filter(account=row.account_id).exclude(entered=None)
    asked = asked.none() if even_asked else asked.exclude(entered=row)
    ledger = read_ledger(
        row.account_id,
        first=row.txn_date,
        last=row.txn_date,
        external_ids=(),
        kind=Kind(),
        apart_from={row.pk, *apart_from, *asked.values_list("candidate", flat=True)},
    )
    is_typed = row.origin == Transaction.Origin.MANUAL
    # Also of one day in the same words, which no answer keeps apart in a file.
    knowledge = knowledge_of(row.account_id, on=row.txn_date, covers=None, entry=row.pk)
    entry = _as_incoming(row)
    held = [
        line
        for line in ledger.held
        if line.pk in possible
        and not (is_typed and line.source == HAND)
        and not knowledge.keeps_apart(entry, line)
    ]
    if not held:
        return None
    verdict = _judged(row, held, ledger, knowledge)
    return Transaction.objects.get(pk=verdict.held) if verdict.held is not None else None


def _equal_to(row: Transaction, among: QuerySet[Transaction] | None) -> set[int]:
    """The other transactions of this amount near its day that may be the same payment: not those
    that must stay if this one must, nor those beside it in a list.
    """
    span = span_near(row.txn_date, row.txn_date)
    origins = dict(_EQUAL.rows(row.account_id, to_units(row.signed_amount), *span))
    equal = origins.keys() - {row.pk}
    if equal and among is not None:
        equal = set(among.filter(pk__in=equal).values_list("pk", flat=True))
    if equal and must_stay(row):
        equal = {pk for pk in equal if origins[pk] not in _STAYING}
        equal -= held_in(Transaction.objects.filter(pk__in=equal))
    return equal - listed_beside(row, equal)


_EQUAL = WrittenOnce(
    lambda account_id, units, first, last: (
        Transaction.objects.alias(units=Cast("signed_amount", BigIntegerField()))
        .filter(account=account_id, deleted_at=None, units=units)
        .filter(txn_date__gte=first, txn_date__lte=last)
        .order_by()
        .values_list("pk", "origin")
    )
)


def listed_beside(row: Transaction, pks: Collection[int]) -> set[int]:
    """Which of these transactions are in a file or at a bank that also lists this one: it lists a
    payment once.
    """
    if not pks:
        return set()
    told = row.bank_lines.filter(is_pending=False)
    batches = {*told.values_list("import_batch", flat=True), row.import_batch_id} - {None}
    sources = {*told.values_list("source", flat=True)} - {""}
    if not (batches or sources):
        return set()
    booked = BankLine.objects.filter(transaction__in=pks, is_pending=False)
    lines = booked.filter(Q(import_batch__in=batches) | Q(source__in=sources))
    added = Transaction.objects.filter(pk__in=pks, import_batch__in=batches)
    return {*lines.values_list("transaction_id", flat=True), *added.values_list("pk", flat=True)}


def _as_incoming(row: Transaction) -> Incoming:
    units, day = to_units(row.signed_amount), row.txn_date.toordinal()
    return Incoming(row.pk, units, day, row.fingerprint)


def _judged(row: Transaction, held: list[Held], ledger: Ledger, knowledge: Knowledge) -> Verdict:
    matching = match(
        [_as_incoming(row)],
        held,
        aliases=ledger.aliases,
        texts_of_incoming=lambda keys: {key: Text(row.description, row.merchant) for key in keys},
        texts_of_held=texts_of_held,
        knowledge=knowledge,
    )
    return matching.verdicts[row.pk]


def taken_by_its_file(item: ReviewItem, pks: list[int]) -> set[int]:
    """Which of these transactions other lines of the same file are. A file lists a payment once."""
    if item.import_row is None:
        return set()
    batch = item.import_row.batch_id
    settled = (ImportRow.Verdict.DUPLICATE, ImportRow.Verdict.ADDED)
    lines = ImportRow.objects.filter(batch=batch, verdict__in=settled, match__in=pks)
    added = Transaction.objects.filter(pk__in=pks, import_batch=batch)
    # And an entry that an answer made one of the file's lines.
    told = BankLine.objects.filter(transaction__in=pks, import_batch=batch, is_pending=False)
    found = (
        lines.values_list("match_id"),
        added.values_list("pk"),
        told.values_list("transaction_id"),
    )
    return {pk for rows in found for (pk,) in rows}


def are_of_one_list(item: ReviewItem, other: ReviewItem) -> bool:
    """Whether one file or one bank lists both lines, so that they are two payments. Under one ID,
    they are one that the bank has booked since.
    """
    if item.import_row is not None and other.import_row is not None:
        return item.import_row.batch_id == other.import_row.batch_id
    is_one_line = item.external_id == other.external_id
    return bool(item.source) and item.source == other.source and not is_one_line


def announces(item: ReviewItem, booked: ReviewItem) -> bool:
    """Whether a waiting line announced what another list's waiting line says is booked."""
    is_booking = booked.entered_id is None and not booked.is_pending
    if not (item.is_pending and is_booking) or are_of_one_list(item, booked):
        return False
    gap = (booked.txn_date - item.txn_date).days
    is_near = -PENDING_DAYS_BEFORE <= gap <= PENDING_DAYS_AFTER
    is_equal = item.signed_amount == booked.signed_amount
    return is_near and is_equal and agreement(item.description, booked.description) == SURELY


def close_reviews_of(batch: ImportBatch) -> None:
    """Close the open questions of an import that is being reverted."""
    raised = Q(import_row__batch=batch) | Q(unlisted_in=batch)
    ReviewItem.objects.open().filter(raised).delete()
    asked = ImportRow.objects.filter(batch=batch, verdict=ImportRow.Verdict.REVIEW)
    asked.update(verdict=ImportRow.Verdict.SKIPPED)


def ask_about_rows(batch: ImportBatch, *, actor: User | None, at: datetime) -> None:
    """Ask about the rows of an import that need review, and store answers given before it was
    confirmed, so that the next file does not ask again.
    """
    rows = ImportRow.objects.filter(batch=batch)
    asked = rows.filter(verdict=ImportRow.Verdict.REVIEW)
    answered = rows.filter(verdict=ImportRow.Verdict.DUPLICATE, is_chosen=True)
    for questions, state in (
        (asked, {}),
        (answered, {"status": ReviewItem.Status.SAME, "decided_by": actor, "decided_at": at}),
    ):
        held = Transaction.objects.filter(pk__in=questions.values("match")).in_bulk()
        items = [_item_of(batch, row, held, state) for row in questions.order_by("pk")]
        ReviewItem.objects.bulk_create(items, batch_size=500)


def _item_of(
    batch: ImportBatch, row: ImportRow, held: Mapping[int, Transaction], state: Mapping[str, Any]
) -> ReviewItem:
    candidate = None if row.match_id is None else held.get(row.match_id)
    return ReviewItem(
        user_id=batch.user_id,
        account_id=batch.account_id,
        import_row=row,
        candidate=candidate,
        candidate_description=candidate.description if candidate else "",
        reason=row.error,
        **{name: getattr(row, name) for name in _FROM_ROW},
        **state,
    )


_FROM_ROW = (
    *("txn_date", "posted_date", "signed_amount", "currency", "description", "merchant"),
    *("external_id", "category_id", "category_source", "notes", "is_pending", "fingerprint"),
)
