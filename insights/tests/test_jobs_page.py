"""The page of jobs and health: schedules in words, results in words, and starting a job."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from banking.beat import install_schedule
from insights.staff.figures import LEDGER_JOB
from insights.staff.job_log import record_run
from insights.staff.jobs import health, jobs, run_now, schedule_words
from tests.builders import make_user
from users.models import AuditEvent, User
from users.services.people import set_role

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def staff(role: str, **over) -> User:
    return set_role(actor=None, user=make_user(f"{role}@staff.example", **over), role=role)


@pytest.fixture(autouse=True)
def schedule(db):
    install_schedule()


def task_named(name: str) -> PeriodicTask:
    return PeriodicTask.objects.get(name=name)


@pytest.mark.parametrize(
    ("name", "zone", "words"),
    [
        ("nightly-ledger-check", "UTC", "Daily at 03:10"),
        ("nightly-ledger-check", "America/New_York", "Daily at 22:10"),
        ("nightly-ledger-check", "Asia/Kolkata", "Daily at 08:40"),
        ("alert-scan", "UTC", "Every 15 minutes"),
        ("bank-sync", "UTC", "Every minute"),
        ("bills-reminders", "UTC", "Hourly, 3 minutes past"),
        ("bills-points", "UTC", "Every 15 minutes"),
        ("deliver-notifications", "UTC", "Every 20 seconds"),
    ],
)
def test_schedules_are_described_in_words_and_the_readers_time_zone(name, zone, words):
    with timezone.override(zone):
        assert schedule_words(task_named(name), NOON) == words


def test_a_job_shows_its_last_and_next_run_and_its_result():
    record_run(name=LEDGER_JOB, at=NOON, duration_ms=1234, result="True")
    record_run(name="bills.tasks.remind_of_bills", at=NOON, duration_ms=5, error="Boom: no")
    PeriodicTask.objects.filter(name="alert-scan").update(enabled=False)
    PeriodicTask.objects.filter(name="nightly-ledger-check").update(last_run_at=NOON)
    found = {job.name: job for job in jobs(timezone.now())}
    assert found["Nightly ledger check"].result == "Passed."
    assert found["Bills reminders"].result.startswith("Failed: Boom")
    assert found["Purge"].result == "Has not run yet."
    assert found["Alert scan"].next_at is None
    # Not run for months: due at once.
    now = timezone.now()
    late = {job.name: job for job in jobs(now)}["Nightly ledger check"].next_at
    assert late == now
    PeriodicTask.objects.filter(name="nightly-ledger-check").update(last_run_at=now)
    due = {job.name: job for job in jobs(now)}["Nightly ledger check"].next_at
    assert timedelta(0) < due - now <= timedelta(days=1)


def test_checks_show_the_day_they_last_passed():
    def words(title: str) -> tuple:
        return next((s.is_well, s.words) for s in health(timezone.now()) if s.title == title)

    assert words("Ledger check") == (None, "Has not run yet.")
    record_run(name=LEDGER_JOB, at=NOON, duration_ms=1, result="True")
    assert words("Ledger check") == (True, "Last passed on 2026-01-15 12:00.")
    record_run(name=LEDGER_JOB, at=NOON, duration_ms=1, result="False")
    assert words("Ledger check") == (False, "Found problems on 2026-01-15 12:00. See the log.")
    assert words("Database")[0] is True
    assert words("Cache")[0] is True


def test_an_admin_starts_a_job_and_the_trail_records_it(client_for):
    admin, job = staff("admin"), task_named("purge")
    client = client_for(admin)
    assert "Run now" in client.get(reverse("admin:jobs")).content.decode()
    answer = client.post(reverse("admin:job_run", args=[job.pk]))
    assert answer["Location"] == reverse("admin:jobs")
    event = AuditEvent.objects.get(action="insights.job.run")
    assert (event.actor, event.changes) == (admin, {"job": "purge"})


def test_only_admins_can_start_a_job(client_for):
    job = task_named("purge")
    for role, status in (("support", 403), ("auditor", 403), ("user", 302)):
        user = staff(role)
        client = client_for(user)
        assert client.post(reverse("admin:job_run", args=[job.pk])).status_code == status
        with pytest.raises(PermissionDenied):
            run_now(actor=user, job=job)
        page = client.get(reverse("admin:jobs"))
        assert page.status_code == {"support": 403, "auditor": 200, "user": 302}[role]
        assert b"Run now" not in page.content
    client = client_for(staff("admin"))
    assert client.post(reverse("admin:job_run", args=[987_654_321])).status_code == 404
    assert client.get(reverse("admin:job_run", args=[job.pk])).status_code == 405
    assert not AuditEvent.objects.filter(action="insights.job.run").exists()
