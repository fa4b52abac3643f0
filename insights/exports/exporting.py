"""Files a person requests: one run makes each, only that person can fetch it, and it is deleted
after a week.

A run claims the export, writes to a temporary file, and hands the file over in one commit if it
still holds the claim. So a job may be delivered twice, late, or die half-way: the sweep gives a
stalled export to another run, at most three times.
"""

import hashlib
import secrets
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from tempfile import TemporaryFile
from typing import IO

import structlog
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.db import transaction as db_transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Account
from banking.kernel.pdf import PdfUnavailableError
from banking.kernel.periods import Period
from banking.kernel.sentences import day, stored
from banking.limits import (
    EXPORT_ATTEMPTS,
    EXPORT_PIECE_BYTES,
    EXPORT_SILENT_FOR,
    EXPORTS_AT_ONCE,
    EXPORTS_FOR,
    EXPORTS_KEPT,
    STATEMENT_PDF_LINES,
    WORK_GIVEN_UP_AFTER,
)
from insights.exports.export_files import MAKERS, ExportRefusedError
from insights.figures.coverage import insights_coverage
from insights.figures.period_words import span_part
from insights.models import Export, ExportPiece
from transactions.statements import count_lines
from users.audit import trail
from users.models import User

logger = structlog.get_logger(__name__)

NOT_FINISHED = "We couldn't create the file. Try again."
Kind, Status = Export.Kind, Export.Status


class _OvertakenError(Exception):
    """Another run took over this export, or it was deleted: discard this run's file."""


# --- Requesting ---------------------------------------------------------------------------------


def request_statement(*, actor: User, account: Account, period: Period, at: datetime) -> Export:
    """Request the statement of an account the actor can see. Raises ValidationError."""
    count = count_lines(account, period)
    if count > STATEMENT_PDF_LINES:
        raise ValidationError(
            f"This period has {count:,} transactions. A PDF can hold {STATEMENT_PDF_LINES:,}."
            " Choose a shorter period, or export the list as CSV."
        )
    return _request(
        actor=actor,
        kind=Kind.STATEMENT,
        title=stored([account.name, ", ", span_part(period)], 200),
        params={
            "account": account.pk,
            "date_from": period.start.isoformat(),
            "date_to": period.last_day.isoformat(),
            "line_count": count,
        },
        shared_ids=[] if account.user_id == actor.pk else [account.pk],
        at=at,
    )


def request_monthly_report(
    *, actor: User, month: date, include_shared: bool | None = None, at: datetime
) -> Export:
    """Request the report of one calendar month. Raises PermissionDenied, ValidationError."""
    coverage = insights_coverage(actor, include_shared=include_shared)
    if not coverage.accounts:
        raise ValidationError("Add an account first.")
    return _request(
        actor=actor,
        kind=Kind.MONTHLY_REPORT,
        title=stored([day(month, "F Y")], 200),
        params={"month": f"{month:%Y-%m}", "include_shared": coverage.includes_shared},
        shared_ids=[account.pk for account in coverage.accounts if account.user_id != actor.pk],
        at=at,
    )


def request_everything(*, actor: User, at: datetime) -> Export:
    """Request all data the actor owns. The view or API has already asked for a second factor."""
    return _request(actor=actor, kind=Kind.EVERYTHING, title="All my data", params={}, at=at)


@db_transaction.atomic
def _request(
    *,
    actor: User,
    kind: str,
    title: str,
    params: dict,
    at: datetime,
    shared_ids: list[int] | None = None,
) -> Export:
    """Create a waiting export; the same request made again returns the one already waiting."""
    mine = Export.objects.filter(user=actor)
    waiting = mine.unfinished().filter(kind=kind, params=params).first()
    if waiting is not None:
        return waiting
    if mine.count() >= EXPORTS_KEPT:
        raise ValidationError(f"You already have {EXPORTS_KEPT} files. Delete some first.")
    export = Export(
        user=actor,
        kind=kind,
        title=title,
        params=params,
        shared_ids=shared_ids or [],
        heard_at=at,
        expires_at=at + EXPORTS_FOR,
    )
    export.full_clean()
    export.save(force_insert=True)
    trail.record(
        actor=actor, action="insights.export.requested", target=export, kind=kind, params=params
    )
    return export


# --- Making -------------------------------------------------------------------------------------


def run_export(*, export_id: int, at: datetime) -> None:
    """Make the file. Does nothing if it is ready or another run is making it."""
    export = _claim(export_id, at)
    if export is None:
        return
    try:
        with TemporaryFile() as file:
            name = MAKERS[export.kind](export, file, at, partial(_report, export))
            _hand_over(export, file, name)
    except _OvertakenError:
        return
    except (ExportRefusedError, PdfUnavailableError) as refusal:
        _fail(export, str(refusal))
    except OperationalError:
        raise  # The database is unavailable; the sweep will start another run.
    except Exception:
        _fail(export, NOT_FINISHED)
        raise


