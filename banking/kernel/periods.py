"""Periods: half-open ranges of dates, `[start, end)`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


def first_of_month(on: date) -> date:
    """The first day of `on`'s month."""
    return on if on.day == 1 else on.replace(day=1)


def add_months(on: date, months: int) -> date:
    """Move `on` by whole months; the 31st becomes a shorter month's last day."""
    index = on.year * 12 + on.month - 1 + months
    year, month = divmod(index, 12)
    if on.day <= 28:  # Usually a first day, where the month's length does not matter.
        return date(year, month + 1, on.day)
    return date(year, month + 1, min(on.day, days_in_month(year, month + 1)))


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return ((date(year + month // 12, month % 12 + 1, 1)) - date(year, month, 1)).days


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open range of dates: `start` belongs to it, `end` does not."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("A period can't end before it starts.")

    @classmethod
    def month(cls, year: int, month: int) -> "Period":
        """One calendar month."""
        start = date(year, month, 1)
        return cls(start, add_months(start, 1))

    @classmethod
    def month_of(cls, on: date) -> "Period":
        """The calendar month that contains `on`."""
        return cls.month(on.year, on.month)

    @classmethod
    def last_months(cls, count: int, on: date) -> "Period":
        """The `count` calendar months ending with `on`'s own."""
        end = add_months(first_of_month(on), 1)
        return cls(add_months(end, -count), end)

    @classmethod
    def year_of(cls, on: date) -> "Period":
        """The calendar year that contains `on`."""
        return cls(date(on.year, 1, 1), date(on.year + 1, 1, 1))

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last date inside the period, for display."""
        return self.end - timedelta(days=1)

    def __contains__(self, on: date) -> bool:
        return self.start <= on < self.end

    def months(self) -> Iterator[date]:
        """The first day of each calendar month that the period overlaps, in order."""
        month = first_of_month(self.start)
        while month < self.end:
            yield month
            month = add_months(month, 1)

    def previous(self) -> "Period":
        """The previous period of the same kind: for a month, the month before."""
        if self.start.day == 1 and self.end.day == 1:
            count = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
            return Period(add_months(self.start, -count), self.start)
        return Period(self.start - (self.end - self.start), self.start)
