"""A sign-in from a network or device that this user has not used in the last 90 days.

Covers page, passkey and API sign-ins; one alert per sign-in. Ignores the user's first sign-in,
further ones on the same day, and the first device after device tracking began.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.urls import reverse

from alerts.facts import Fact, People
from alerts.models import Alert, AlertType
from alerts.scanners.import_finished import moments
from banking.kernel.narrowing import sure
from banking.kernel.periods import Period
from banking.kernel.sentences import day
from banking.limits import KNOWN_LOGIN_FOR
from users.models import AuditEvent, User
from users.network import network_of
from users.timezones import local_date

KINDS = (AlertType.NEW_LOGIN,)
LATE_DAYS = 2
ACTION = "users.sign_in.succeeded"
Seen = dict[str, datetime]


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on - timedelta(days=LATE_DAYS), on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    users = people.by_id
    since, until = moments(days)
    events = AuditEvent.objects.filter(
        action=ACTION,
        actor_id__in=people.ids,
        created_at__gte=since - KNOWN_LOGIN_FOR,
        created_at__lt=until,
        ip__isnull=False,
    ).order_by("id")
    networks: dict[int, Seen] = {}
    devices: dict[int, Seen] = {}
    rows = events.values_list("pk", "actor_id", "ip", "device", "created_at")
    for pk, actor_id, ip, device, at in rows.iterator(chunk_size=2000):
        user = users[actor_id]
        on = local_date(user.timezone, at)
        is_elsewhere = _is_new(networks.setdefault(actor_id, {}), network_of(ip), at)
        is_other = bool(device) and _is_new(devices.setdefault(actor_id, {}), device, at)
        if on in days and (is_elsewhere or is_other):
            yield judge(pk, user, sure(ip), device, on, is_elsewhere=is_elsewhere)


def _is_new(seen: Seen, what: str, at: datetime) -> bool:
    """Whether others were used recently, but not this one; it then counts as used."""
    last, had_any = seen.get(what), bool(seen)
    seen[what] = at
    return had_any and (last is None or at - last > KNOWN_LOGIN_FOR)


def judge(event_id: int, user: User, ip: str, device: str, on: date, *, is_elsewhere: bool) -> Fact:
    what = "a new location" if is_elsewhere else "a new device"
    by = f" with {device}" if device else ""
    return Fact(
        user=user,
        type=AlertType.NEW_LOGIN,
        key=f"new_login:{event_id}",
        on=on,
        sentence=[
            f"New sign-in to your account from {ip}{by} on ",
            day(on, "j F"),
            f", {what}. If this wasn't you, change your password.",
        ],
        severity=Alert.Severity.CRITICAL,
        link=reverse("users:security"),
    )
