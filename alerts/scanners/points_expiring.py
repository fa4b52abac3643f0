"""Reward points expire within 60 days: one alert per program and expiry date."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.urls import reverse

from alerts.facts import Fact, People
from alerts.models import Alert, AlertType
from banking.kernel.periods import Period
from banking.kernel.sentences import count, day
from banking.limits import POINTS_WARNING_DAYS
from rewards.models import PointsEntry, Reward
from rewards.points import expiring_by
from users.models import User

KINDS = (AlertType.POINTS_EXPIRING,)


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on, on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    users = people.by_id
    last = days.last_day + timedelta(days=POINTS_WARNING_DAYS)
    expiring = PointsEntry.objects.filter(
        reward__user__in=people.ids, expires_on__gte=days.start, expires_on__lte=last, points__gt=0
    ).values("reward")
    rewards = {
        reward.pk: reward for reward in Reward.objects.filter(pk__in=expiring, deleted_at=None)
    }
    entries: dict[int, list[PointsEntry]] = {}
    for entry in PointsEntry.objects.filter(reward__in=rewards).order_by("id"):
        entries.setdefault(entry.reward_id, []).append(entry)
    for reward_id, rows in sorted(entries.items()):
        reward = rewards[reward_id]
        yield from _of_program(reward, users[reward.user_id], rows, days)


def _of_program(
    reward: Reward, user: User, rows: list[PointsEntry], days: Period
) -> Iterator[Fact]:
    ends = {row.expires_on for row in rows if row.points > 0 and row.expires_on is not None}
    for end in sorted(ends):
        on = max(days.start, end - timedelta(days=POINTS_WARNING_DAYS))
        if on in days and on <= end:
            yield from judge(reward, user, [row for row in rows if row.occurred_on <= on], end, on)


def judge(
    reward: Reward, user: User, rows: list[PointsEntry], end: date, on: date
) -> Iterator[Fact]:
    """How many of the points expiring on `end` are left on `on`."""
    points = sum(lot.points for lot in expiring_by(rows, end) if lot.expires_on == end)
    if not points:
        return
    yield Fact(
        user=user,
        type=AlertType.POINTS_EXPIRING,
        key=f"points_expiring:{reward.pk}:{end}",
        on=on,
        sentence=[
            f"{reward.program_name}: ",
            count(points),
            " points expire on ",
            day(end, "j F Y"),
            ".",
        ],
        severity=Alert.Severity.INFO,
        link=reverse("rewards:reward_detail", args=[reward.pk]),
    )
