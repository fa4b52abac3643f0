"""Ask the owner whether a line is an existing payment.

`reviewing` takes the answers. An open question keeps a line from a file or sync out of the ledger;
a manual entry is already in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from transactions.matching.lines import HAND, Incoming, Text
from transactions.matching.matcher import match
from transactions.matching.reading import Kind, knowledge_of, read_ledger, texts_of_held
from transactions.models import ImportBatch, ImportRow, ReviewItem, Transaction
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
        reason=reason[:300],
        **line,
    )


_FROM_ENTRY = (
    *("txn_date", "posted_date", "signed_amount", "description", "merchant"),
    *("category_id", "category_source", "notes", "fingerprint"),
)


def ask_about_entry(
    row: Transaction, *, among: QuerySet[Transaction] | None = None
) -> ReviewItem | None:
    """Ask whether this entry duplicates another transaction in the account (from `among`).

    Two manual entries are never asked about. The caller holds the account's lock.
    """
    asked = ReviewItem.objects.open().filter(account=row.account_id).exclude(entered=None)
    ledger = read_ledger(
        row.account_id,
        first=row.txn_date,
        last=row.txn_date,
        external_ids=(),
        kind=Kind(),
        apart_from={row.pk, *asked.values_list("candidate", flat=True)},
    )
    held = [line for line in ledger.held if line.pk > 0 and line.source != HAND]
    if not held:
        return None
    near = Transaction.objects.filter(pk__in=[line.pk for line in held])
    if among is not None:
        near = near.filter(pk__in=among.order_by().values("pk"))
    others = set(near.exclude(origin=Transaction.Origin.MANUAL).values_list("pk", flat=True))
    held = [line for line in held if line.pk in others]
    matching = match(
        [
            Incoming(
                row.pk,
                int(row.signed_amount.scaleb(4)),
                row.txn_date.toordinal(),
                row.fingerprint,
            )
        ],
        held,
        aliases=ledger.aliases,
        texts_of_incoming=lambda keys: {key: Text(row.description, row.merchant) for key in keys},
        texts_of_held=texts_of_held,
        knowledge=knowledge_of(row.account_id, on=row.txn_date, covers=None),
    )
    verdict = matching.verdicts[row.pk]
    if verdict.held is None:
        return None
    candidate = Transaction.objects.get(pk=verdict.held)
    review = open_review(
        account=row.account,
        candidate_id=candidate.pk,
        reason=_reason(candidate),
        entered=row,
        **{name: getattr(row, name) for name in _FROM_ENTRY},
    )
    review.save(force_insert=True)
    return review


def _reason(candidate: Transaction) -> str:
    on = f"{candidate.txn_date.day} {candidate.txn_date:%B %Y}"
    return f"The account has a payment of this amount on {on}. Is it the same one?"


def close_reviews_of(batch: ImportBatch) -> None:
    """Close the open questions of an import that is being reverted."""
    ReviewItem.objects.open().filter(import_row__batch=batch).delete()
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
