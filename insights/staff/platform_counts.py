"""The platform's counts as a job stored them, for the staff home and the API.

A reader never waits for a count: both show the last one and when that was.
"""

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

from banking.limits import PLATFORM_COUNT_EVERY
from insights.models import PlatformCount
from insights.staff.figures import Counts, Month, People, Trouble, Volume, counts_at

JOB = "insights.tasks.count_platform"
_ONLY = 1
# After this many missed runs, the job is late.
_MISSED = 3


def count_platform(at: datetime) -> int:
    """Count everything and store it in place of the last count; returns how many people."""
    counts = counts_at(at)
    PlatformCount.objects.update_or_create(
        pk=_ONLY, defaults={"counted_at": at, "figures": asdict(counts)}
    )
    return counts.people.total


def last_counts() -> Counts | None:
    """What was counted last; None before the first time, or if another version counted it."""
    row = PlatformCount.objects.filter(pk=_ONLY).first()
    if row is None:
        return None
    try:
        return _read(row)
    except (KeyError, TypeError):
        return None


def is_late(counts: Counts, at: datetime) -> bool:
    """Whether the job should have counted again by now."""
    return at - counts.at > _MISSED * PLATFORM_COUNT_EVERY


def _read(row: PlatformCount) -> Counts:
    kept = row.figures
    volume = [
        Volume(
            currency=sums["currency"],
            inflow=Decimal(sums["inflow"]),
            outflow=Decimal(sums["outflow"]),
            transactions=sums["transactions"],
        )
        for sums in kept["volume"]
    ]
    months = [
        Month(date.fromisoformat(month["month"]), month["transactions"], month["sign_ups"])
        for month in kept["months"]
    ]
    return Counts(
        at=row.counted_at,
        people=People(**kept["people"]),
        accounts=kept["accounts"],
        volume=volume,
        months=months,
        notifications=kept["notifications"],
        trouble=Trouble(**kept["trouble"]),
        chains=kept["chains"],
        events=kept["events"],
    )
