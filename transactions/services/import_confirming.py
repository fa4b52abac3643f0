"""Confirm an import in one commit under the account's lock, and revert it as a whole.

Both are safe to repeat, to race and to interrupt: the batch's status, read under the lock, says
whether it is done, and a failed attempt leaves nothing behind.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Max, Min

from accounts.models import Account
from accounts.services import edit_account, lock_accounts
from banking.kernel.commands import command
from transactions.models import (
    BankLine,
    ImportBatch,
    ImportMapping,
    ImportRow,
    TransactionQuerySet,
)
from transactions.services.completing import complete, take_back
from transactions.services.import_categories import forget_lost_categories
from transactions.services.import_details import pair_transfers
from transactions.services.import_parts import accounts_needed
from transactions.services.import_posting import (
    listed_by,
    live_rows,
    tellings_of,
    trash_rows,
    write_new_rows,
)
from transactions.services.import_progress import forget_progress
from transactions.services.import_reading import examine_batch, remembered_from
from transactions.services.import_verdicts import REQUESTED, is_compared, mark_known_rows
from transactions.services.importing import (
    RefusedImportError,
    batch_with_account,
    check_import,
    count_verdicts,
    let_take_time,
    proven_opening,
    usable_account,
)
from transactions.services.posting import book
from transactions.services.review_questions import (
    ask_about_rows,
    ask_again_settled_by,
    ask_on_about_listed,
    close_reviews_of,
)
from transactions.services.transfer_sides import accounts_of_pairs, dissolve_pairs
from transactions.services.unlisted_lines import ask_about_pending, ask_again_about_pending
from transactions.sources.files.csv_mapping import Detection
from transactions.totals import merge
from users.audit import trail
from users.models import User

Status, Verdict = ImportBatch.Status, ImportRow.Verdict
SETTLED_AT_ONCE = 10_000
STILL_IMPORTING = (
    "Another account of this file is still being imported. Undo it once that's finished."
)


@db_transaction.atomic
def request_confirmation(*, actor: User, batch: ImportBatch) -> ImportBatch:
    """Hand a batch to the worker, which checks it if necessary and then confirms it.

    A finished batch stays as it is. Raises ValidationError if there is nothing to confirm.
    """
    locked = batch_with_account(batch.pk, lock=True)
    if locked.is_confirmed:
        return locked
    refuse_unready(locked)
    locked.status, locked.problems = Status.IMPORTING, []
    locked.save(update_fields=["status", "problems", "updated_at"])
    forget_progress(locked.pk)
    trail.record(actor=actor, action=REQUESTED, target=locked)
    return locked


@db_transaction.atomic
def request_group_confirmation(*, actor: User, batch: ImportBatch) -> list[ImportBatch]:
    """Hand all imports of one upload to the worker, which confirms one after the other, or none.

    Raises ValidationError if one of them cannot be confirmed.
    """
    together = _unreverted(batch)
    accounts = lock_accounts(sorted({part.account_id for part in together}))
    for part in together:
        if not part.is_confirmed:
            usable_account(accounts[part.account_id])
    return [request_confirmation(actor=actor, batch=part) for part in together]


def _unreverted(batch: ImportBatch) -> list[ImportBatch]:
    """All imports of one upload except those undone; `batch` in any case."""
    return [
        part
        for part in ImportBatch.objects.together_with(batch)
        if part.pk == batch.pk or part.status != Status.REVERTED
    ]


def refuse_unready(batch: ImportBatch) -> None:
    """Raise ValidationError unless the batch can be confirmed in its current state."""
    if batch.status == Status.REVERTED:
        raise ValidationError("This import was undone. Upload the file again.")
    if batch.needs_mapping:
        raise ValidationError("Match the file's columns first.")
    if batch.needs_accounts:
        raise accounts_needed([part["part"] for part in batch.file_parts])
    if batch.status == Status.FAILED and not batch.read_count:
        raise RefusedImportError("file", batch.problems, "unreadable")


def confirm_import(*, actor: User, batch_id: int, at: datetime) -> ImportBatch:
    """Post every new row of a batch in one commit. A finished batch stays as it is.

    Rows that reached the account since the check are duplicates. A duplicate completes its
    transaction; a row that needs review waits for its owner. Raises ValidationError, also if the
    account is gone.
    """
    batch = check_import(batch_id=batch_id)
    detection = _examined(batch)
    with db_transaction.atomic():
        accounts = lock_accounts([batch.account_id])
        batch = batch_with_account(batch_id, lock=True)
        if batch.status == Status.DONE:
            return batch
        refuse_unready(batch)
        if batch.status not in (Status.CHECKED, Status.IMPORTING, Status.FAILED):
            raise ValidationError("This import has not been checked yet.")
        account = usable_account(accounts[batch.account_id])
        let_take_time(batch.read_count)
        if not is_compared(batch):
            mark_known_rows(batch)
        forget_lost_categories(batch)
        sums = write_new_rows(batch, actor=actor, at=at)
        ask_about_rows(batch, actor=actor, at=at)
        completed = complete(account, tellings_of(batch), at=at)
        ask_on_about_listed(account, listed_by(batch), at, by=batch)
        ask_about_pending(batch)
        _open_with_balance(actor, batch, account)
        book(accounts, merge((sums, 1), (completed, 1)))
        paired = pair_transfers(batch)
        _settle(batch, account, at)
        _remember_mapping(batch, detection)
        trail.record(
            actor=actor,
            action="transactions.import.confirmed",
            target=batch,
            paired=paired,
            **_receipt(batch),
        )
    forget_progress(batch_id)
    return batch


def _open_with_balance(actor: User, batch: ImportBatch, account: Account) -> None:
    """Let an account that was opened for this upload begin with the file's opening balance.

    The owner's own opening balance stays, and so does that of an account in use.
    """
    opening = proven_opening(batch) if batch.opens_account else None
    if opening and _has_no_others(batch, account) and not account.opening_balance:
        edit_account(actor=actor, account=account, opening_balance=opening)
        account.refresh_from_db()


def _take_back_opening(actor: User, batch: ImportBatch, account: Account) -> None:
    """Let an account that was opened for this upload begin with nothing again, if nobody has
    changed its opening balance or used it since.
    """
    opening = proven_opening(batch) if batch.opens_account else None
    if opening and _has_no_others(batch, account) and account.opening_balance == opening:
        edit_account(actor=actor, account=account, opening_balance=Decimal(0))


def _has_no_others(batch: ImportBatch, account: Account) -> bool:
    """Whether the account's only transactions outside the trash are those of this import."""
    live = account.transactions.filter(deleted_at=None)
    return not live.exclude(import_batch=batch).exists()


