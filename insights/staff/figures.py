"""Platform figures for staff: users, volume of money, and problems."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from allauth.usersessions.models import UserSession
from celery import current_app
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncMonth
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from accounts.models import Account, HeldRate, RateFetch
from banking.kernel.periods import add_months, first_of_month
from banking.kernel.snapshot import read_snapshot
from banking.kernel.waking import publishing_connection
from insights.models import Export, JobState
from transactions.models import Change, ImportBatch, MonthlyTotal
from users.models import AuditChain, Notification, RefreshSession, User

MONTHS = 12
RECENT = timedelta(days=7)
ACTIVE = timedelta(days=30)
# A message that waits longer than this means no worker is running.
OVERDUE = timedelta(minutes=15)
LEDGER_JOB = "insights.tasks.check_ledger_nightly"
AUDIT_JOB = "users.tasks.verify_audit_nightly"


@dataclass(frozen=True, slots=True)
class Volume:
    """Money that moved this month in one currency."""

    currency: str
    inflow: Decimal
    outflow: Decimal
    transactions: int


@dataclass(frozen=True, slots=True)
class Month:
    """One month's figures."""

    month: date
    transactions: int
    sign_ups: int


@dataclass(frozen=True, slots=True)
class Check:
    """A nightly check: passed, failed, or not run yet (None)."""

    passed: bool | None
    at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class People:
    """User counts."""

    total: int
    active: int
    signed_up: int
    deactivated: int
    by_role: dict[str, int]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Counts of problems; all zero on a good day."""

    failed_jobs: int
    failed_imports: int
    failed_changes: int
    failed_exports: int
    failed_notifications: int
    overdue_notifications: int
    sync_errors: int
    held_rates: int

    @property
    def total(self) -> int:
        return sum(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Counts:
    """What takes longer to count the more people and transactions there are."""

    at: datetime
    people: People
    accounts: int
    volume: list[Volume]
    months: list[Month]
    notifications: dict[str, int]
    trouble: Trouble
    chains: int
    events: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the jobs, their queue and the rate sources are right now."""

    jobs: list[JobState]
    queue: int | None
    sources: list[RateFetch]
    ledger: Check
    audit: Check


def counts_at(at: datetime) -> Counts:
    """The counts at one moment."""
    with read_snapshot():
        return _counted(at, list(JobState.objects.all()), _last_fetches())


def health_now() -> Health:
    """The state of the jobs, read from few rows however large the platform is."""
    return _health(queue_length())


def _health(queue: int | None) -> Health:
    jobs = list(JobState.objects.all())
    return Health(
        jobs=jobs,
        queue=queue,
        sources=_last_fetches(),
        ledger=_check(jobs, LEDGER_JOB),
        audit=_check(jobs, AUDIT_JOB),
    )


def _counted(at: datetime, jobs: list[JobState], sources: list[RateFetch]) -> Counts:
    chains = AuditChain.objects.aggregate(count=Count("pk"), events=Sum("length"))
    people, signed_up = _people(at)
    return Counts(
        at=at,
        people=people,
        accounts=Account.objects.filter(deleted_at=None).count(),
        volume=_volume(at.date()),
        months=_months(at, signed_up),
        notifications=_notifications(at),
        trouble=_trouble(at, jobs, sources),
        chains=chains["count"],
        events=chains["events"] or 0,
    )


def queue_length() -> int | None:
    """Messages waiting for a worker; None if the broker does not answer or does not support it."""
    try:
        with publishing_connection().clone() as broker:
            name = current_app.conf.task_default_queue
            try:
                return int(broker.default_channel.queue_declare(name, passive=True).message_count)
            except broker.channel_errors:
                return 0  # Redis deletes an empty queue.
    except (KombuError, RedisError, OSError):
        return None


