"""Upload, map and check a statement file for an account. Confirming comes afterward.

Nothing here changes the ledger. Every step is safe to repeat, to race and to interrupt: each reads
the batch under its lock before it writes.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db import transaction as db_transaction
from django.db.models import Count, Max, Min, Q, Sum

from accounts.models import Account
from banking.kernel.money import plain_amount
from banking.kernel.snapshot import lift_time_limits
from transactions.models import ImportBatch, ImportFile, ImportRow
from transactions.models.imports import MAPPED_FORMATS
from transactions.models.notices import notice_texts
from transactions.services import import_posting
from transactions.services.import_parts import (
    Answer,
    left_out,
    route_parts,
    settle_parts,
    take_parts,
)
from transactions.services.import_progress import forget_progress, report_progress
from transactions.services.import_reading import (
    content_of,
    context_of,
    examine,
    examine_batch,
    mapping_for,
    merged_mapping,
    open_lines,
    pack,
)
from transactions.services.import_staging import Spool, spool_lines
from transactions.services.import_verdicts import (
    BOOKED,
    likely_matches,
    mark_known_rows,
    mark_repeated_ids,
)
from transactions.services.unlisted_lines import notices_of
from transactions.sources.files.csv_mapping import CsvMapping
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.own_csv import FORMAT as OWN_FORMAT
from users.audit import trail
from users.models import User
from users.timezones import local_date

DEBTS = (Account.Type.CREDIT_CARD, Account.Type.LOAN)
# Files with more lines than this are a worker's, which may take its time.
LARGE_FILE = 10_000
# A file that states an earlier start than this before its first line states no start at all.
LONGEST_STATED_LEAD = timedelta(days=366)
CONFIRMED = (ImportBatch.Status.DONE, ImportBatch.Status.REVERTED)
Status, Verdict = ImportBatch.Status, ImportRow.Verdict
RESULT_FIELDS = (
    *("status", "problems", "warnings", "read_count", "added_count", "duplicate_count"),
    *("review_count", "skipped_count", "invalid_count", "inflow", "outflow", "balance_after"),
    *("file_opening_balance", "file_closing_balance", "covers_from", "covers_to"),
    *("states_from", "states_to", "closing_on", "compared_after"),
    *("confirmed_at", "updated_at"),
)
_UNMAPPED = Q(format__in=MAPPED_FORMATS, mapping={})


class RefusedImportError(ValidationError):
    """Why an import can't go on, as its batch stores it; shown at a field."""

    def __init__(self, field: str, problems: list[dict[str, Any]], code: str = "") -> None:
        super().__init__({field: ValidationError(notice_texts(problems), code=code or None)})
        self.problems = problems


class AlreadyImportedError(ValidationError):
    """The account already has these bytes; `batch` is the import that added them."""

    def __init__(self, batch: ImportBatch) -> None:
        on = f"{batch.confirmed_at:%Y-%m-%d}"
        super().__init__(
            {
                "file": ValidationError(
                    f"This file was already imported on {on}: {batch.added_count} "
                    "transactions added.",
                    code="already_imported",
                )
            }
        )
        self.batch = batch


