"""Merge a manual entry with the transaction it is, as an answer asks, and part the two again."""

from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.models import Account
from banking.kernel.fields import folded_field
from banking.kernel.narrowing import sure
from transactions.models import BankLine, CategoryChange, ReviewItem, Tag, Transaction
from transactions.services.completing import Telling, complete
from transactions.services.posting import book, delete_transactions, restore_transactions
from transactions.services.review_questions import ask_on_about_entry, must_stay
from transactions.totals import SumsByKey, merge, sums_of_rows
from users.models import User

BOTH_STAY = (
    "Both paid a bill or belong to a transfer made here, so they can't be merged. Undo one of the "
    "two first, or choose “Different payment”."
)
GONE = "The transaction it looked like no longer exists. Choose “Different payment” to add it."


def merge_entered(actor: User, account: Account, item: ReviewItem, at: datetime) -> SumsByKey:
    """Move one of the two to the trash, and give the other everything a person added to it.

    A bill's payment and a side of a transfer made here always stay. Otherwise the bank's
    transaction stays, unless only the entry is split or has attachments. Raises ValidationError if
    both must stay.
    """
    kept, entered = item.candidate, sure(item.entered)
    if kept is None or kept.deleted_at is not None:
        raise ValidationError(GONE)
    if must_stay(entered) and must_stay(kept):
        raise ValidationError(BOTH_STAY)
    has_more = _has_more(entered) and not _has_more(kept)
    if must_stay(kept) or not (must_stay(entered) or has_more):
        goes, stays = entered, kept
        # The bank may have booked the entry since it was asked about an announcement.
        is_news = kept.status != Transaction.Status.POSTED
    else:
        goes, stays, is_news = kept, entered, True
    # An announcement has told nothing yet that the entry's own data would give way to.
    told = goes.bank_lines.filter(is_pending=False).order_by("-pk").first()
    telling = Telling(
        transaction_id=stays.pk,
        import_batch=goes.import_batch or (told.import_batch if told else None),
        review_item=item,
        is_pending=goes.status != Transaction.Status.POSTED,
        **{name: getattr(goes, name) for name in _TOLD_BY_HELD},
    )
    is_from_bank = goes.is_bank_fact or told is not None
    _let_go(actor, item, goes, stays)
    return complete(account, [telling], at=at) if is_news and is_from_bank else {}


def _has_more(row: Transaction) -> bool:
    return row.is_split or row.attachments.exists()


_TOLD_BY_HELD = (
    *("txn_date", "posted_date", "signed_amount", "description", "merchant"),
    *("external_id", "fingerprint"),
)


def _let_go(actor: User, item: ReviewItem, row: Transaction, stays: Transaction) -> None:
    """Move `row` to the trash in favor of `stays`, which also takes its bank lines, so that the
    bank's next file still recognizes it.
    """
    delete_transactions(actor=actor, rows=Transaction.objects.filter(pk=row.pk))
    BankLine.objects.bulk_create(
        BankLine(
            transaction=stays,
            account_id=stays.account_id,
            review_item=item,
            **{name: getattr(line, name) for name in _OF_BANK_LINE},
        )
        for line in row.bank_lines.all()
    )
    item.undo |= {"trashed": row.pk, "moved": _move_questions(item, row, stays)}
    _give_what_was_typed(actor, item, row, stays)


def _move_questions(item: ReviewItem, row: Transaction, stays: Transaction) -> list[int]:
    """Let the other open questions about `row` be about `stays`. Whether these two are one is
    answered. Returns the ids of the questions moved.
    """
    asked = ReviewItem.objects.open().filter(candidate=row).exclude(pk=item.pk)
    for answered in asked.filter(entered=stays):
        ask_on_about_entry(answered, stays)
        answered.save()
    moved = list(asked.exclude(entered=stays).values_list("pk", flat=True))
    ReviewItem.objects.filter(pk__in=moved).update(candidate=stays)
    return moved


_OF_BANK_LINE = (
    *("import_batch", "source", "external_id", "fingerprint", "description", "is_pending"),
)


def _give_what_was_typed(
    actor: User, item: ReviewItem, row: Transaction, stays: Transaction
) -> None:
    manual = Transaction.CategorySource.MANUAL
    item.undo |= {"notes": stays.notes, "tags": sorted(stays.tags.values_list("pk", flat=True))}
    stays.notes = stays.notes or row.notes
    stays.search_text = folded_field(Transaction, "search_text").text_of(stays)
    stays.save(update_fields=["notes", "search_text", "updated_at"])
    stays.tags.add(*Tag.objects.filter(transactions=row))
    takes_category = row.category_source == manual and stays.category_source != manual
    if takes_category and not (stays.is_split or row.is_split):
        item.undo |= {"category": stays.category_id, "category_source": stays.category_source}
        _give_category(actor, stays, row.category_id, manual)


def _give_category(actor: User, row: Transaction, category_id: int | None, source: str) -> None:
    old, before = sums_of_rows([row]), row.category_id
    row.category_id, row.category_source = category_id, source
    row.save(update_fields=["category", "category_source", "updated_at"])
    if before != category_id:
        CategoryChange.objects.create(
            transaction=row,
            from_category_id=before,
            to_category_id=category_id,
            by=CategoryChange.By.USER,
            actor=actor,
        )
    book({row.account_id: row.account}, merge((sums_of_rows([row]), 1), (old, -1)))


def part_again(actor: User, item: ReviewItem) -> None:
    kept, entered, undo = item.candidate, sure(item.entered), item.undo
    # Answers from before both could go say nothing: then the origin decided.
    was_typed = entered.origin == Transaction.Origin.MANUAL
    trashed = undo.get("trashed", entered.pk if was_typed else item.candidate_id)
    stays = kept if trashed == entered.pk else entered
    moved = ReviewItem.objects.open().filter(pk__in=undo.get("moved", ()), candidate=stays)
    moved.update(candidate=trashed)
    if stays is not None and "notes" in undo:
        stays.refresh_from_db()
        stays.notes = undo["notes"]
        stays.search_text = folded_field(Transaction, "search_text").text_of(stays)
        stays.save(update_fields=["notes", "search_text", "updated_at"])
        stays.tags.set(undo["tags"])
        if "category" in undo:
            _give_category(actor, stays, undo["category"], undo["category_source"])
    if trashed == entered.pk:
        restore_transactions(actor=actor, rows=Transaction.objects.filter(pk=entered.pk))
    elif kept is not None and kept.deleted_at is not None:
        Transaction.objects.filter(pk=kept.pk).update(deleted_at=None)
        kept.refresh_from_db()
        book({kept.account_id: kept.account}, sums_of_rows([kept]))