def _people(at: datetime) -> tuple[People, dict[date, int]]:
    """The counts, and how many signed up in each month: one walk through the table for all."""
    since = at - ACTIVE
    seen = (
        Q(last_login__gte=since)
        | Q(pk__in=UserSession.objects.filter(last_seen_at__gte=since).values("user"))
        | Q(pk__in=RefreshSession.objects.filter(created_at__gte=since).values("user"))
    )
    rows = User.objects.order_by("role").values("role", month=TruncMonth("created_at"))
    by_role: Counter[str] = Counter()
    by_month: Counter[date] = Counter()
    active = signed_up = deactivated = 0
    for row in rows.annotate(
        total=Count("pk"),
        active=Count("pk", filter=seen & Q(is_active=True)),
        signed_up=Count("pk", filter=Q(created_at__gte=since)),
        deactivated=Count("pk", filter=Q(is_active=False)),
    ):
        by_role[row["role"]] += row["total"]
        by_month[row["month"].date()] += row["total"]
        active += row["active"]
        signed_up += row["signed_up"]
        deactivated += row["deactivated"]
    people = People(by_role.total(), active, signed_up, deactivated, dict(by_role))
    return people, by_month


def _volume(on: date) -> list[Volume]:
    rows = (
        MonthlyTotal.objects.filter(month=first_of_month(on), account__deleted_at=None)
        .order_by("account__currency")
        .values("account__currency")
        .annotate(money_in=Sum("inflow"), money_out=Sum("outflow"), count=Sum("transaction_count"))
    )
    return [
        Volume(row["account__currency"], row["money_in"], row["money_out"], row["count"])
        for row in rows
    ]


def _months(at: datetime, signed_up: dict[date, int]) -> list[Month]:
    last = first_of_month(at.date())
    months = [add_months(last, -back) for back in reversed(range(MONTHS))]
    counted = dict(
        MonthlyTotal.objects.filter(month__gte=months[0], account__deleted_at=None)
        .order_by("month")
        .values_list("month")
        .annotate(count=Sum("transaction_count"))
    )
    return [Month(month, counted.get(month, 0), signed_up.get(month, 0)) for month in months]


def _notifications(at: datetime) -> dict[str, int]:
    rows = Notification.objects.filter(created_at__gte=at - RECENT).order_by("status")
    counts = dict(rows.values_list("status").annotate(count=Count("pk")))
    return {status: counts.get(status, 0) for status in Notification.Status.values}


def _trouble(at: datetime, jobs: list[JobState], sources: list[RateFetch]) -> Trouble:
    since = at - RECENT
    status = Notification.Status
    messages = Notification.objects.aggregate(
        failed=Count(
            "pk", filter=Q(created_at__gte=since, status__in=[status.FAILED, status.UNKNOWN])
        ),
        overdue=Count("pk", filter=Q(status=status.PENDING, due_at__lt=at - OVERDUE)),
    )
    recent = Q(updated_at__gte=since)
    return Trouble(
        failed_jobs=sum(1 for job in jobs if job.outcome == JobState.Outcome.FAILED),
        failed_imports=ImportBatch.objects.filter(recent, status="failed").count(),
        failed_changes=Change.objects.filter(recent).exclude(error="").count(),
        failed_exports=Export.objects.filter(created_at__gte=since, status="failed").count(),
        failed_notifications=messages["failed"],
        overdue_notifications=messages["overdue"],
        sync_errors=sum(1 for fetch in sources if not fetch.has_succeeded),
        held_rates=HeldRate.objects.filter(status=HeldRate.Status.HELD).count(),
    )


def _last_fetches() -> list[RateFetch]:
    """The last response of each exchange rate source."""
    last = RateFetch.objects.order_by().values("source").annotate(last=Max("pk")).values("last")
    return list(RateFetch.objects.filter(pk__in=last).order_by("source"))


def _check(jobs: list[JobState], name: str) -> Check:
    job = next((job for job in jobs if job.name == name), None)
    if job is None:
        return Check(None, None, "has not run yet.")
    if job.outcome == JobState.Outcome.FAILED:
        return Check(False, job.finished_at, "could not be completed.")
    passed = job.result == "True"
    return Check(passed, job.finished_at, "" if passed else "found problems. See the log.")