@db_transaction.atomic
def start_import(
    *,
    actor: User,
    account: Account,
    file_name: str,
    content: bytes,
    mapping: Mapping[str, Any] | None = None,
    accounts: Mapping[str, Answer] | None = None,
) -> ImportBatch:
    """Accept a file for an account and set its mapping if it is given, known or certain.

    `accounts` says where the parts of a file with several accounts go (`import_parts.route_parts`);
    the returned import is then the first of `together_with`. Raises ValidationError on `file`
    (codes too_large, not_a_statement, already_imported), and on `mapping.…` and `accounts` for
    wrong values; then nothing is stored.
    """
    account = usable_account(account)
    if len(content) > settings.IMPORT_MAX_BYTES:
        raise ValidationError({"file": too_large()})
    digest = hashlib.sha256(content).hexdigest()
    if accounts is None:
        refuse_repetition(account, digest)
    try:
        examined = examine(content, context_of(account))
        settled: CsvMapping | None = None
        if mapping and examined.detection is not None:
            settled = merged_mapping(examined.detection, mapping)
        elif examined.detection is not None:
            settled = mapping_for(account, content, examined)
    except UnreadableFile as error:
        raise ValidationError(
            {"file": ValidationError(notice_texts(error.notices), code="not_a_statement")}
        ) from None
    batch = ImportBatch(
        user_id=account.user_id,
        account=account,
        file_name=_plain_name(file_name),
        file_size=len(content),
        sha256=digest,
        format=examined.format,
        mapping=settled.as_json() if settled else {},
    )
    settle_parts(batch, content, even_one=accounts is not None)
    batch.full_clean(exclude=["mapping"])
    batch.save(force_insert=True)
    ImportFile.objects.create(batch=batch, content=pack(content))
    trail.record(
        actor=actor,
        action="transactions.import.uploaded",
        target=batch,
        account=account.pk,
        file_name=batch.file_name,
        sha256=digest,
    )
    if accounts is not None and not batch.needs_mapping:
        return _routed(actor, batch, accounts)
    return batch


def _routed(actor: User, batch: ImportBatch, accounts: Mapping[str, Answer]) -> ImportBatch:
    """The first of a file's imports into several accounts, at least one of which is new."""
    routed = route_parts(actor=actor, batch=batch, answers=accounts)
    repeated: list[AlreadyImportedError] = []
    for routed_batch in routed:
        usable_account(routed_batch.account)
        try:
            refuse_repetition(routed_batch.account, routed_batch.sha256, routed_batch.parts)
        except AlreadyImportedError as error:
            repeated.append(error)
    if len(repeated) == len(routed):
        raise repeated[0]
    return routed[0]


@db_transaction.atomic
def choose_accounts(
    *, actor: User, batch: ImportBatch, accounts: Mapping[str, Answer]
) -> list[ImportBatch]:
    """Assign the parts of an unconfirmed upload to accounts. Returns one import per account.

    They must be checked again. Raises ValidationError on `accounts`.
    """
    batch = _locked_unconfirmed(batch)
    if not batch.file_parts:
        raise ValidationError({"accounts": "This file has only one account."})
    routed = route_parts(actor=actor, batch=batch, answers=accounts)
    for routed_batch in routed:
        usable_account(routed_batch.account)
        forget_progress(routed_batch.pk)
    return routed


def too_large() -> ValidationError:
    """The message for a file larger than IMPORT_MAX_BYTES."""
    megabytes = settings.IMPORT_MAX_BYTES // (1024 * 1024)
    return ValidationError(
        f"The file is larger than {megabytes} MB. Export a shorter period, or several files.",
        code="too_large",
    )


def refuse_repetition(account: Account, digest: str, parts: list[str] | None = None) -> None:
    """Raise AlreadyImportedError if the account has these bytes with every row they added.

    A file may be imported again if some of its transactions were deleted since; that is how to get
    them back. With `parts`, only an import of all of them counts.
    """
    done = ImportBatch.objects.filter(account=account, sha256=digest, status=Status.DONE)
    for batch in done.order_by("-id")[:5]:
        if parts and batch.parts and not set(parts) <= set(batch.parts):
            continue
        is_lost = import_posting.known_rows(batch).exclude(match__deleted_at=None).exists()
        if not is_lost and import_posting.live_rows(batch).count() >= batch.added_count:
            raise AlreadyImportedError(batch)


def usable_account(account: Account) -> Account:
    """The account if it accepts files. Raises ValidationError otherwise."""
    if account.deleted_at is not None:
        raise RefusedImportError("account", [Notice(NoticeCode.ACCOUNT_IN_TRASH).as_json()])
    if not account.is_active:
        raise RefusedImportError("account", [Notice(NoticeCode.ACCOUNT_ARCHIVED).as_json()])
    return account


