"""The default schedule: `migrate` installs it, and the admin site changes it afterward.

Celery's own scheduler overwrites every timing with the code's at each start, so an operator's
change would last only until the next deploy. Here a default is installed once. Each entry stores
(in its description) the default it was created from: if its timing still equals that one, a new
default replaces it; if somebody changed it, their choice stays. Jobs removed from the code are
removed here.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from celery.schedules import maybe_schedule
from celery.utils.time import maybe_make_aware
from django.conf import settings
from django.db import transaction as db_transaction
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

MARK = "Default: "
# Longer than between any two runs.
LONG_AGO = timedelta(days=3_660)
TIMINGS = ("interval", "crontab", "solar", "clocked")


class InstalledEntry(ModelEntry):
    """An entry that is due if its last run is in the future: the clock was set back, and to wait
    until it comes there again could take years. To run once more than planned does no harm.
    """

    last_run_at: datetime

    def is_due(self) -> Any:
        now = self._default_now()
        if maybe_make_aware(self.last_run_at) > now:
            self.last_run_at = now - LONG_AGO
        return super().is_due()


class InstalledScheduler(DatabaseScheduler):
    """Runs the entries in the database; `migrate` has created all of them."""

    Entry = InstalledEntry
    _last_tick = 0.0

    def tick(self, *args: Any, **options: Any) -> Any:
        """Plan anew if the clock was set back: entries planned by the old one would come last."""
        if time.time() < self._last_tick:
            self._heap = None
        self._last_tick = time.time()
        return super().tick(*args, **options)

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
