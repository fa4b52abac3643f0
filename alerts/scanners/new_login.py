"""Somebody signed in from a network that this user had not signed in from in the 90 days before.

Once per sign-in. The very first one is no news, and neither is a second one the same day.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.formats import date_format

from alerts.facts import Fact, People
from alerts.models import Alert, AlertType
from alerts.scanners.import_finished import moments
from banking.periods import Period
from users.models import AuditEvent, User
from users.network import network_of
from users.timezones import local_date

KINDS = (AlertType.NEW_LOGIN,)
LATE_DAYS = 2
REMEMBERED = timedelta(days=90)
ACTION = "users.sign_in.succeeded"


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on - timedelta(days=LATE_DAYS), on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    users = people.by_id
    since, until = moments(days)
    events = AuditEvent.objects.filter(
        action=ACTION,
        actor_id__in=people.ids,
        created_at__gte=since - REMEMBERED,
        created_at__lt=until,
        ip__isnull=False,
    ).order_by("id")
    seen: dict[int, dict[str, datetime]] = {}
    rows = events.values_list("pk", "actor_id", "ip", "created_at")
    for pk, actor_id, ip, at in rows.iterator(chunk_size=2000):
        user, network = users[actor_id], network_of(ip)
        on = local_date(user.timezone, at)
        known = seen.setdefault(actor_id, {})
        if known and on in days and at - known.get(network, at - 2 * REMEMBERED) > REMEMBERED:
            yield judge(pk, user, ip, on)
        known[network] = at


def judge(event_id: int, user: User, ip: str, on: date) -> Fact:
    return Fact(
        user=user,
        type=AlertType.NEW_LOGIN,
        key=f"new_login:{event_id}",
        on=on,
        message=f"Your account was signed in to from {ip} on {date_format(on, 'j F')},"
        " a place not seen before. If that was not you, change your password.",
        severity=Alert.Severity.CRITICAL,
        link=reverse("users:security"),
    )