def _plain_name(file_name: str) -> str:
    name = "".join(char if char.isprintable() else "_" for char in file_name.strip())
    return name.encode("utf-8", "replace").decode()[-255:] or "statement"


@db_transaction.atomic
def choose_mapping(*, actor: User, batch: ImportBatch, given: Mapping[str, Any]) -> ImportBatch:
    """Set the column mapping of an unconfirmed table, which must be checked again.

    Raises ValidationError on each `mapping.…` field that is wrong or still unclear.
    """
    batch = _locked_unconfirmed(batch)
    try:
        examined = examine_batch(batch)
    except UnreadableFile as error:
        raise ValidationError(notice_texts(error.notices)) from None
    if examined.detection is None:
        raise ValidationError("This file doesn't need its columns matched.")
    mapping = merged_mapping(examined.detection, given).as_json()
    batch.mapping = mapping
    batch.status, batch.problems, batch.read_count = Status.UPLOADED, [], 0
    _settle_anew(batch)
    batch.save()
    forget_progress(batch.pk)
    trail.record(actor=actor, action="transactions.import.mapped", target=batch, mapping=mapping)
    return batch


def _settle_anew(batch: ImportBatch) -> None:
    """Ask for the accounts again if the new columns give the file other parts."""
    before, parts = batch.file_parts, batch.parts
    settle_parts(batch, content_of(batch))
    if batch.group and before == batch.file_parts:
        batch.parts, batch.needs_accounts = parts, False
    elif batch.group:
        raise ValidationError("This file goes into several accounts. Discard it and start again.")


def check_import(*, batch_id: int) -> ImportBatch:
    """Read an uploaded file and give every line its verdict. Does not change the ledger.

    Does nothing to a batch that is already checked or waits for its mapping. A problem with the
    whole file becomes the batch's `error`.
    """
    batch = batch_with_account(batch_id)
    if not _awaits_check(batch):
        return batch
    forget_progress(batch_id)
    try:
        spool = _read(batch)
    except UnreadableFile as error:
        return _failed(batch, [notice.as_json() for notice in error.notices])
    with db_transaction.atomic(), spool:
        locked = batch_with_account(batch_id, lock=True)
        is_same = locked.mapping == batch.mapping and locked.parts == batch.parts
        if _awaits_check(locked) and is_same:
            let_take_time(spool.row_count)
            _stage(locked, spool)
        return locked


def let_take_time(lines: int) -> None:
    """Let a large import compare its lines and commit them for longer than a page may take, until
    this transaction ends. The database would end it, and each repetition too.
    """
    if lines > LARGE_FILE:
        lift_time_limits(DEFAULT_DB_ALIAS)


def _read(batch: ImportBatch) -> Spool:
    data = content_of(batch)
    mapping = CsvMapping.from_json(batch.mapping) if batch.mapping else None
    estimate = max(1, data.count(b"\n"))
    file = take_parts(open_lines(data, batch.format, mapping), batch.parts)
    # Its reader keeps what it needs: not the bytes, once they are decoded.
    del data
    spool = spool_lines(batch, file, estimate)
    spool.warnings += left_out(batch)
    if not spool.row_count:
        spool.__exit__()
        refusal = UnreadableFile(NoticeCode.NO_LINES)
        refusal.notices = spool.warnings or refusal.notices
        raise refusal
    return spool


def _stage(batch: ImportBatch, spool: Spool) -> None:
    ImportRow.objects.filter(batch=batch).delete()
    batch.read_count = spool.row_count
    spool.write(batch, likely_matches(batch, spool.first_on, spool.last_on))
    report_progress(batch.pk, "comparing", spool.row_count, spool.row_count)
    mark_repeated_ids(batch)
    missing = mark_known_rows(batch)
    batch.file_opening_balance = spool.opening_balance
    batch.file_closing_balance = spool.closing_balance
    _state_days(batch, spool)
    said = [*spool.warnings, *_opening_warning(batch), *_balance_warning(batch)]
    said += notices_of(batch, missing)
    batch.warnings = [notice.as_json() for notice in said[:20]]
    if batch.status != Status.IMPORTING:
        batch.status = Status.CHECKED
    batch.problems = []
    count_verdicts(batch)


