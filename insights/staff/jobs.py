"""Every scheduled job: when it runs, in the reader's time zone, and how its last run ended."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from celery import current_app
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.db import transaction as db_transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from redis.exceptions import RedisError

from accounts.models import BankConnection, ExchangeRate, RateFetch
from banking.kernel.formats import date_format
from banking.kernel.waking import BrokerAwayError, publish
from insights.models import JobState
from insights.staff.figures import AUDIT_JOB, LEDGER_JOB, queue_length
from insights.staff.job_words import NAMES, job_name, result_words
from users.audit import trail
from users.models import User
from users.policy import Ability, require

# The message job runs every 20 seconds. A worker that stays silent longer is not running.
WORKER_SILENT_AFTER = timedelta(minutes=3)
HEARTBEAT_JOB = "users.tasks.deliver_notifications"
RATES_OLD_AFTER_DAYS = 4


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of the schedule, with its last run and the next one."""

    pk: int
    name: str
    task: str
    schedule: str
    is_on: bool
    next_at: datetime | None
    state: JobState | None

    @property
    def result(self) -> str:
        """The result of the last run, in words."""
        if self.state is None:
            return "Has not run yet."
        if self.state.outcome == JobState.Outcome.FAILED:
            return f"Failed: {self.state.error}"
        return result_words(self.task, self.state.result)


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of health: whether it is good (None: unknown), with a sentence."""

    title: str
    is_well: bool | None
    words: str


# --- Jobs -----------------------------------------------------------------------------------------


def jobs(at: datetime) -> list[Job]:
    """All jobs by name, in two queries. An operator's own job has the name they gave it."""
    states = {state.name: state for state in JobState.objects.all()}
    rows = PeriodicTask.objects.select_related("interval", "crontab", "solar", "clocked")
    found = [
        Job(
            row.pk,
            job_name(row.task) if row.task in NAMES else row.name,
            row.task,
            schedule_words(row, at),
            row.enabled,
            _next_run(row, at) if row.enabled else None,
            states.get(row.task),
        )
        for row in rows.exclude(name="celery.backend_cleanup").order_by("pk")
    ]
    return sorted(found, key=lambda job: job.name.casefold())


def schedule_words(row: PeriodicTask, at: datetime) -> str:
    """ "Daily at 4:10 AM", "Every 15 minutes"; the clock is the reader's."""
    if row.crontab is None:
        return str(row.interval or row.clocked or row.solar or "–").capitalize()
    timing: CrontabSchedule = row.crontab
    if (timing.day_of_week, timing.day_of_month, timing.month_of_year) != ("*", "*", "*"):
        return f"Crontab {timing}"
    if timing.hour == "*":
        return _within_the_hour(timing.minute)
    if not (timing.hour.isdecimal() and timing.minute.isdecimal()):
        return f"Crontab {timing}"
    there = at.astimezone(timing.timezone)
    clock = there.replace(hour=int(timing.hour), minute=int(timing.minute))
    return f"Daily at {date_format(timezone.localtime(clock), 'TIME_FORMAT')}"


def _within_the_hour(minute: str) -> str:
    if minute == "*":
        return "Every minute"
    if minute.isdecimal():
        return f"Hourly, {minute} {'minute' if int(minute) == 1 else 'minutes'} past"
    _, _, step = minute.partition("/")
    return f"Every {step} minutes" if step.isdecimal() else f"In the minutes {minute}"


def _next_run(row: PeriodicTask, at: datetime) -> datetime | None:
    """When the job is due next: now if it is late. If it never ran, its next regular time."""
    if row.clocked or row.solar:
        return None
    schedule = row.schedule
    # Celery would count from its own now, which a busy machine reaches a second after `at`.
    schedule.nowfun = lambda: at
    left: timedelta = schedule.remaining_estimate(row.last_run_at or at)
    return max(at, at + left)


@db_transaction.atomic
def run_now(*, actor: User, job: PeriodicTask) -> None:
    """Queue a job outside its schedule; every job may run twice. Raises ValidationError if the
    broker does not answer or the code has no such job.
    """
    require(actor, Ability.MANAGE_USERS)
    task = current_app.tasks.get(job.task)
    if task is None:
        raise ValidationError("This job no longer exists.")
    trail.record(
        actor=actor, action="insights.job.run", target=job, owner_id=actor.pk, job=job.name
    )
    try:
        publish(task)
    except BrokerAwayError as error:
        raise ValidationError("The message broker isn't responding. Try again.") from error


# --- Health ---------------------------------------------------------------------------------------


def health(at: datetime) -> list[Sign]:
    """The state of the database, broker, worker and other things the product depends on."""
    states = {state.name: state for state in JobState.objects.all()}
    return [
        _timed("Database", lambda: connection.cursor().execute("SELECT 1")),
        _timed("Cache", lambda: cache.set("staff-health", 1, 10)),
        _queue(),
        _worker(states.get(HEARTBEAT_JOB), at),
        _check("Ledger check", states.get(LEDGER_JOB)),
        _check("Audit trail check", states.get(AUDIT_JOB)),
        _rates(at),
        *_banks(),
    ]


def _timed(title: str, probe: Callable[[], Any]) -> Sign:
    begun = perf_counter()
    try:
        probe()
    except (RedisError, OSError) as error:
        return Sign(title, False, f"Isn't responding ({type(error).__name__}).")
    spent = (perf_counter() - begun) * 1000
    return Sign(title, True, f"Responds in {'less than 1' if spent < 1 else round(spent)} ms.")


def _queue() -> Sign:
    length = queue_length()
    if length is None:
        return Sign("Queue", False, "The message broker isn't responding.")
    return Sign("Queue", True, f"{length} {'job' if length == 1 else 'jobs'} waiting.")


def _worker(state: JobState | None, at: datetime) -> Sign:
    if state is None:
        return Sign("Worker", None, "Has not run a job yet.")
    is_there = at - state.finished_at < WORKER_SILENT_AFTER
    return Sign("Worker", is_there, f"Last job on {_moment(state.finished_at)}.")


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _check(title: str, state: JobState | None) -> Sign:
    if state is None:
        return Sign(title, None, "Has not run yet.")
    day = _moment(state.finished_at)
    if state.result == "True" and state.outcome != JobState.Outcome.FAILED:
        return Sign(title, True, f"Last passed on {day}.")
    held = f"It last passed on {_moment(state.passed_at)}." if state.passed_at else ""
    if state.outcome == JobState.Outcome.FAILED:
        return Sign(title, False, f"Could not be completed on {day}. {held}".strip())
    return Sign(title, False, f"Found problems on {day}; see the log. {held}".strip())


def _rates(at: datetime) -> Sign:
    newest = ExchangeRate.objects.aggregate(day=Max("rate_on"))["day"]
    if newest is None:
        return Sign("Exchange rates", None, "No rates yet.")
    last = RateFetch.objects.first()
    is_fresh = (at.date() - newest).days <= RATES_OLD_AFTER_DAYS
    source = f", last asked: {last.source}" if last else ""
    return Sign("Exchange rates", is_fresh, f"Newest of {date_format(newest)}{source}.")


def _banks() -> Iterable[Sign]:
    """One sign per provider in use: how many of its connections work."""
    works = Count("pk", filter=Q(status=BankConnection.Status.ACTIVE))
    rows = BankConnection.objects.filter(disconnected_at=None).order_by("provider")
    counts = rows.values_list("provider").annotate(count=Count("pk"), working=works)
    for provider, count, working in counts:
        title = f"Banks: {BankConnection.Provider(provider).label}"
        broken = count - working
        yield Sign(title, broken <= working, f"{working} working, {broken} broken.")
