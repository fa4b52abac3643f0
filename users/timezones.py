"""Time zones a person can choose, and the date it is for them."""

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone as clock

# No zone is ahead of the first or behind the second.
EARLIEST_ZONE, LATEST_ZONE = "Pacific/Kiritimati", "Pacific/Pago_Pago"


@cache
def _names() -> list[str]:
    return sorted(available_timezones() - {"localtime", "Factory"})


def timezone_choices() -> list[tuple[str, str]]:
    """(name, name for reading) of every zone of the tz database."""
    return [(name, name.replace("_", " ")) for name in _names()]


def local_date(timezone: str, at: datetime) -> date:
    """The calendar date at the moment `at` in that zone."""
    return at.astimezone(ZoneInfo(timezone)).date()


def today_in(timezone: str) -> date:
    """The calendar date it is in that zone now: what a service goes by unless told a day."""
    return local_date(timezone, clock.now())