def _state_days(batch: ImportBatch, spool: Spool) -> None:
    """The days that the file says it covers, where they can be true: a file knows no day after its
    upload, and some banks write 1970 as the start of every file.
    """
    uploaded = local_date(batch.user.timezone, batch.created_at)
    first, last, closing = spool.states_from, spool.states_to, spool.closing_on
    if first is not None and spool.first_on:
        lines = date.fromisoformat(spool.first_on)
        first = first if timedelta(0) <= lines - first <= LONGEST_STATED_LEAD else None
    batch.states_from = first
    batch.states_to = min(last, uploaded) if last else None
    batch.closing_on = min(closing, uploaded) if closing else None


def proven_opening(batch: ImportBatch) -> Decimal | None:
    """What the file says the account held before its first line: as stated, or its closing balance
    without all its lines. None if it says neither.
    """
    opening: Decimal | None = batch.file_opening_balance
    closing: Decimal | None = batch.file_closing_balance
    if opening is not None or closing is None:
        return opening
    rows = ImportRow.objects.filter(batch=batch)
    if rows.filter(verdict=Verdict.INVALID).exists():
        return None
    booked = rows.filter(is_pending=False, fingerprint__isnull=False)
    total: Decimal = booked.aggregate(total=Sum("signed_amount"))["total"] or Decimal(0)
    return closing - total


def _opening_warning(batch: ImportBatch) -> list[Notice]:
    if not batch.opens_account:
        return []
    account, closing = batch.account, batch.file_closing_balance
    if proven_opening(batch) is None:
        return [Notice(NoticeCode.OPENING_UNKNOWN, {"account": account.name})]
    if not closing or closing < 0 or account.account_type not in DEBTS:
        return []
    stated = {"closing": plain_amount(closing, account.currency), "currency": account.currency}
    return [Notice(NoticeCode.DEBT_IN_CREDIT, {"account": account.name, **stated})]


def _balance_warning(batch: ImportBatch) -> list[Notice]:
    """If the file has both balances: whether its lines lead from one to the other."""
    opening, closing = batch.file_opening_balance, batch.file_closing_balance
    if opening is None or closing is None:
        return []
    lines = ImportRow.objects.filter(batch=batch, is_pending=False)
    total = lines.aggregate(total=Sum("signed_amount"))["total"] or Decimal(0)
    if opening + total == closing:
        return []
    currency = batch.account.currency
    amounts = {"opening": opening, "total": total, "closing": closing}
    amounts["gap"] = closing - opening - total
    values = {name: plain_amount(amount, currency) for name, amount in amounts.items()}
    return [Notice(NoticeCode.BALANCE_GAP, {**values, "currency": currency})]


def count_verdicts(batch: ImportBatch) -> None:
    """Recompute the batch's counts and sums from its rows (saved with status and balances)."""
    by_verdict = {
        row["verdict"]: row
        for row in ImportRow.objects.filter(batch=batch)
        .order_by()
        .values("verdict")
        .annotate(
            count=Count("pk"),
            inflow=Sum("signed_amount", filter=Q(signed_amount__gt=0)),
            outflow=Sum("signed_amount", filter=Q(signed_amount__lt=0)),
            first=Min("txn_date", filter=BOOKED),
            last=Max("txn_date", filter=BOOKED),
        )
    }
    counts = {verdict: row["count"] for verdict, row in by_verdict.items()}
    moving = [by_verdict[name] for name in (Verdict.NEW, Verdict.ADDED) if name in by_verdict]
    dated = [row for row in by_verdict.values() if row["first"] and batch.format != OWN_FORMAT]
    # Our own export may be filtered, so it says nothing about what it leaves out.
    batch.covers_from = min((row["first"] for row in dated), default=None)
    batch.covers_to = max((row["last"] for row in dated), default=None)
    if batch.covers_from and batch.covers_to:
        if batch.closing_on:
            # A balance of an earlier day than its last line would not be the closing one.
            batch.closing_on = max(batch.closing_on, batch.covers_to)
        batch.covers_from = min(batch.states_from or batch.covers_from, batch.covers_from)
        batch.covers_to = max(batch.states_to or batch.covers_to, batch.covers_to)
    batch.read_count = sum(counts.values())
    batch.added_count = counts.get(Verdict.ADDED, 0)
    batch.duplicate_count = counts.get(Verdict.DUPLICATE, 0)
    batch.review_count = counts.get(Verdict.REVIEW, 0)
    batch.skipped_count = counts.get(Verdict.SKIPPED, 0)
    batch.invalid_count = counts.get(Verdict.INVALID, 0)
    batch.inflow = sum((row["inflow"] or 0 for row in moving), Decimal(0))
    batch.outflow = -sum((row["outflow"] or 0 for row in moving), Decimal(0))
    batch.save(update_fields=RESULT_FIELDS)


