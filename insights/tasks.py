"""Background tasks that concern every app. Each task is safe to repeat."""

import logging

from celery import shared_task
from django.utils import timezone

from banking.kernel.waking import wake
from insights.exports import erasing, exporting
from insights.staff import month_counts, platform_counts
from insights.whole_ledger import check_whole_ledger

logger = logging.getLogger(__name__)


@shared_task
def check_ledger_nightly() -> bool:
    """Verify every figure and promise against the rows. Violations are logged as errors."""
    report = check_whole_ledger()
    if not report.is_clean:
        logger.error("ledger_violations", extra={"violations": report.violation_count})
    return report.is_clean


@shared_task
def count_months() -> int:
    """Count what happened in each month, for the charts of jobs and health; returns how many."""
    return month_counts.count_months(timezone.now())


@shared_task
def count_platform() -> int:
    """Count the platform's people, accounts, money and problems, for the staff home."""
    return platform_counts.count_platform(timezone.now())


@shared_task
def finish_erasures() -> int:
    """Erase what requests wrote during an erasure in the last two days."""
    return erasing.finish_erasures(at=timezone.now())


@shared_task
def make_export(export_id: int) -> None:
    """Make a requested file, unless another run is making it."""
    exporting.run_export(export_id=export_id, at=timezone.now())


@shared_task
def resume_exports() -> int:
    """Queue files again whose message was lost or whose worker died; returns how many."""
    now = timezone.now()
    exporting.give_up_exports(at=now)
    waiting = exporting.waiting_exports(at=now)
    for export_id in waiting:
        wake(make_export, export_id)
    return len(waiting)


@shared_task
def purge_exports() -> int:
    """Delete expired files; returns how many."""
    return exporting.purge_exports(at=timezone.now())
