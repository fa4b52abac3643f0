"""The time zones users can choose, and the local date in them."""

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone as clock

# The time zones furthest ahead and furthest behind.
EARLIEST_ZONE, LATEST_ZONE = "Pacific/Kiritimati", "Pacific/Pago_Pago"


@cache
def _names() -> list[str]:
    return sorted(available_timezones() - {"localtime", "Factory"})


def timezone_choices() -> list[tuple[str, str]]:
    """(name, readable name) of every zone in the tz database."""
    return [(name, name.replace("_", " ")) for name in _names()]


def local_date(timezone: str, at: datetime) -> date:
    """The calendar date in that zone at the moment `at`."""
    return at.astimezone(ZoneInfo(timezone)).date()


def today_in(timezone: str) -> date:
    """The current calendar date in that zone; services use it unless given a date."""
    return local_date(timezone, clock.now())