def _failed(batch: ImportBatch, problems: list[Any]) -> ImportBatch:
    with db_transaction.atomic():
        locked = batch_with_account(batch.pk, lock=True)
        if not locked.is_confirmed and locked.mapping == batch.mapping:
            locked.status, locked.problems = Status.FAILED, problems
            locked.save(update_fields=["status", "problems", "updated_at"])
    forget_progress(batch.pk)
    return locked


@db_transaction.atomic
def discard_import(*, actor: User, batch: ImportBatch) -> None:
    """Delete an unconfirmed upload for all its accounts, with its file and rows."""
    batch = _locked_unconfirmed(batch)
    trail.record(
        actor=actor,
        action="transactions.import.discarded",
        target=batch,
        file_name=batch.file_name,
        sha256=batch.sha256,
    )
    ImportBatch.objects.together_with(batch).exclude(status__in=CONFIRMED).delete()


def waiting_batches(*, after: datetime, before: datetime, limit: int) -> list[ImportBatch]:
    """Batches that have waited for a worker since before `before`, oldest first."""
    waiting = ImportBatch.objects.filter(
        Q(status=Status.IMPORTING) | Q(status=Status.UPLOADED) & ~_UNMAPPED,
        needs_accounts=False,
        updated_at__gt=after,
        updated_at__lt=before,
    )
    return list(waiting.order_by("updated_at")[:limit])


def give_up_batches(*, before: datetime) -> int:
    """Mark imports as failed that no worker could finish, so that their owners see it."""
    stuck = ImportBatch.objects.filter(status=Status.IMPORTING, updated_at__lt=before)
    problems = [Notice(NoticeCode.NOT_FINISHED).as_json()]
    return stuck.update(status=Status.FAILED, problems=problems)


def note_failure(*, batch_id: int, error: ValidationError) -> ImportBatch:
    """Tell the owner why the import could not be finished. They can retry it."""
    known = error.problems if isinstance(error, RefusedImportError) else error.messages
    return _failed(batch_with_account(batch_id), [*known])


def _locked_unconfirmed(batch: ImportBatch) -> ImportBatch:
    batch = batch_with_account(batch.pk, lock=True)
    if batch.is_confirmed:
        raise ValidationError("This import has been confirmed. Undo it to make changes.")
    return batch


def first_day(batches: Iterable[ImportBatch]) -> date | None:
    """The first day of these imports' lines; None if no line has one."""
    return min((batch.covers_from for batch in batches if batch.covers_from), default=None)


def batch_with_account(batch_id: int, *, lock: bool = False) -> ImportBatch:
    """The current batch from the database, locked until commit if requested."""
    batches = ImportBatch.objects.select_related("account", "user")
    if lock:
        batches = batches.select_for_update(of=("self",), no_key=True)
    return batches.get(pk=batch_id)


def _awaits_check(batch: ImportBatch) -> bool:
    if batch.needs_answer or batch.is_confirmed or batch.status == Status.CHECKED:
        return False
    return batch.status == Status.UPLOADED or not batch.read_count
