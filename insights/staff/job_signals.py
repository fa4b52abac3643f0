"""Records how each Celery task ended. Imported by insights/apps.py."""

from time import monotonic
from typing import Any

import structlog
from celery.signals import task_postrun, task_prerun
from django.db import DatabaseError
from django.utils import timezone

from insights.staff.job_log import record_run

logger = structlog.get_logger(__name__)
_begun: dict[str, float] = {}


@task_prerun.connect
def begin(task_id: str, task: Any, **_: Any) -> None:
    """Remember the start time, in this process."""
    if not task.request.is_eager:
        _begun[task_id] = monotonic()


@task_postrun.connect
def end(task_id: str, task: Any, retval: Any = None, state: str | None = None, **_: Any) -> None:
    """Record the outcome. If the database is down, only this record is lost."""
    begun = _begun.pop(task_id, None)
    if begun is None or state not in ("SUCCESS", "FAILURE"):
        return
    is_error = isinstance(retval, BaseException)
    try:
        record_run(
            name=task.name,
            at=timezone.now(),
            duration_ms=int((monotonic() - begun) * 1000),
            result="" if is_error or retval is None else str(retval),
            error=f"{type(retval).__name__}: {retval}" if is_error else "",
        )
    except DatabaseError as error:
        logger.warning("job_outcome_not_kept", job=task.name, reason=type(error).__name__)
