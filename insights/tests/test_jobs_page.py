"""The page of jobs and health: schedules in words, results in words, and starting a job."""

import html
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from banking.beat import install_schedule
from banking.schedule import BEAT_SCHEDULE
from insights.models import MonthCount, PlatformCount
from insights.staff.figures import AUDIT_JOB, LEDGER_JOB, counts_at
from insights.staff.job_log import record_run
from insights.staff.job_words import NAMES, job_name, result_words
from insights.staff.jobs import health, jobs, run_now, schedule_words
from insights.staff.month_charts import HEIGHT, chart_of, month_charts
from insights.staff.month_counts import JOB, count_months
from insights.staff.platform_counts import count_platform, last_counts
from tests.builders import make_account, make_transaction, make_user
from tests.world import things_of
from users.audit import trail
from users.models import AuditEvent, Notification, User
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
        ("nightly-ledger-check", "UTC", "Daily at 3:10\u202fAM"),
        ("nightly-ledger-check", "America/New_York", "Daily at 10:10\u202fPM"),
        ("nightly-ledger-check", "Asia/Kolkata", "Daily at 8:40\u202fAM"),
        ("alert-scan", "UTC", "Every 15 minutes"),
        ("bank-sync", "UTC", "Every minute"),
        ("bills-reminders", "UTC", "Hourly, 3 minutes past"),
        ("bills-ahead", "UTC", "Hourly, 1 minute past"),
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
    assert found["Ledger check"].result == "Passed."
    assert found["Bills: reminders"].result.startswith("Failed: Boom")
    assert found["Empty the trash"].result == "Has not run yet."
    assert found["Alerts: full scan"].next_at is None
    # Not run for months: due at once.
    now = timezone.now()
    late = {job.name: job for job in jobs(now)}["Ledger check"].next_at
    assert late == now
    PeriodicTask.objects.filter(name="nightly-ledger-check").update(last_run_at=now)
    due = {job.name: job for job in jobs(now)}["Ledger check"].next_at
    assert timedelta(0) < due - now <= timedelta(days=1)
    assert (due.minute, due.second) == (10, 0)


def test_every_scheduled_job_has_a_name_in_words():
    assert {entry["task"] for entry in BEAT_SCHEDULE.values()} <= set(NAMES)
    assert len(set(NAMES.values())) == len(NAMES)
    assert job_name("transactions.tasks.check_import") == "Check import"


@pytest.mark.parametrize(
    ("task", "result", "words"),
    [
        (LEDGER_JOB, "True", "Passed."),
        (LEDGER_JOB, "False", "Found problems."),
        ("accounts.tasks.refresh_exchange_rates", "True", "Done."),
        ("accounts.tasks.refresh_exchange_rates", "False", "Nothing new."),
        ("users.tasks.deliver_notifications", "{}", "Nothing to do."),
        ("users.tasks.deliver_notifications", "{'sent': 3, 'not_sent': 0}", "Sent 3, not sent 0."),
        ("transactions.tasks.resume_imports", "0", "Nothing to do."),
        ("transactions.tasks.resume_imports", "4", "Done: 4."),
        ("a.job", "", "Done."),
    ],
)
def test_results_are_described_in_words(task, result, words):
    assert result_words(task, result) == words


def test_checks_show_the_day_they_last_passed():
    def words(title: str) -> tuple:
        return next((s.is_well, s.words) for s in health(timezone.now()) if s.title == title)

    assert words("Ledger check") == (None, "Has not run yet.")
    record_run(name=LEDGER_JOB, at=NOON, duration_ms=1, result="True")
    assert words("Ledger check") == (True, "Last passed on Jan 15, 2026, 12:00\u202fPM.")
    later = NOON + timedelta(days=1)
    record_run(name=LEDGER_JOB, at=later, duration_ms=1, result="False")
    held = "It last passed on Jan 15, 2026, 12:00\u202fPM."
    found = f"Found problems on Jan 16, 2026, 12:00\u202fPM; see the log. {held}"
    assert words("Ledger check") == (False, found)
    record_run(name=LEDGER_JOB, at=later, duration_ms=1, error="Boom")
    stopped = f"Could not be completed on Jan 16, 2026, 12:00\u202fPM. {held}"
    assert words("Ledger check") == (False, stopped)
    record_run(name=AUDIT_JOB, at=later, duration_ms=1, result="False")
    never = "Found problems on Jan 16, 2026, 12:00\u202fPM; see the log."
    assert words("Audit trail check") == (False, never)
    assert words("Database")[0] is True
    assert words("Cache")[0] is True


