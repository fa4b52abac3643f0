"""Dates, times, numbers and percentages in the reader's region format.

Templates and code name a date's parts in Django's letters ("j M Y"); the region decides their
order, punctuation and clock: "Nov 28, 2026, 6:05 PM", "28.11.2026, 18:05". Machine formats such as
"Y-m-d" stay as they are.
"""

from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import cast

from babel.core import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_interval,
    format_time,
    get_datetime_format,
)
from babel.numbers import format_decimal, format_percent
from django.utils import dateformat

from banking.kernel.region import locale_of, written_tag

_NAMED = {
    "DATE_FORMAT": "j M Y",
    "SHORT_DATE_FORMAT": "j M Y",
    "DATETIME_FORMAT": "j M Y, H:i",
    "SHORT_DATETIME_FORMAT": "j M Y, H:i",
    "TIME_FORMAT": "H:i",
    "MONTH_DAY_FORMAT": "j F",
    "YEAR_MONTH_FORMAT": "F Y",
}
_MONTHS = {"M": "MMM", "N": "MMM", "b": "MMM", "F": "MMMM", "E": "MMMM"}
_WEEKDAYS = {"D": "EEE", "l": "EEEE"}
_TIMES = frozenset({"H:i", "G:i", "P", "g:i a", "g:i A"})
_WHOLE_DATES = {"yMMMd": "medium", "yMMMMd": "long", "yMMMMEEEEd": "full"}


def date_format(value: date | time, form: str = "DATE_FORMAT", locale: str = "") -> str:
    """The date, time or datetime with the parts of `form`, as written in `locale` (default: the
    reader's).
    """
    tag = locale or written_tag()
    parts = _parts_of(_NAMED.get(form, form))
    if parts is None:
        if isinstance(value, time):
            return dateformat.time_format(value, form)
        return dateformat.format(value, form)
    skeleton, has_time = parts
    clock = format_time(_time_of(value), "short", locale=locale_of(tag)) if has_time else ""
    if not skeleton or isinstance(value, time):
        return clock
    day = _written_day(value, skeleton, tag)
    if not has_time:
        return day
    glue = get_datetime_format("medium", locale=locale_of(tag))
    return str(glue).replace("'", "").format(clock, day)


def _time_of(value: date | time) -> time:
    if isinstance(value, datetime):
        return value.time()
    return value if isinstance(value, time) else time()


@cache
def _parts_of(form: str) -> tuple[str, bool] | None:
    """(CLDR date skeleton, whether a time follows); None for a machine format."""
    day, has_time = form, False
    for clock in _TIMES:
        if form.endswith(clock):
            day, has_time = form.removesuffix(clock), True
    letters = [char for char in day if char.isalpha()]
    known = set(_MONTHS) | set(_WEEKDAYS) | {"j", "d", "Y", "y"}
    names = [letter for letter in letters if letter in _MONTHS or letter in _WEEKDAYS]
    if "\\" in form or not set(letters) <= known or (letters and not names):
        return None
    year = "y" if {"Y", "y"} & set(letters) else ""
    month = next((_MONTHS[letter] for letter in letters if letter in _MONTHS), "")
    weekday = next((_WEEKDAYS[letter] for letter in letters if letter in _WEEKDAYS), "")
    return year + month + weekday + ("d" if {"j", "d"} & set(letters) else ""), has_time


def _written_day(value: date, skeleton: str, tag: str) -> str:
    day = value.date() if isinstance(value, datetime) else value
    return _written(day, skeleton, tag)


# Pages say the same days again and again, and babel takes longer for one than a template for a row.
@lru_cache(maxsize=10_000)
def _written(value: date, skeleton: str, tag: str) -> str:
    locale = locale_of(tag)
    if skeleton in _WHOLE_DATES:
        return format_date(value, _WHOLE_DATES[skeleton], locale=locale)
    return format_datetime(
        datetime.combine(value, time()), _pattern(skeleton, locale), locale=locale
    )


@cache
def _pattern(skeleton: str, locale: Locale) -> str:
    """The locale's own pattern for these parts; if it only has a shorter one, with long names."""
    alone = {"MMM": "LLL", "MMMM": "LLLL", "EEE": "ccc", "EEEE": "cccc"}
    if skeleton in alone:
        return alone[skeleton]
    known = locale.datetime_skeletons
    if skeleton in known:
        return cast(str, known[skeleton].pattern)
    short = skeleton.replace("MMMM", "MMM").replace("EEEE", "E").replace("EEE", "E")
    pattern = known[short].pattern if short in known else "d MMM y"
    if "MMMM" in skeleton and "MMMM" not in pattern:
        pattern = pattern.replace("MMM", "MMMM").replace("LLL", "LLLL")
    return pattern.replace("EEE", "E").replace("E", "EEEE") if "EEEE" in skeleton else pattern


def day_span(first: date, last: date, locale: str = "") -> str:
    """A date range with shared parts written once: "Oct 1 – 21, 2026", "1.–21. Okt. 2026"."""
    return format_interval(first, last, "yMMMd", locale=locale_of(locale or written_tag()))


def first_weekday() -> int:
    """The reader's first day of the week: 0 for Monday, 6 for Sunday."""
    return int(locale_of(written_tag()).first_week_day)


def percent(value: Decimal | float | int, decimals: int = 0, locale: str = "") -> str:
    """A percentage: 12.5 is "12.5%" or "12,5 %", with at most `decimals` decimals."""
    return _written_percent(str(value), decimals, locale or written_tag())


@lru_cache(maxsize=10_000)
def _written_percent(value: str, decimals: int, tag: str) -> str:
    locale = locale_of(tag)
    pattern = locale.percent_formats[None].pattern
    if decimals:
        pattern = pattern.replace("0", f"0.{'#' * decimals}", 1)
    return format_percent(Decimal(value) / 100, format=pattern, locale=locale)


def number(
    value: Decimal | float | int, decimals: int = 0, locale: str = "", *, is_fixed: bool = False
) -> str:
    """A number with group separators and at most (`is_fixed`: exactly) this many decimals."""
    tag = locale_of(locale or written_tag())
    whole = tag.decimal_formats[None].pattern.partition(";")[0].partition(".")[0]
    pattern = f"{whole}.{('0' if is_fixed else '#') * decimals}" if decimals else whole
    return format_decimal(Decimal(str(value)), pattern, locale=tag)
