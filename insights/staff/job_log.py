"""The outcome of each job: last result and counts, one row per job, and the runs of each month."""

from datetime import datetime

from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.db.models import F

from insights.models import JobState
from insights.staff.month_counts import count_job_run
from users.masking import masked_text


def record_run(
    *, name: str, at: datetime, duration_ms: int, result: str = "", error: str = ""
) -> None:
    """Record how a run ended; `error` is empty on success."""
    count_job_run(at=at, is_failed=bool(error))
    outcome = JobState.Outcome.FAILED if error else JobState.Outcome.SUCCEEDED
    changes = {
        "outcome": outcome,
        "result": result[:120],
        "finished_at": at,
        "duration_ms": duration_ms,
        "run_count": F("run_count") + 1,
    }
    if error:
        changes |= {
            "failure_count": F("failure_count") + 1,
            "failed_at": at,
            "error": masked_text(error.replace("\x00", ""))[:200],
        }
    elif result == "True":
        changes["passed_at"] = at
    rows = JobState.objects.filter(name=name)
    if rows.update(**changes):
        return
    try:
        with db_transaction.atomic():
            JobState.objects.create(
                name=name, outcome=outcome, finished_at=at, duration_ms=duration_ms
            )
    except IntegrityError:
        pass  # The job's first two runs ended at the same time.
    rows.update(**changes)