# --- Twelve months --------------------------------------------------------------------------------


def counts_of(subject: str) -> dict[str, tuple[int, int]]:
    rows = MonthCount.objects.filter(subject=subject)
    return {f"{row.month:%Y-%m}": (row.count, row.failed_count) for row in rows}


def message_of(user: User, number: int, at: datetime, status: str) -> None:
    row = Notification.objects.create(
        recipient=user, kind="bill_due", target_key=f"bill:{number}", channel="email",
        local_day=at.date(), subject="x", text="x", due_at=at, status=status,
    )  # fmt: skip
    Notification.objects.filter(pk=row.pk).update(created_at=at)


def test_months_count_what_happened_and_what_failed(alice):
    at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    for number, (when, status) in enumerate(
        [
            (datetime(2025, 3, 31, 23, 59, tzinfo=UTC), "sent"),  # before the twelve months
            (datetime(2025, 4, 1, tzinfo=UTC), "sent"),
            (datetime(2026, 2, 28, 23, 59, tzinfo=UTC), "failed"),
            (datetime(2026, 3, 1, tzinfo=UTC), "unknown"),
            (datetime(2026, 3, 14, tzinfo=UTC), "delivered"),
        ]
    ):
        message_of(alice, number, when, status)
    count_months(at)
    found = counts_of("messages")
    assert len(found) == 12
    assert (found["2025-04"], found["2025-05"]) == ((1, 0), (0, 0))
    assert (found["2026-02"], found["2026-03"]) == ((1, 1), (2, 1))
    # Syncs are not kept for twelve months, so there is no count of them.
    assert set(counts_of("syncs")) == {"2026-02", "2026-03"}


def test_refused_sign_ins_count_as_failed(alice):
    for action in ("succeeded", "failed", "locked"):
        trail.record(actor=None, action=f"users.sign_in.{action}", target=alice)
    at = AuditEvent.objects.latest("id").created_at
    count_months(at)
    assert counts_of("sign_ins")[f"{at:%Y-%m}"] == (3, 2)


def test_the_last_two_months_are_counted_again_and_earlier_ones_stay(alice):
    at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    for number, month in enumerate((1, 2, 3)):
        message_of(alice, number, datetime(2026, month, 5, tzinfo=UTC), "sent")
    count_months(at)
    Notification.objects.all().delete()
    again = count_months(at)
    assert again == 2 * 5
    found = counts_of("messages")
    assert [found[month] for month in ("2026-01", "2026-02", "2026-03")] == [(1, 0), (0, 0), (0, 0)]


def test_each_run_of_a_job_counts_in_its_month():
    for at, error in (
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), ""),
        (datetime(2026, 2, 1, tzinfo=UTC), "Boom"),
        (datetime(2026, 2, 2, tzinfo=UTC), ""),
    ):
        record_run(name="a.job", at=at, duration_ms=1, error=error)
    assert counts_of("jobs") == {"2026-01": (1, 0), "2026-02": (2, 1)}


def test_the_highest_bar_fills_the_chart_and_one_failure_can_be_seen():
    chart = chart_of("x", [(NOON.date(), 1000, 1), (NOON.date(), None, 0), (NOON.date(), 250, 0)])
    assert [bar.height for bar in chart.bars] == [HEIGHT, 0, HEIGHT / 4]
    assert [bar.failed_height for bar in chart.bars] == [3, 0, 0]
    assert (chart.most, chart.count, chart.failed) == (1000, 1250, 1)


