"""The period a dashboard shows: a month, a preset range, or two custom dates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError

from banking.kernel.filters import read_day
from banking.kernel.periods import Period, add_months, first_of_month
from banking.kernel.refusals import refused

_YEAR = re.compile(r"\d{4}", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_EARLIEST, _LATEST = date(1950, 1, 1), date(2100, 12, 31)
# A year is set against the one before.
YEARS = _EARLIEST.year + 1, _LATEST.year
SPANS = {
    "this_month": "This month",
    "last_month": "Last month",
    "quarter": "This quarter",
    "year": "This year",
    "last_12_months": "Last 12 months",
}


@dataclass(frozen=True, slots=True)
class PeriodChoice:
    """The chosen period, its label, and the query that selects it again."""

    name: str
    period: Period
    on: date

    @property
    def comparison(self) -> Period:
        """The previous period; for a running period, as many of its days as have passed."""
        before = self.period.previous()
        if self.on not in self.period or self.on == self.period.last_day:
            return before
        passed = (self.on - self.period.start).days + 1
        return Period(before.start, min(before.start + timedelta(days=passed), before.end))

    @property
    def is_running(self) -> bool:
        return self.on in self.period and self.on != self.period.last_day

    @property
    def month(self) -> date:
        """The month that single-month figures refer to: the period's last, or the current one."""
        last = (
            min(self.period.last_day, self.on) if self.on in self.period else self.period.last_day
        )
        return first_of_month(last)

    @property
    def is_one_month(self) -> bool:
        return self.period == Period.month_of(self.period.start)

    @property
    def is_current(self) -> bool:
        """Whether the period includes today."""
        return self.on in self.period


def choose_period(
    params: Mapping[str, str], *, on: date, default: str = "this_month"
) -> PeriodChoice:
    """Read `month=YYYY-MM`, `period=<span>` or `date_from` and `date_to` (both inclusive).

    Without any of them, the `default` span. Raises ValidationError at the field.
    """
    # A value that another one outweighs is refused as well if it can't be read.
    days = _day(params, "date_from"), _day(params, "date_to")
    if params.get("month"):
        return PeriodChoice("month", _month(params["month"]), on)
    if any(days):
        return PeriodChoice("custom", _custom(*days, on), on)
    name = params.get("period") or default
    if name == "custom":
        raise ValidationError({"date_from": "Choose the first and the last day."})
    if name not in SPANS:
        raise ValidationError({"period": f"Choose one of {', '.join(SPANS)}."})
    return PeriodChoice(name, _span(name, on), on)


def choose_year(params: Mapping[str, str], *, on: date) -> PeriodChoice:
    """Read `year=YYYY`; this year if absent. Raises ValidationError at the field."""
    text = params.get("year") or str(on.year)
    if not _YEAR.fullmatch(text) or not YEARS[0] <= int(text) <= YEARS[1]:
        raise ValidationError({"year": f"Choose a year from {YEARS[0]} to {YEARS[1]}."})
    return PeriodChoice("chosen_year", Period.year_of(date(int(text), 1, 1)), on)


def _span(name: str, on: date) -> Period:
    if name == "last_month":
        return Period.month_of(on).previous()
    if name == "quarter":
        start = date(on.year, on.month - (on.month - 1) % 3, 1)
        return Period(start, add_months(start, 3))
    if name == "year":
        return Period.year_of(on)
    if name == "last_12_months":
        return Period.last_months(12, on)
    return Period.month_of(on)


def _month(text: str) -> Period:
    match = _MONTH.fullmatch(text)
    if not match or not 1 <= int(match[2]) <= 12:
        raise ValidationError({"month": "Send a month such as 2025-12."})
    if not _EARLIEST.year <= int(match[1]) <= _LATEST.year:
        raise ValidationError({"month": f"Choose a year from {_EARLIEST.year} to {_LATEST.year}."})
    return Period.month(int(match[1]), int(match[2]))


def _custom(start: date | None, last: date | None, on: date) -> Period:
    last = last or on
    start = start or first_of_month(last)
    if last < start:
        raise refused("date_to", "The last day is before the first.")
    return Period(start, last + timedelta(days=1))


def _day(params: Mapping[str, str], name: str) -> date | None:
    text = params.get(name)
    if not text:
        return None
    try:
        day = read_day(text)
    except ValueError:
        raise ValidationError({name: "Send a date such as 2025-12-31."}) from None
    if not _EARLIEST <= day <= _LATEST:
        raise ValidationError({name: f"Choose a date from {_EARLIEST} to {_LATEST}."})
    return day
