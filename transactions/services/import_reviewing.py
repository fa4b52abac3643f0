"""Edit a checked import by hand: correct a row, include it or leave it out."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import QuerySet

from transactions.fingerprints import fingerprint
from transactions.models import ImportBatch, ImportRow
from transactions.models.notices import notice_text
from transactions.models.reasons import LEFT_OUT
from transactions.services.import_staging import (
    posted_amount,
    storable,
)
from transactions.services.import_verdicts import mark_known_rows
from transactions.services.importing import batch_with_account, count_verdicts
from transactions.services.posting_checks import EARLIEST, LATEST
from transactions.sources.files.notices import RowError
from users.audit import trail
from users.models import User

Verdict = ImportRow.Verdict


@db_transaction.atomic
def fix_row(
    *,
    actor: User,
    batch: ImportBatch,
    row_id: int,
    txn_date: date,
    signed_amount: Decimal,
    description: str,
) -> ImportRow:
    """Correct a line's values and check it again. The raw line stays unchanged.

    Raises ValidationError at txn_date, amount or description.
    """
    batch = _locked_checked(batch)
    row = ImportRow.objects.get(batch=batch, pk=row_id)
    before = (row.fingerprint, row.txn_date, row.signed_amount, row.description)
    currency = batch.account.currency
    if not EARLIEST <= txn_date <= LATEST:
        raise ValidationError({"txn_date": f"Enter a date from {EARLIEST} to {LATEST}."})
    try:
        amount = posted_amount(signed_amount, currency)
    except RowError as error:
        raise ValidationError({error.attr: notice_text(error.notice)}) from None
    if not amount:
        raise ValidationError({"amount": "Enter an amount other than zero."})
    text = " ".join(storable(description).split())[:500]
    if not text:
        raise ValidationError({"description": "Enter a description."})
    row.txn_date, row.signed_amount, row.description = txn_date, amount, text
    row.currency = currency
    row.fingerprint = fingerprint(txn_date, amount, currency, text)
    row.verdict, row.attr = Verdict.NEW, ""
    row.error = ""
    row.is_edited, row.is_chosen = True, False
    row.save()
    mark_known_rows(batch)
    count_verdicts(batch)
    row.refresh_from_db()
    trail.record(
        actor=actor,
        action="transactions.import.row_corrected",
        target=batch,
        row_number=row.row_number,
        before=before[1:],
        after=(txn_date, amount, text),
    )
    return row


@db_transaction.atomic
def include_rows(*, actor: User, batch: ImportBatch, rows: QuerySet[ImportRow]) -> int:
    """Include duplicate, uncertain or excluded rows. Returns how many.

    Rows that cannot be posted (invalid, or an amount of zero) stay out.
    """
    batch = _locked_checked(batch)
    out = (Verdict.DUPLICATE, Verdict.REVIEW, Verdict.SKIPPED)
    count = (
        rows.filter(batch=batch, verdict__in=out, fingerprint__isnull=False)
        .exclude(signed_amount=0)
        .update(verdict=Verdict.NEW, error="", is_chosen=True, match=None)
    )
    # The transaction this row had matched is available to other rows again.
    mark_known_rows(batch)
    count_verdicts(batch)
    trail.record(actor=actor, action="transactions.import.rows_included", target=batch, count=count)
    return count


@db_transaction.atomic
def accept_matches(*, actor: User, batch: ImportBatch, rows: QuerySet[ImportRow]) -> int:
    """Accept the suggested match of rows that need review. Returns how many.

    A row without a match (such as an odd date) is left out.
    """
    batch = _locked_checked(batch)
    asked = rows.filter(batch=batch, verdict=Verdict.REVIEW)
    count = asked.filter(match__isnull=True).update(
        verdict=Verdict.SKIPPED, error=LEFT_OUT, is_chosen=True
    )
    count += asked.update(verdict=Verdict.DUPLICATE, is_chosen=True)
    count_verdicts(batch)
    trail.record(actor=actor, action="transactions.import.rows_matched", target=batch, count=count)
    return count


@db_transaction.atomic
def leave_out_rows(*, actor: User, batch: ImportBatch, rows: QuerySet[ImportRow]) -> int:
    """Exclude rows from the import. Returns how many."""
    batch = _locked_checked(batch)
    count = rows.filter(batch=batch, verdict__in=(Verdict.NEW, Verdict.REVIEW)).update(
        verdict=Verdict.SKIPPED, error=LEFT_OUT, is_chosen=False, match=None
    )
    count_verdicts(batch)
    trail.record(actor=actor, action="transactions.import.rows_left_out", target=batch, count=count)
    return count


def _locked_checked(batch: ImportBatch) -> ImportBatch:
    batch = batch_with_account(batch.pk, lock=True)
    if batch.status != ImportBatch.Status.CHECKED:
        raise ValidationError("You can only change lines after the check and before you confirm.")
    return batch