def _settle(batch: ImportBatch, account: Account, at: datetime) -> None:
    """Turn verdicts into outcomes and store the receipt."""
    rows = ImportRow.objects.filter(batch=batch)
    ends = rows.aggregate(first=Min("pk"), last=Max("pk"))
    # In pieces: SQLite holds every row of one UPDATE of an indexed column in memory.
    for start in range(ends["first"] or 0, (ends["last"] or 0) + 1, SETTLED_AT_ONCE):
        piece = rows.filter(pk__range=(start, start + SETTLED_AT_ONCE - 1))
        piece.filter(verdict=Verdict.NEW).update(verdict=Verdict.ADDED)
    batch.status, batch.problems = Status.DONE, []
    batch.confirmed_at, batch.balance_after = at, account.balance
    count_verdicts(batch)


def _receipt(batch: ImportBatch) -> dict[str, Any]:
    return {
        "account": batch.account_id,
        "sha256": batch.sha256,
        "read": batch.read_count,
        "added": batch.added_count,
        "duplicate": batch.duplicate_count,
        "review": batch.review_count,
        "skipped": batch.skipped_count,
        "invalid": batch.invalid_count,
        "inflow": batch.inflow,
        "outflow": batch.outflow,
        "edited": ImportRow.objects.filter(batch=batch, is_edited=True).count(),
    }


def _examined(batch: ImportBatch) -> Detection | None:
    """What the file itself says about its reading, examined before anything is locked."""
    if not batch.mapping or batch.is_confirmed:
        return None
    return examine_batch(batch).detection


def _remember_mapping(batch: ImportBatch, detection: Detection | None) -> None:
    if detection is not None:
        ImportMapping.objects.update_or_create(
            account_id=batch.account_id,
            defaults={
                "columns": detection.columns,
                "mapping": remembered_from(batch.mapping, detection),
            },
        )


@command
def revert_import(*, actor: User, batch: ImportBatch, at: datetime) -> ImportBatch:
    """Move everything a confirmed import added to the trash, undo its completions, and ask again
    what it settled.

    A reverted import stays as it is. Raises ValidationError for an import that was never confirmed.
    """
    accounts = lock_accounts(sorted({batch.account_id} | accounts_of_pairs(live_rows(batch))))
    batch = batch_with_account(batch.pk, lock=True)
    if batch.status == Status.REVERTED:
        return batch
    if batch.status != Status.DONE:
        raise ValidationError("You can only undo a finished import.")
    book(accounts, dissolve_pairs(actor=actor, rows=live_rows(batch), accounts=accounts))
    count, lost = trash_rows(batch, at=at)
    given_back = take_back(BankLine.objects.filter(import_batch=batch), at=at)
    book(accounts, merge((lost, 1), (given_back, 1)))
    _take_back_opening(actor, batch, accounts[batch.account_id])
    close_reviews_of(batch)
    ask_again_settled_by(batch)
    ask_again_about_pending(batch)
    count_verdicts(batch)
    batch.status, batch.reverted_at = Status.REVERTED, at
    batch.save(update_fields=["status", "reverted_at", "updated_at"])
    trail.record(actor=actor, action="transactions.import.reverted", target=batch, deleted=count)
    return batch


@command
def confirm_group(*, actor: User, batch: ImportBatch, at: datetime) -> list[ImportBatch]:
    """Confirm all imports of one upload, or none. Raises ValidationError."""
    together = _unreverted(batch)
    lock_accounts(sorted({part.account_id for part in together}))
    return [confirm_import(actor=actor, batch_id=part.pk, at=at) for part in together]


@command
def revert_group(*, actor: User, batch: ImportBatch, at: datetime) -> list[ImportBatch]:
    """Revert all finished imports of one upload, or none.

    Raises ValidationError if `batch` itself was never confirmed, or while a worker is still at
    another of them, which would add its lines afterward.
    """
    upload = list(ImportBatch.objects.together_with(batch))
    if any(part.status == Status.IMPORTING for part in upload):
        raise ValidationError(STILL_IMPORTING)
    together = [part for part in upload if part.pk == batch.pk or part.status == Status.DONE]
    involved = {part.account_id for part in together}
    for part in together:
        involved |= accounts_of_pairs(live_rows(part))
    lock_accounts(sorted(involved))
    return [revert_import(actor=actor, batch=part, at=at) for part in together]


def rows_edited_since(batch: ImportBatch) -> TransactionQuerySet:
    """Rows of the batch that were changed after it was confirmed, latest change first."""
    edited = live_rows(batch).filter(updated_at__gt=batch.confirmed_at)
    return edited.order_by("-updated_at", "-pk")
