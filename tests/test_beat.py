"""The schedule: migrate installs it, and an operator's changes to it stay."""

from datetime import timedelta

import pytest
from celery.schedules import crontab
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from banking.beat import install_schedule

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
