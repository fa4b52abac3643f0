"""The default schedule: `migrate` installs it, and the admin site changes it afterward.

Celery's own scheduler overwrites every timing with the code's at each start, so an operator's
change would last only until the next deploy. Here a default is installed once. Each entry stores
(in its description) the default it was created from: if its timing still equals that one, a new
default replaces it; if somebody changed it, their choice stays. Jobs removed from the code are
removed here.
"""

from typing import Any

from celery.schedules import maybe_schedule
from django.conf import settings
from django.db import transaction as db_transaction
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

MARK = "Default: "
TIMINGS = ("interval", "crontab", "solar", "clocked")


class InstalledScheduler(DatabaseScheduler):
    """Runs the entries in the database; `migrate` has created all of them."""

    def setup_schedule(self) -> None:
        install_schedule()


@db_transaction.atomic
def install_schedule() -> list[str]:
    """Update the database's entries to the code's defaults; returns the names that changed.

    Safe to run concurrently: names are unique, so the second run finds the entries of the first.
    """
    ours = PeriodicTask.objects.select_for_update().filter(description__startswith=MARK)
    stored = {row.name: row for row in ours.order_by("pk")}
    changed = []
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        row = stored.pop(name, None) or PeriodicTask.objects.filter(name=name).first()
        if _install(row or PeriodicTask(name=name), entry):
            changed.append(name)
    for name, row in stored.items():
        row.delete()
        changed.append(name)
    return changed


def _install(row: PeriodicTask, entry: dict[str, Any]) -> bool:
    timing, field = ModelEntry.to_model_schedule(maybe_schedule(entry["schedule"]))
    default = f"{MARK}{timing}"
    expires = entry.get("options", {}).get("expire_seconds")
    is_new, is_untouched = row.pk is None, row.description == f"{MARK}{_timing_of(row)}"
    wanted = {"task": entry["task"], "expire_seconds": expires}
    if is_new or is_untouched:
        wanted |= {name: timing if name == field else None for name in TIMINGS}
        wanted["description"] = default
    elif not row.description.startswith(MARK):
        # Entries older than this module: assume that someone chose their timing.
        wanted["description"] = default
    differing = {name for name, value in wanted.items() if getattr(row, name) != value}
    if not differing:
        return False
    for name in differing:
        setattr(row, name, wanted[name])
    row.save()
    return True


def _timing_of(row: PeriodicTask) -> Any:
    return next((value for value in (getattr(row, name) for name in TIMINGS) if value), None)
