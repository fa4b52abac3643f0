"""Scheduled tasks for points. Safe to repeat: expired points are removed only once."""

import logging
from datetime import datetime

from celery import shared_task
from django.db.models import F
from django.utils import timezone

from rewards.models import PointsEntry, Reward
from rewards.points_check import check_points
from rewards.services import expire_points
from users.timezones import local_date

logger = logging.getLogger(__name__)


@shared_task
def expire_points_everywhere() -> int:
    """Remove points that expired before today, in each owner's time zone; returns how many."""
    return expire_points_at(timezone.now())


@shared_task
def check_points_nightly() -> bool:
    """Check every program's points against its entries; a difference is logged as an error."""
    found = check_points()
    if found.violation_count:
        logger.error("points_violations", extra={"violations": found.violation_count})
    return not found.violation_count


def expire_points_at(at: datetime) -> int:
    """As the task, at the moment `at`."""
    # The earliest time zone.
    latest = local_date("Pacific/Kiritimati", at)
    expired = PointsEntry.objects.filter(expires_on__lt=latest, points__gt=0).values("reward")
    rewards = Reward.objects.filter(pk__in=expired, points_balance__gt=0, deleted_at=None)
    count = 0
    for reward in rewards.annotate(zone=F("user__timezone")).order_by("pk").iterator():
        count += expire_points(reward=reward, on=local_date(reward.zone, at))
    return count
