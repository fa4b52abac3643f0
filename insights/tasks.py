"""Work away from the request that concerns every app. Each task is safe to repeat."""

from celery import shared_task
from django.utils import timezone

from banking.kernel.waking import wake
from insights.exports import erasing, exporting


@shared_task
def finish_erasures() -> int:
    """Erase what requests wrote beside an erasure of the last two days."""
    return erasing.finish_erasures(at=timezone.now())


@shared_task
def make_export(export_id: int) -> None:
    """Make the file somebody asked for, unless another run does."""
    exporting.run_export(export_id=export_id, at=timezone.now())


@shared_task
def resume_exports() -> int:
    """Ask again for files whose message was lost or whose worker died; returns how many."""
    now = timezone.now()
    exporting.give_up_exports(at=now)
    waiting = exporting.waiting_exports(at=now)
    for export_id in waiting:
        wake(make_export, export_id)
    return len(waiting)


@shared_task
def purge_exports() -> int:
    """Delete the files that have been kept for a week; returns how many."""
    return exporting.purge_exports(at=timezone.now())
