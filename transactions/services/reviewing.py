"""Answer whether a line is an existing payment (same or different), and undo the answer.

A line from a file or sync waits outside the ledger. "Same" completes the candidate; "different"
posts the line, unless another transaction matches, which is then asked about. A manual entry is
already in the ledger: "same" moves one of the two to the trash and gives the other what a person
added to it; "different" asks about the next one it may be. `review_questions` asks.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.models import Account
from accounts.services import lock_accounts
from banking.kernel.commands import command
from banking.kernel.money import to_units
from banking.kernel.narrowing import sure
from banking.limits import ANSWERS_AT_ONCE, MATCH_WITHIN_DAYS
from transactions.matching.lines import SAME, Incoming, Text, Verdict
from transactions.matching.matcher import match
from transactions.matching.reading import Kind, knowledge_of, read_ledger, texts_of_held
from transactions.models import (
    BankLine,
    CategoryChange,
    ImportBatch,
    ImportRow,
    ReviewItem,
    Transaction,
)
from transactions.models.reasons import ANSWERED_SAME, LEFT_OUT, LIKE_ASKED
from transactions.models.reviews import ReviewItemQuerySet
from transactions.services.completing import Telling, complete, take_back
from transactions.services.import_details import give_details_of
from transactions.services.import_verdicts import batches_of_this_kind
from transactions.services.importing import batch_with_account, count_verdicts
from transactions.services.merging_entries import GONE, merge_entered, part_again
from transactions.services.posting import book
from transactions.services.review_questions import (
    SETTLED_BY,
    announces,
    are_of_one_list,
    ask_about_entry,
    ask_entries_about,
    ask_on_about_entry,
    ask_on_if_listed,
    taken_by_its_file,
)
from transactions.services.transfers import suggest_transfers_with
from transactions.services.unlisted_lines import (
    STATUS_OF,
    answer_unlisted,
    ask_about_freed_pending,
    undo_unlisted,
)
from transactions.totals import SumsByKey, merge, net_by_account, sums_of_rows
from users.audit import trail
from users.models import User

Status = ReviewItem.Status
ANSWERS = (Status.SAME.value, Status.DIFFERENT.value)
EVERY_ANSWER = (*ANSWERS, *STATUS_OF)


@command
def decide(*, actor: User, item: ReviewItem, decision: str, at: datetime) -> ReviewItem:
    """Answer an open question: "same" or "different", or about a pending transaction that the bank
    no longer lists "keep" or "remove". An answered one stays as it is.

    Raises ValidationError for any other answer, and if the candidate no longer exists.
    """
    _refuse_other_answers(item, decision)
    accounts = lock_accounts([item.account_id])
    item = ReviewItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if item.status != Status.OPEN:
        return item
    account = accounts[item.account_id]
    same = decision == Status.SAME
    before = item.candidate
    if item.unlisted_id:
        answer_unlisted(actor, item, decision)
    else:
        change = _same if same else _different
        _book_of(item, accounts, change(actor, account, item, at))
    if item.status != Status.OPEN:
        item.decided_by, item.decided_at = actor, at
    item.save()
    _ask_on(actor, accounts, item, before, at)
    if item.posted:
        suggest_transfers_with(item.posted)
    trail.record(
        actor=actor,
        action="transactions.review.decided",
        target=item,
        decision=decision,
        candidate=item.candidate_id,
    )
    return item


def _refuse_other_answers(item: ReviewItem, decision: str) -> None:
    if item.unlisted_id and decision not in STATUS_OF:
        raise ValidationError({"decision": "Answer “keep” or “remove”."})
    if not item.unlisted_id and decision not in ANSWERS:
        raise ValidationError({"decision": "Answer “same” or “different”."})


def _ask_on(
    actor: User,
    accounts: Mapping[int, Account],
    item: ReviewItem,
    before: Transaction | None,
    at: datetime,
) -> None:
    """Ask what the answer opens or settles of other questions. `before` is the candidate that it is
    about.
    """
    if item.status == Status.SAME and item.candidate_id:
        _look_again_at_rivals(actor, accounts, item, at)
    if before is not None and before.pk in item.told_apart:
        _ask_about_told_apart(item, before)
    if item.status != Status.OPEN and not item.entered_id:
        _ask_about_likes(accounts[item.account_id], item, at)


def decide_all(
    *, actor: User, items: ReviewItemQuerySet, decision: str, at: datetime
) -> tuple[int, list[str]]:
    """Give up to ANSWERS_AT_ONCE of the open questions that take this answer the same one. Returns
    how many, and why others failed.
    """
    count, refused = 0, []
    taking = items.open().filter(unlisted__isnull=decision not in STATUS_OF)
    for item in taking.order_by("pk")[:ANSWERS_AT_ONCE]:
        try:
            decide(actor=actor, item=item, decision=decision, at=at)
            count += 1
        except ValidationError as error:
            refused += error.messages
    return count, refused


def _same(actor: User, account: Account, item: ReviewItem, at: datetime) -> SumsByKey:
    item.status = Status.SAME
    if item.entered_id:
        return merge_entered(actor, account, item, at)
    if item.candidate is None:
        # A line with an odd date or a twin: the answer means that it is not added.
        _settle_row(item, ImportRow.Verdict.SKIPPED, LEFT_OUT, None)
        return {}
    if item.candidate.deleted_at is not None:
        raise ValidationError(GONE)
    _settle_row(item, ImportRow.Verdict.DUPLICATE, ANSWERED_SAME, item.candidate_id)
    return complete(account, [_telling(item)], at=at)


def _telling(item: ReviewItem) -> Telling:
    row = item.import_row
    return Telling(
        transaction_id=sure(item.candidate_id),
        txn_date=item.txn_date,
        posted_date=item.posted_date,
        signed_amount=item.signed_amount,
        description=item.description,
        merchant=item.merchant,
        external_id=item.external_id,
        is_pending=item.is_pending,
        fingerprint=item.fingerprint,
        import_batch=row.batch if row else None,
        source=item.source,
        review_item=item,
    )


def _different(actor: User, account: Account, item: ReviewItem, at: datetime) -> SumsByKey:
    if item.candidate_id:
        item.told_apart = [*item.told_apart, item.candidate_id]
    if item.entered is not None:
        ask_on_about_entry(item, item.entered)
        return {}
    return _ask_on_or_post(actor, account, item, at)


def _ask_on_or_post(actor: User, account: Account, item: ReviewItem, at: datetime) -> SumsByKey:
    """Ask about the next matching transaction, or post the line if there is none. A pending line
    that is booked already needs no question.
    """
    if item.candidate_id:
        verdict = _verdict_on(account, item, at)
        if verdict.held is not None:
            _ask_about(item, verdict)
            # Which booked line a pending one announced matters little: it is in no balance.
            is_settled = item.is_pending and verdict.kind == SAME
            return _same(actor, account, item, at) if is_settled else {}
    item.status = Status.DIFFERENT
    item.posted = _post(actor, account, item)
    _settle_row(item, ImportRow.Verdict.ADDED, "", None)
    ask_about_freed_pending(item.posted)
    return sums_of_rows([item.posted])


def _ask_about(item: ReviewItem, verdict: Verdict) -> None:
    item.candidate = Transaction.objects.get(pk=sure(verdict.held))
    item.candidate_description = item.candidate.description
    item.reason = verdict.reason
    _settle_row(item, ImportRow.Verdict.REVIEW, item.reason, item.candidate_id)


def _verdict_on(account: Account, item: ReviewItem, at: datetime) -> Verdict:
    """The matcher's current verdict on the line, without candidates that were ruled out.

    What another open question is about comes last, since that one may be answered "same".
    """
    ruled_out = {*item.told_apart, item.candidate_id} - {None}
    others = ReviewItem.objects.open().filter(account=account).exclude(pk=item.pk)
    asked = set(others.exclude(candidate=None).values_list("candidate_id", flat=True))
    verdict = _verdict_apart_from(ruled_out | asked, account, item, at)
    if verdict.held is None and asked:
        verdict = _verdict_apart_from(ruled_out, account, item, at)
    return verdict


def _verdict_apart_from(pks: set[int], account: Account, item: ReviewItem, at: datetime) -> Verdict:
    row = item.import_row
    kind = Kind(frozenset(batches_of_this_kind(row.batch)) if row else frozenset(), item.source)
    ledger = read_ledger(
        account.pk,
        first=item.txn_date,
        last=item.txn_date,
        external_ids=[item.external_id],
        kind=kind,
        apart_from=pks,
    )
    line = Incoming(
        item.pk,
        to_units(item.signed_amount),
        item.txn_date.toordinal(),
        item.fingerprint,
        item.external_id,
        item.is_pending,
    )
    held = [known for known in ledger.held if known.pk > 0]
    taken = taken_by_its_file(item, [known.pk for known in held if known.units == line.units])
    matching = match(
        [line],
        [known for known in held if known.pk not in taken],
        aliases=ledger.aliases,
        texts_of_incoming=lambda keys: {key: Text(item.description, item.merchant) for key in keys},
        texts_of_held=texts_of_held,
        knowledge=knowledge_of(
            account.pk, on=at.date(), covers=None, ids_are_reliable=bool(item.source)
        ),
    )
    return matching.verdicts[item.pk]


def _post(actor: User, account: Account, item: ReviewItem) -> Transaction:
    """Post the line as its own transaction. Bank data is not subject to the balance limit."""
    origin, status = Transaction.Origin, Transaction.Status
    live = Transaction.objects.filter(account=account, deleted_at=None)
    is_taken = live.filter(external_id=item.external_id).exclude(external_id="").exists()
    row = Transaction.objects.create(
        user_id=account.user_id,
        account=account,
        description=item.description,
        merchant=item.merchant,
        category_id=item.category_id,
        category_source=item.category_source,
        signed_amount=item.signed_amount,
        currency=item.currency,
        txn_date=item.txn_date,
        posted_date=item.posted_date,
        status=status.PENDING if item.is_pending else status.POSTED,
        notes=item.notes,
        origin=origin.IMPORT if item.import_row_id else origin.SYNC,
        external_id="" if is_taken else item.external_id,
        fingerprint=item.fingerprint,
        import_batch=sure(item.import_row).batch if item.import_row_id else None,
    )
    if item.import_row and item.import_row.details:
        row = give_details_of(row, item.import_row.details)
    if row.category_id:
        by, is_learned = CategoryChange.By, row.category_source == "learned"
        CategoryChange.objects.create(
            transaction=row,
            to_category_id=row.category_id,
            by=by.LEARNED if is_learned else by.IMPORT,
            actor=actor,
        )
    if item.source:
        BankLine.objects.create(
            transaction=row,
            account=account,
            review_item=item,
            source=item.source,
            external_id=item.external_id,
            fingerprint=item.fingerprint,
            description=item.description,
            is_pending=item.is_pending,
        )
    return row


def _settle_row(item: ReviewItem, verdict: str, error: str, match_id: int | None) -> None:
    if item.import_row_id:
        ImportRow.objects.filter(pk=item.import_row_id).update(
            verdict=verdict, error=error, match=match_id
        )


def _book_of(item: ReviewItem, accounts: Mapping[int, Account], moved: SumsByKey) -> None:
    """Book what an answer changes, and bring the receipt of the import that asked up to date: its
    balance moves with its net.
    """
    book(accounts, moved)
    if item.import_row_id:
        batch = batch_with_account(sure(item.import_row).batch_id, lock=True)
        if batch.balance_after is not None:
            batch.balance_after += sum(net_by_account(moved).values(), Decimal(0))
        count_verdicts(batch)


def _look_again_at_rivals(
    actor: User, accounts: Mapping[int, Account], item: ReviewItem, at: datetime
) -> None:
    """Check other lines with the same candidate again, if it is now taken: a file lists a payment
    once. About lines of other files the question stays, since they may list the same payment.
    """
    # Of an entry and what it was, either may be in the ledger from now on.
    taken_now = [pk for pk in (item.candidate_id, item.entered_id) if pk is not None]
    rivals = ReviewItem.objects.open().filter(candidate__in=taken_now, entered=None)
    for rival in rivals.order_by("pk"):
        taken = taken_by_its_file(rival, [sure(rival.candidate_id)])
        if announces(rival, item):
            change = _same
        elif taken or are_of_one_list(item, rival):
            change = _ask_on_or_post
        else:
            continue
        account = accounts[rival.account_id]
        _book_of(rival, accounts, change(actor, account, rival, at))
        if rival.status != Status.OPEN:
            rival.decided_at = at
        rival.save()
    # What a line became, or what stayed of two entries, is no other line of the same file.
    is_about = Q(entered__in=taken_now) | Q(candidate__in=taken_now)
    asked = ReviewItem.objects.open().filter(is_about).exclude(entered=None)
    ask_on_if_listed(asked.order_by("pk"), at)


def _ask_about_likes(account: Account, item: ReviewItem, at: datetime) -> None:
    """Other files' lines that were like this one while it waited: ask whether each is what it has
    become, now that there is something to compare it with.
    """
    within = timedelta(days=MATCH_WITHIN_DAYS)
    likes = ReviewItem.objects.open().filter(
        account=account,
        candidate=None,
        reason=LIKE_ASKED,
        signed_amount=item.signed_amount,
        txn_date__range=(item.txn_date - within, item.txn_date + within),
    )
    for like in likes.order_by("pk"):
        verdict = _verdict_on(account, like, at)
        if verdict.held is not None:
            _ask_about(like, verdict)
            like.save()


def _ask_about_told_apart(item: ReviewItem, freed: Transaction) -> None:
    """Ask about what the candidate may be instead, now that it is not this."""
    if item.entered_id:
        ask_entries_about(freed)
    if not (item.entered_id and freed.is_bank_fact):
        _ask_about_freed(item, freed)
    ask_about_freed_pending(freed)


def _ask_about_freed(item: ReviewItem, freed: Transaction) -> None:
    """Ask about what the candidate just ruled out may be instead: an entry any transaction, since
    nobody was asked about it in the meantime; a line of the bank one that came with this one; an
    entry that the bank has listed since, a pending one that came with this one.
    """
    is_asked = ReviewItem.objects.open().filter(Q(candidate=freed) | Q(entered=freed)).exists()
    is_told = BankLine.objects.filter(transaction=freed, is_pending=False).exists()
    if is_asked or freed.deleted_at is not None:
        return
    among = Transaction.objects.filter(account=item.account_id, deleted_at=None)
    if not (is_told or freed.is_bank_fact):
        others = among.exclude(pk=item.entered_id) if item.entered_id else among
        ask_about_entry(freed, among=others)
        return
    if not freed.is_bank_fact:
        # A later file has booked it: what announced it may have come with this one.
        among = among.filter(status=Transaction.Status.PENDING)
    if item.import_row_id:
        among = among.filter(import_batch=sure(item.import_row).batch_id)
    else:
        bank_lines = BankLine.objects.filter(account=item.account_id, source=item.source)
        came = bank_lines.values("transaction")
        among = among.filter(origin=Transaction.Origin.SYNC, pk__in=came)
    ask_about_entry(freed, among=among)


# -- undo ------------------------------------------------------------------------------------------


@command
def undo_decision(*, actor: User, item: ReviewItem, at: datetime) -> ReviewItem:
    """Reopen an answered question. The ledger is as it was before the answer.

    Raises ValidationError if the import that asked has been reverted.
    """
    accounts = lock_accounts([item.account_id])
    item = ReviewItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if item.status == Status.OPEN:
        return item
    if item.import_row_id and sure(item.import_row).batch.status == ImportBatch.Status.REVERTED:
        raise ValidationError("This import was undone.")
    undo_unlisted(actor, item)
    # About the pending candidate, and what the answer posted, there is now this question again.
    freed = {item.candidate_id, item.posted_id} - {None}
    ReviewItem.objects.open().filter(unlisted__in=freed).delete()
    moved = [(take_back(BankLine.objects.filter(review_item=item), at=at), 1)]
    if item.posted is not None:
        moved.append((_trash(item.posted, at), 1))
        likes = ReviewItem.objects.open().filter(candidate=item.posted, entered=None)
        likes.update(candidate=None, reason=LIKE_ASKED)
    _settle_row(item, ImportRow.Verdict.REVIEW, item.reason, item.candidate_id)
    _book_of(item, accounts, merge(*moved))
    if item.entered is not None and item.status == Status.SAME:
        part_again(actor, item)
    item.status, item.posted, item.decided_by, item.decided_at = Status.OPEN, None, None, None
    if item.candidate_id in item.told_apart:
        item.told_apart = [pk for pk in item.told_apart if pk != item.candidate_id]
    item.undo = {name: told for name, told in item.undo.items() if name == SETTLED_BY}
    item.save()
    trail.record(actor=actor, action="transactions.review.undone", target=item)
    return item


def _trash(row: Transaction, at: datetime) -> SumsByKey:
    if row.deleted_at is not None:
        return {}
    lost = merge((sums_of_rows([row]), -1))
    Transaction.objects.filter(pk=row.pk).update(deleted_at=at, updated_at=at)
    return lost
