"""A bank connection fails: alert at once if its owner must act, otherwise after the second failure.

One alert per series of failures, however long it lasts.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from django.urls import reverse

from accounts.models import SyncRun
from alerts.facts import Fact, People
from alerts.models import Alert, AlertType
from alerts.scanners.import_finished import LATE_DAYS, moments
from banking.kernel.narrowing import sure
from banking.kernel.periods import Period
from banking.limits import SYNC_FAILURES_TO_TELL
from users.timezones import local_date

KINDS = (AlertType.SYNC_FAILED,)


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on - timedelta(days=LATE_DAYS), on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    _, until = moments(days)
    ended = (SyncRun.Status.DONE, SyncRun.Status.FAILED)
    runs = SyncRun.objects.filter(
        connection__user_id__in=people.ids, status__in=ended, ended_at__lt=until
    ).select_related("connection")
    connection_id, streak, is_told = None, 0, False
    for run in runs.order_by("connection_id", "pk").iterator(chunk_size=2000):
        if run.connection_id != connection_id or run.status == SyncRun.Status.DONE:
            connection_id, streak, is_told = run.connection_id, 0, False
        if run.status == SyncRun.Status.DONE or is_told:
            continue
        streak += 1
        if run.needs_owner or streak >= SYNC_FAILURES_TO_TELL:
            is_told = True
            on = local_date(people.by_id[run.connection.user_id].timezone, sure(run.ended_at))
            if on in days and run.connection.disconnected_at is None:
                yield judge(run, on, people)


def judge(run: SyncRun, on: date, people: People) -> Fact:
    bank = run.connection.institution_name
    return Fact(
        user=people.by_id[run.connection.user_id],
        type=AlertType.SYNC_FAILED,
        key=f"sync_failed:{run.pk}",
        on=on,
        sentence=[f"{bank} isn't syncing. {run.error}"],
        severity=Alert.Severity.WARNING,
        link=reverse("transactions:connection_detail", args=[run.connection_id]),
        transactions_link="",
    )
