"""The state of the product for `/metrics`, read from the database when Prometheus asks.

Whatever process answers shows the same. Counts of what one process did are in
banking/kernel/counters.py.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from accounts.models import BankConnection, HeldRate, RateFetch, SyncRun
from banking.kernel.snapshot import read_snapshot
from insights.models import Export, JobState
from insights.staff.figures import AUDIT_JOB, LEDGER_JOB, RECENT, queue_length
from insights.staff.jobs import HEARTBEAT_JOB
from transactions.models import Change, ImportBatch
from users.models import AuditChain, Notification

Sample = tuple[tuple[str, ...], float]


def read_state(at: datetime) -> Iterator[Metric]:
    """All families, in a fixed number of queries of one snapshot; the queue asks the broker."""
    queue = queue_length()
    yield _gauge("banking_broker_up", "Whether the broker answers.", queue is not None)
    if queue is not None:
        yield _gauge("banking_queue_messages", "Messages that wait for a worker.", queue)
    with read_snapshot():
        yield from _database()
        yield from _jobs(at)
        yield from _waiting(at)
        yield from _outbox(at)
        yield from _banks(at)
        yield from _rates(at)
        yield from _audit()


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _by(name: str, text: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family


def _age(at: datetime, since: datetime | None) -> float:
    """Seconds; 0 if there is nothing to be old."""
    return max(0.0, (at - since).total_seconds()) if since else 0.0


def _database() -> Iterator[Metric]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(state, 'other'), COUNT(*) FROM pg_stat_activity"
            " WHERE datname = current_database() GROUP BY 1"
        )
        samples = [((state,), count) for state, count in cursor.fetchall()]
        cursor.execute("SELECT current_setting('max_connections')::int")
        [most] = cursor.fetchone()
    yield _by("banking_database_connections", "Connections to this database.", ("state",), samples)
    yield _gauge("banking_database_connections_max", "Connections the server allows.", most)


def _jobs(at: datetime) -> Iterator[Metric]:
    states = list(JobState.objects.all())
    runs = CounterMetricFamily("banking_job_runs", "Runs of each background job.", labels=["job"])
    failures = CounterMetricFamily("banking_job_failures", "Its failed runs.", labels=["job"])
    for state in states:
        runs.add_metric([state.name], state.run_count)
        failures.add_metric([state.name], state.failure_count)
    yield runs
    yield failures
    label = ("job",)
    yield _by(
        "banking_job_duration_seconds",
        "How long its last run took.",
        label,
        [((state.name,), state.duration_ms / 1000) for state in states],
    )
    yield _by(
        "banking_job_age_seconds",
        "Since its last run.",
        label,
        [((state.name,), _age(at, state.finished_at)) for state in states],
    )
    yield _by(
        "banking_job_failed",
        "Whether its last run failed.",
        label,
        [((state.name,), state.outcome == JobState.Outcome.FAILED) for state in states],
    )
    known = {state.name: state for state in states}
    heart = known.get(HEARTBEAT_JOB)
    if heart is not None:
        silent = _age(at, heart.finished_at)
        yield _gauge("banking_worker_silent_seconds", "Since a worker last ran a job.", silent)
    checks = {"ledger": known.get(LEDGER_JOB), "audit": known.get(AUDIT_JOB)}
    done = {name: state for name, state in checks.items() if state is not None}
    yield _by(
        "banking_check_passed",
        "Whether the last nightly check held.",
        ("check",),
        [((name,), state.result == "True") for name, state in done.items()],
    )
    yield _by(
        "banking_check_age_seconds",
        "Since the last nightly check.",
        ("check",),
        [((name,), _age(at, state.finished_at)) for name, state in done.items()],
    )


def _waiting(at: datetime) -> Iterator[Metric]:
    """Work that is stored and not done: what a lost message or a missing worker leaves."""
    status = ImportBatch.Status
    kinds: dict[str, QuerySet[Any]] = {
        "import": ImportBatch.objects.filter(status__in=[status.UPLOADED, status.IMPORTING]),
        "change": Change.objects.filter(status__in=[Change.Status.RUNNING, Change.Status.UNDOING]),
        "export": Export.objects.filter(status__in=[Export.Status.QUEUED, Export.Status.RUNNING]),
        "sync": SyncRun.objects.filter(status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]),
    }
    found = {
        kind: rows.order_by().aggregate(count=Count("pk"), since=Min("created_at"))
        for kind, rows in kinds.items()
    }
    label = ("kind",)
    yield _by(
        "banking_work_waiting",
        "Imports, changes, exports and syncs that wait or run.",
        label,
        [((kind,), row["count"]) for kind, row in found.items()],
    )
    yield _by(
        "banking_work_oldest_seconds",
        "The age of the oldest of them.",
        label,
        [((kind,), _age(at, row["since"])) for kind, row in found.items()],
    )


def _outbox(at: datetime) -> Iterator[Metric]:
    recent = Notification.objects.filter(created_at__gte=at - RECENT).order_by()
    counts = dict(recent.values_list("status").annotate(count=Count("pk")))
    yield _by(
        "banking_outbox_messages",
        "Messages of the last seven days.",
        ("status",),
        [((status,), counts.get(status, 0)) for status in Notification.Status.values],
    )
    due = Notification.objects.filter(status=Notification.Status.PENDING, due_at__lte=at)
    oldest = due.order_by().aggregate(since=Min("due_at"))["since"]
    yield _gauge(
        "banking_outbox_oldest_seconds", "How late the latest message is.", _age(at, oldest)
    )


def _banks(at: datetime) -> Iterator[Metric]:
    live = BankConnection.objects.filter(disconnected_at=None).order_by()
    yield _by(
        "banking_bank_connections",
        "Connections to banks.",
        ("provider", "status"),
        [
            ((provider, status), count)
            for provider, status, count in live.values_list("provider", "status").annotate(
                count=Count("pk")
            )
        ],
    )
    recent = SyncRun.objects.filter(created_at__gte=at - RECENT).order_by()
    counts = dict(recent.values_list("status").annotate(count=Count("pk")))
    yield _by(
        "banking_bank_syncs",
        "Syncs of the last seven days.",
        ("status",),
        [((status,), counts.get(status, 0)) for status in SyncRun.Status.values],
    )


def _rates(at: datetime) -> Iterator[Metric]:
    newest = RateFetch.objects.order_by().aggregate(
        at=Max("asked_at", filter=Q(has_succeeded=True))
    )["at"]
    if newest is not None:
        yield _gauge(
            "banking_rates_age_seconds", "Since exchange rates last arrived.", _age(at, newest)
        )
    held = HeldRate.objects.filter(status=HeldRate.Status.HELD).count()
    yield _gauge("banking_rates_held", "Implausible rates that wait for staff.", held)


def _audit() -> Iterator[Metric]:
    heads = AuditChain.objects.order_by().aggregate(count=Count("pk"), events=Sum("length"))
    yield _gauge("banking_audit_chains", "Chains of the audit trail.", heads["count"])
    yield _gauge("banking_audit_events", "Events by the chains' heads.", heads["events"] or 0)
    yield _gauge(
        "banking_audit_anchor",
        "Whether the signed heads are stored outside the database.",
        settings.AUDIT_ANCHOR.exists(),
    )