def test_charts_of_twelve_months_have_their_tables_and_one_query(
    client_for, django_assert_num_queries
):
    now = timezone.now()
    record_run(name="a.job", at=now, duration_ms=1, error="Boom")
    count_months(now)
    with django_assert_num_queries(1):
        charts = month_charts(now)
    assert [len(chart.bars) for chart in charts] == [12] * 6
    page = client_for(staff("auditor")).get(reverse("admin:jobs")).content.decode()
    assert page.count('class="staff-chart"') == 6
    assert page.count("Show as table") == 6
    assert "1 failed" in page
    assert f'<th scope="row">{now:%B %Y}</th>' in page


# --- Running now ----------------------------------------------------------------------------------


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


def test_the_page_says_when_the_months_were_counted_and_since_when(client_for):
    client = client_for(staff("auditor"))
    page = client.get(reverse("admin:jobs")).content.decode()
    assert "The first count is still to come" in page
    assert "Not counted yet" in page
    count_months(NOON)
    record_run(name=JOB, at=NOON, duration_ms=1, result="12")
    page = client.get(reverse("admin:jobs")).content.decode()
    assert "Counted every hour, last on Jan 15, 2026, 12:00" in page
    january, february = NOON.date().replace(day=1), NOON.date().replace(month=2, day=1)
    assert chart_of("x", [(january, None, 0), (february, 3, 0)]).since == february
    assert chart_of("x", [(january, 0, 0), (february, 3, 0)]).since == january
    assert chart_of("x", [(january, None, 0)]).since is None


@pytest.mark.slow
def test_the_home_shows_what_the_job_counted_and_its_work_as_it_is(client_for):
    client = client_for(staff("auditor"))
    page = client.get("/admin/").content.decode()
    assert "figures haven't been counted yet" in html.unescape(page)
    assert "Money moved this month" not in page
    now = timezone.now()
    counted = count_platform(now)
    first = client.get("/admin/")
    assert "Figures as of" in first.content.decode()
    make_user("later@example.com")
    record_run(name="a.job", at=now, duration_ms=1, error="Boom")
    second = client.get("/admin/").context
    assert second["counts"] == first.context["counts"] == last_counts()
    assert second["counts"].people.total == counted
    assert second["failed_jobs"] == 1
    assert {queue.key: count for queue, count, _ in second["queues"]}["jobs"] == 1
    assert count_platform(now) == counted + 1
    count_platform(now - timedelta(hours=1))
    assert "The job that counts these figures is late: they are 1" in (
        client.get("/admin/").content.decode().replace("\xa0", " ")
    )


def test_stored_figures_are_those_that_were_counted(checking):
    now = timezone.now()
    make_transaction(account=checking, amount="100.12", txn_date=now.date())
    make_transaction(account=checking, amount="-12.50", txn_date=now.date())
    count_platform(now)
    kept = last_counts()
    assert kept == counts_at(now)
    assert [(sums.inflow, sums.outflow) for sums in kept.volume] == [
        (Decimal("100.12"), Decimal("12.50"))
    ]
    PlatformCount.objects.update(figures={"people": {"older": 1}})
    assert last_counts() is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "queries"), [("admin:index", 13), ("admin:jobs", 9), ("admin:customer", 17)]
)
def test_staff_pages_take_as_many_queries_as_today(client_for, alice, name, queries):
    """However much there is: customers, transactions, events."""
    client = client_for(staff("auditor"))
    url = reverse(name, args=[alice.pk] if name == "admin:customer" else [])
    found = []
    things_of(alice)
    for rows in (1, 5):
        for number in range(rows):
            make_account(user=make_user(f"p{rows}-{number}@example.com"))
            make_transaction(account=make_account(user=alice), amount="1.00")
        count_platform(timezone.now())
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        found.append(len(asked))
    assert found == [queries, queries]
