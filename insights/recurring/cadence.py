"""Payment cadences (weekly to yearly) and the dates they fall on.

A slot is one expected date. Monthly cadences count calendar months from one day of the month (the
31st becomes a shorter month's last day); daily cadences count days from the first date.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from banking.kernel.periods import days_in_month

DAYS_IN_YEAR = Decimal("365.25")


class Cadence(TextChoices):
    WEEKLY = "weekly", _("Every week")
    FORTNIGHTLY = "fortnightly", _("Every two weeks")
    MONTHLY = "monthly", _("Every month")
    TWO_MONTHLY = "two_monthly", _("Every two months")
    QUARTERLY = "quarterly", _("Every quarter")
    HALF_YEARLY = "half_yearly", _("Every half-year")
    YEARLY = "yearly", _("Every year")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A cadence in `months` or in `days`.

    `tolerance`: how many days early or late a payment may be (weekends, month ends). `least`: the
    minimum number of payments. `grace`: how many days after its expected date a payment ends the
    series; up to a month of them, one occurrence may be missed.
    """

    cadence: Cadence
    months: int
    days: int
    tolerance: int
    least: int
    grace: int

    @property
    def is_of_days(self) -> bool:
        return self.days > 0

    @property
    def times_a_year(self) -> Decimal:
        return DAYS_IN_YEAR / self.days if self.days else Decimal(12) / self.months

    @property
    def length(self) -> float:
        """Average days between two payments."""
        return self.days or self.months * 30.44

    @property
    def half(self) -> int:
        return int(self.length / 2)

    def slot_day(self, anchor: int, slot: int) -> int:
        """The ordinal of a slot's date; `anchor` is a day of the month, or the first ordinal."""
        if self.days:
            return anchor + slot * self.days
        return month_day(slot, anchor)

    def next_slot(self, slot: int, count: int = 1) -> int:
        """Monthly slots are numbered by calendar month, so a quarter is three slots."""
        return slot + count * (self.months or 1)


RHYTHMS = {
    rhythm.cadence: rhythm
    for rhythm in (
        Rhythm(Cadence.WEEKLY, 0, 7, 2, 5, 9),
        Rhythm(Cadence.FORTNIGHTLY, 0, 14, 3, 4, 17),
        Rhythm(Cadence.MONTHLY, 1, 0, 4, 3, 35),
        Rhythm(Cadence.TWO_MONTHLY, 2, 0, 6, 3, 45),
        Rhythm(Cadence.QUARTERLY, 3, 0, 7, 3, 45),
        Rhythm(Cadence.HALF_YEARLY, 6, 0, 8, 3, 60),
        Rhythm(Cadence.YEARLY, 12, 0, 8, 2, 60),
    )
}


def month_number(on: date) -> int:
    """Months since the year 0."""
    return on.year * 12 + on.month - 1


@lru_cache(maxsize=8192)
def month_day(number: int, day: int) -> int:
    """The ordinal of a day of that month, or of the last day if the month is shorter."""
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day, days_in_month(year, month + 1))).toordinal()