def _claim(export_id: int, at: datetime) -> Export | None:
    """Compare and set: only one run can claim an export."""
    claim = secrets.token_hex(16)
    free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, heard_at__lt=at - EXPORT_SILENT_FOR)
    won = Export.objects.filter(free, pk=export_id, attempts__lt=EXPORT_ATTEMPTS).update(
        status=Status.RUNNING, claim=claim, heard_at=at, progress=0, attempts=F("attempts") + 1
    )
    if not won:
        return None
    return Export.objects.select_related("user").filter(pk=export_id, claim=claim).first()


def _report(export: Export, percent: int) -> None:
    """Report progress as a sign of life; raises if the export is no longer this run's."""
    mine = Export.objects.filter(pk=export.pk, claim=export.claim, status=Status.RUNNING)
    if not mine.update(progress=min(99, percent), heard_at=timezone.now()):
        raise _OvertakenError


def _hand_over(export: Export, file: IO[bytes], name: str) -> None:
    """Attach the whole file to the export in one commit."""
    size, digest = file.tell(), hashlib.sha256()
    file.seek(0)
    with db_transaction.atomic():
        locked = _locked_own(export)
        ExportPiece.objects.filter(export=locked).delete()
        for number, content in enumerate(iter(partial(file.read, EXPORT_PIECE_BYTES), b"")):
            digest.update(content)
            ExportPiece.objects.create(export=locked, number=number, content=content)
        locked.status, locked.progress, locked.error = Status.DONE, 100, ""
        locked.file_name, locked.size, locked.sha256 = name, size, digest.hexdigest()
        locked.finished_at = timezone.now()
        locked.save(
            update_fields=[
                *("status", "progress", "error", "file_name", "size", "sha256", "finished_at"),
            ]
        )


def _fail(export: Export, sentence: str) -> None:
    mine = Export.objects.filter(pk=export.pk, claim=export.claim, status=Status.RUNNING)
    mine.update(status=Status.FAILED, error=sentence[:300], finished_at=timezone.now())


def _locked_own(export: Export) -> Export:
    found = Export.objects.select_for_update(no_key=True).filter(
        pk=export.pk, claim=export.claim, status=Status.RUNNING
    )
    locked = found.first()
    if locked is None:
        raise _OvertakenError
    return locked


# --- Sweeping -----------------------------------------------------------------------------------


def waiting_exports(*, at: datetime) -> list[int]:
    """Exports whose message was lost or whose run died: the oldest first, a few at a time."""
    silent = Export.objects.unfinished().filter(
        heard_at__lt=at - EXPORT_SILENT_FOR,
        heard_at__gte=at - WORK_GIVEN_UP_AFTER,
        attempts__lt=EXPORT_ATTEMPTS,
    )
    return list(silent.order_by("heard_at", "pk").values_list("pk", flat=True)[:EXPORTS_AT_ONCE])


def give_up_exports(*, at: datetime) -> int:
    """Fail exports that three runs could not make or no worker picked up, so the owner knows."""
    silent = Q(heard_at__lt=at - EXPORT_SILENT_FOR, attempts__gte=EXPORT_ATTEMPTS)
    forgotten = Q(heard_at__lt=at - WORK_GIVEN_UP_AFTER)
    stuck = Export.objects.unfinished().filter(silent | forgotten)
    return stuck.update(status=Status.FAILED, error=NOT_FINISHED, finished_at=at)


def purge_exports(*, at: datetime, limit: int = 1_000) -> int:
    """Delete expired files with their rows, a hundred to a commit; returns how many."""
    count = 0
    while count < limit:
        with db_transaction.atomic():
            old = Export.objects.filter(expires_at__lte=at).order_by("expires_at")
            ids = list(old.values_list("pk", flat=True)[:100])
            if not ids:
                break
            ExportPiece.objects.filter(export__in=ids).delete()
            count += Export.objects.filter(pk__in=ids).delete()[0]
            trail.record(actor=None, action="insights.export.expired", count=len(ids))
    return count


# --- Fetching -----------------------------------------------------------------------------------


def fetch_export(*, actor: User, export: Export) -> Iterator[bytes]:
    """Yield the file in pieces; the download is in the audit trail before the first piece."""
    trail.record(
        actor=actor, action="insights.export.downloaded", target=export, sha256=export.sha256
    )
    return _pieces(export)


def _pieces(export: Export) -> Iterator[bytes]:
    pieces = ExportPiece.objects.filter(export=export).order_by("number")
    for number in list(pieces.values_list("number", flat=True)):
        yield bytes(pieces.values_list("content", flat=True).get(number=number))


@db_transaction.atomic
def delete_export(*, actor: User, export: Export) -> None:
    """Delete a file before it expires; a run that is making it notices and stops."""
    pk, kind = export.pk, export.kind
    ExportPiece.objects.filter(export=pk).delete()
    Export.objects.filter(pk=pk).delete()
    trail.record(
        actor=actor,
        action="insights.export.deleted",
        owner_id=export.user_id,
        export=pk,
        kind=kind,
    )


def is_small(export: Export, most_lines: int) -> bool:
    """Whether the request may wait for it: only a statement with few transactions."""
    return export.kind == Kind.STATEMENT and export.params["line_count"] <= most_lines
