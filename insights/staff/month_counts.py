"""How often things happened and failed in each of the last twelve months (UTC).

A job counts them in the background, so that the page reads a few dozen rows however many there are
of what they count.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.db.models import Count, F, Q, QuerySet

from accounts.models import SyncRun
from banking.kernel.periods import add_months, first_of_month
from insights.models import JobState, MonthCount
from transactions.models import ImportBatch
from users.models import AuditEvent, Notification

MONTHS = 12
# A row can still change, or be deleted, a while after it was made: these months are counted again.
RECOUNTED = 2
JOB = "insights.tasks.count_months"
Subject = MonthCount.Subject
_REFUSED = ("users.sign_in.failed", "users.sign_in.locked")
_SIGN_INS = ("users.sign_in.succeeded", *_REFUSED)
# What is counted, by `created_at`, and which of it failed. Job runs are counted as they end.
_ROWS: dict[Subject, tuple[Callable[[], QuerySet[Any]], Q | None]] = {
    Subject.MESSAGES: (Notification.objects.all, Q(status__in=["failed", "unknown"])),
    Subject.SIGN_INS: (
        lambda: AuditEvent.objects.filter(action__in=_SIGN_INS),
        Q(action__in=_REFUSED),
    ),
    Subject.IMPORTS: (ImportBatch.objects.all, Q(status="failed")),
    Subject.SYNCS: (SyncRun.objects.all, Q(status="failed")),
    # By the trail: the files themselves are deleted after a week.
    Subject.EXPORTS: (
        lambda: AuditEvent.objects.filter(action="insights.export.requested"),
        None,
    ),
}


def last_months(at: datetime) -> list[date]:
    """The first days of the twelve months that end with this one (UTC)."""
    last = first_of_month(at.astimezone(UTC).date())
    return [add_months(last, -back) for back in reversed(range(MONTHS))]


def last_counted() -> datetime | None:
    """When the job last counted; None before the first time."""
    return JobState.objects.filter(name=JOB).values_list("finished_at", flat=True).first()


@db_transaction.atomic
def count_months(at: datetime) -> int:
    """Count this month and the last again, and earlier ones that were never counted.

    Returns how many it counted. Syncs are kept for only 90 days, so theirs begin with the first
    count.
    """
    months = last_months(at)
    again = months[-RECOUNTED:]
    known = set(MonthCount.objects.filter(month__in=months).values_list("subject", "month"))
    wanted = [
        (subject, month)
        for subject in _ROWS
        for month in months
        if month in again or ((subject, month) not in known and subject != Subject.SYNCS)
    ]
    MonthCount.objects.bulk_create(
        [_counted(subject, month) for subject, month in wanted],
        update_conflicts=True,
        unique_fields=["subject", "month"],
        update_fields=["count", "failed_count"],
    )
    return len(wanted)


def _counted(subject: Subject, month: date) -> MonthCount:
    find, failed = _ROWS[subject]
    first, after = (datetime.combine(day, time(), UTC) for day in (month, add_months(month, 1)))
    rows = find().order_by().filter(created_at__gte=first, created_at__lt=after)
    counts = {"count": Count("pk")}
    if failed is not None:
        counts["failed_count"] = Count("pk", filter=failed)
    return MonthCount(subject=subject, month=month, **rows.aggregate(**counts))


def count_job_run(*, at: datetime, is_failed: bool) -> None:
    """Count a run that just ended."""
    month = first_of_month(at.astimezone(UTC).date())
    rows = MonthCount.objects.filter(subject=Subject.JOBS, month=month)
    changes = {"count": F("count") + 1, "failed_count": F("failed_count") + int(is_failed)}
    if rows.update(**changes):
        return
    try:
        with db_transaction.atomic():
            MonthCount.objects.create(subject=Subject.JOBS, month=month)
    except IntegrityError:
        pass  # The month's first two runs ended at the same time.
    rows.update(**changes)
