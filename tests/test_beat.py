"""The schedule: migrate installs it, and an operator's changes to it stay."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from celery.schedules import crontab
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from banking.beat import InstalledScheduler, install_schedule
from banking.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    PeriodicTask.objects.all().delete()


@pytest.mark.slow
def test_migrate_installs_every_entry_and_repeating_it_changes_nothing(settings):
    call_command("migrate", verbosity=0)
    rows = {row.name: row.task for row in PeriodicTask.objects.all()}
    assert rows == {name: one["task"] for name, one in settings.CELERY_BEAT_SCHEDULE.items()}
    assert install_schedule() == []


def test_operator_changes_are_kept(settings):
    install_schedule()
    row = PeriodicTask.objects.get(name="alert-scan")
    row.crontab, row.enabled = None, False
    row.interval = IntervalSchedule.objects.create(every=7, period="minutes")
    row.save()
    settings.CELERY_BEAT_SCHEDULE = settings.CELERY_BEAT_SCHEDULE | {
        "alert-scan": {"task": "alerts.tasks.scan_for_alerts", "schedule": crontab(minute="*/5")}
    }
    install_schedule()
    row.refresh_from_db()
    assert (row.interval.every, row.crontab, row.enabled) == (7, None, False)


def test_changed_defaults_replace_untouched_entries_and_dropped_entries_are_removed(settings):
    install_schedule()
    PeriodicTask.objects.create(
        name="an operator's own", task="x", interval=IntervalSchedule.objects.first()
    )
    settings.CELERY_BEAT_SCHEDULE = {
        "alert-scan": {
            "task": "alerts.tasks.scan_for_alerts",
            "schedule": timedelta(minutes=5),
        }
    }
    install_schedule()
    row = PeriodicTask.objects.get(name="alert-scan")
    assert (row.interval.every, row.crontab) == (300, None)
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == {
        "alert-scan",
        "an operator's own",
    }


class Written(InstalledScheduler):
    """A scheduler that notes what it would send, and needs no broker."""

    producer = None

    def setup_schedule(self) -> None:
        self.sent: Counter[str] = Counter()

    def apply_async(self, entry, *args, **options):
        self.sent[entry.name] += 1


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("jump", [timedelta(days=-2), timedelta(days=2)])
def test_a_clock_that_jumps_stops_no_job_and_repeats_none(jump):
    """A job of every minute and one of every ten, for half an hour before and after the jump."""
    for minutes in (1, 10):
        every = IntervalSchedule.objects.create(every=minutes, period="minutes")
        PeriodicTask.objects.create(name=f"every {minutes}", task="x", interval=every)
    with time_machine.travel(datetime(2026, 3, 10, 12, tzinfo=UTC), tick=False) as clock:
        scheduler = Written(app=app)
        for _ in range(2):
            scheduler.sent.clear()
            for _ in range(3 * 30):
                clock.shift(timedelta(seconds=20))
                scheduler.tick()
                scheduler.tick()
            assert scheduler.sent["every 1"] in {28, 29, 30, 31}
            assert scheduler.sent["every 10"] in {2, 3, 4}
            clock.shift(jump)
