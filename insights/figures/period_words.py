"""Period labels, and the picker for the neighboring periods."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from banking.kernel.formats import date_format
from banking.kernel.periods import Period, add_months
from banking.kernel.region import written_tag
from banking.kernel.sentences import Part, day, days, written
from insights.figures.period_choice import SPANS, PeriodChoice


def period_label(choice: PeriodChoice) -> str:
    """ "November 2026", "2026", or the dates."""
    period = choice.period
    if choice.is_one_month:
        return date_format(period.start, "F Y")
    if period == Period.year_of(period.start):
        return str(period.start.year)
    if choice.name == "quarter":
        return f"Q{(period.start.month + 2) // 3} {period.start.year}"
    return span_label(period)


def span_label(period: Period) -> str:
    """A short label: "October 2026", "Oct 1 – 21, 2026", "Jan 1 – Nov 21, 2025"."""
    return written([span_part(period)], written_tag())


def span_part(period: Period) -> Part:
    """The label as a sentence keeps it."""
    first, last = period.start, period.last_day
    return day(first, "F Y") if period == Period.month_of(first) else days(first, last)


def period_picker(choice: PeriodChoice, *, on: date, kept: Mapping[str, str]) -> dict[str, Any]:
    """The context of `_period_picker.html`; `kept` stays in every link's query."""
    following = _following(choice.period)
    return {
        "label": period_label(choice),
        "previous_url": _url(choice.period.previous(), kept),
        "next_url": _url(following, kept) if following.start <= on else "",
        "choices": [
            {
                "label": label,
                "url": _query({"period": name, **kept}),
                "is_current": _is_chosen(choice, name),
            }
            for name, label in SPANS.items()
        ],
        "start": choice.period.start,
        "end": choice.period.last_day,
        "kept": dict(kept),
    }


def _is_chosen(choice: PeriodChoice, name: str) -> bool:
    if choice.name == "month":
        return name == "this_month" and choice.is_current
    return choice.name == name


def _following(period: Period) -> Period:
    """The period of the same length that comes next."""
    if period.start.day == 1 and period.end.day == 1:
        months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
        return Period(period.end, add_months(period.end, months))
    return Period(period.end, period.end + (period.end - period.start))


def _url(period: Period, kept: Mapping[str, str]) -> str:
    if period == Period.month_of(period.start):
        return _query({"month": f"{period.start:%Y-%m}", **kept})
    return _query({"date_from": period.start, "date_to": period.last_day, **kept})


def _query(values: Mapping[str, date | str]) -> str:
    return f"?{urlencode(values)}"
