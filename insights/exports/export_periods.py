"""The period of a statement, as a person or an app writes it: "2026-10", "2026-Q3", "2026"."""

import re
from collections.abc import Mapping
from datetime import date

from banking.kernel.formats import date_format
from banking.kernel.periods import Period, add_months, first_of_month
from banking.kernel.refusals import refused
from banking.limits import EXPORT_DAYS
from insights.figures.period_choice import choose_period

_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_MONTH, _YEAR = re.compile(r"\d{4}-\d{2}", re.ASCII), re.compile(r"\d{4}", re.ASCII)
MONTHS, QUARTERS, YEARS = 12, 4, 3


def export_period(params: Mapping[str, str], *, on: date) -> Period:
    """Parse a named month, quarter or year; otherwise as `choose_period`. Raises
    ValidationError.
    """
    name = params.get("period") or ""
    if _MONTH.fullmatch(name):
        return _bounded(choose_period({"month": name}, on=on).period)
    if found := _QUARTER.fullmatch(name):
        first = choose_period({"month": f"{found[1]}-{int(found[2]) * 3 - 2:02d}"}, on=on)
        return Period(first.period.start, add_months(first.period.start, 3))
    if _YEAR.fullmatch(name):
        first = choose_period({"month": f"{name}-01"}, on=on)
        return Period.year_of(first.period.start)
    return _bounded(choose_period(params, on=on).period)


def offered_periods(on: date) -> list[tuple[str, list[tuple[str, str]]]]:
    """The periods the page offers, in groups, the latest first."""
    this = first_of_month(on)
    months = [add_months(this, -back) for back in range(MONTHS)]
    quarter = add_months(this, -((on.month - 1) % 3))
    quarters = [add_months(quarter, -3 * back) for back in range(QUARTERS)]
    return [
        ("Months", [(f"{month:%Y-%m}", date_format(month, "F Y")) for month in months]),
        (
            "Quarters",
            [
                (
                    f"{quarter.year}-Q{(quarter.month + 2) // 3}",
                    f"Q{(quarter.month + 2) // 3} {quarter.year}",
                )
                for quarter in quarters
            ],
        ),
        ("Years", [(str(on.year - back), str(on.year - back)) for back in range(YEARS)]),
    ]


def _bounded(period: Period) -> Period:
    if period.days > EXPORT_DAYS:
        raise refused("date_from", "Choose at most ten years.")
    return period
