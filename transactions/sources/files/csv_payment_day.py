"""Find out which of several dates is the day of payment, under headings nobody knows.

A payment is made on its day and booked then or later; the value day may lie on either side. Only
what can't be otherwise counts as proof; else the owner is asked.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from transactions.sources.files.csv_columns import Column, day_of
from transactions.sources.files.notices import NoticeCode

_HAS_TIME = re.compile(r"(?<![0-9])(?:[01]?[0-9]|2[0-3])[:h][0-5][0-9]")
_MIDNIGHT = re.compile(r"(?<![0-9:])0?0[:h]00(?::00)?(?![0-9:])")
_DAY_IN_TEXT = re.compile(
    r"(?<![\w.,/-])([0-3]?[0-9])[./-]([01]?[0-9])(?:[./-][0-9]{2,4}|\.)?(?![\w,/])"
)
_FEWEST = 2
_FEWEST_DAYS = 4
_FEWEST_BANK_DAYS = 5
_SATURDAY = 5
Days = Sequence[date | None]


def payment_day(
    columns: list[Column], style: str, texts: list[str], elsewhere: list[str]
) -> tuple[Column | None, str]:
    """(the column proved to hold the day of payment, what proves it), or (None, "").

    ``texts`` holds the words of each line, ``elsewhere`` the dates outside the table, such as the
    statement's period.
    """
    timed = [column for column in columns if _has_times(column)]
    if len(timed) == 1:
        return timed[0], "it has the time of day"
    days = {column.index: [day_of(cell, style) for cell in column.values] for column in columns}
    told = [column for column in columns if _is_told(column, days, texts, style)]
    if len(told) == 1:
        return told[0], "the texts name the same days"
    paid = [column for column in columns if _is_on_weekends_alone(column, days)]
    if len(paid) == 1:
        return paid[0], "banks book on no weekend"
    period = _period(elsewhere, style)
    booked = [column for column in columns if _is_followed(column, days, period)]
    if len(booked) == 1:
        return booked[0], "the lines follow it, and the other dates are later on some"
    return None, ""


def likeliest_first(columns: list[Column], style: str) -> tuple[list[Column], NoticeCode]:
    """The columns by how likely they hold the day of payment, and why the first is likelier."""
    days = {column.index: [day_of(cell, style) for cell in column.values] for column in columns}
    ranked = sorted(columns, key=lambda column: -_earlier_lines(column, days))
    if ranked[0] is not columns[0] and _earlier_lines(ranked[0], days):
        return ranked, NoticeCode.EARLIER_DATE
    return columns, NoticeCode.FIRST_DATE


def _has_times(column: Column) -> bool:
    timed = [cell for cell in column.filled if _HAS_TIME.search(cell)]
    is_full = 10 * len(timed) >= 9 * len(column.filled) > 0
    return is_full and not all(_MIDNIGHT.search(cell) for cell in timed)


def _is_told(column: Column, days: dict[int, list], texts: list[str], style: str) -> bool:
    """Whether lines whose dates differ name this date in their text, and never another."""
    hits = misses = 0
    for line, text in zip(zip(*days.values(), strict=True), texts, strict=False):
        found = {(int(one), int(two)) for one, two in _DAY_IN_TEXT.findall(text)}
        if not found or len(set(line)) == 1:
            continue
        named = [_names(day, found, style) for day in line]
        own = named[list(days).index(column.index)]
        hits += own and sum(named) == 1
        misses += any(named) and not own
    return hits >= _FEWEST and not misses


def _names(day: date | None, found: set[tuple[int, int]], style: str) -> bool:
    if day is None:
        return False
    is_month_first = style.startswith("%m")
    return ((day.month, day.day) if is_month_first else (day.day, day.month)) in found


def _is_on_weekends_alone(column: Column, days: dict[int, list]) -> bool:
    """Whether only this date falls on weekends, and the others are later on those lines."""
    own = days[column.index]
    others = [values for index, values in days.items() if index != column.index]
    weekends = [place for place, day in enumerate(own) if _is_weekend(day)]
    return (
        len(weekends) >= _FEWEST
        and len({day for values in others for day in values}) >= _FEWEST_BANK_DAYS
        and not any(_is_weekend(day) for values in others for day in values)
        and all(_is_later(values[place], own[place]) for values in others for place in weekends)
    )


def _is_weekend(day: date | None) -> bool:
    return day is not None and day.weekday() >= _SATURDAY


def _is_later(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one > other


def _is_followed(column: Column, days: dict[int, list], period: tuple[date, date] | None) -> bool:
    """Whether the statement follows this date, and no other can be the day of payment.

    A date that is later on some line than the day of booking can't. If it is never earlier, the
    place decides: banks list the day of payment first, and value days can be before the booking.
    """
    own = days[column.index]
    others = [values for index, values in days.items() if index != column.index]
    if not (_is_in_order(own) or _lies_within(own, others, period)):
        return False
    is_first = column.index == min(days)
    return all(
        any(map(_is_later, values, own)) and (is_first or any(map(_is_later, own, values)))
        for values in others
    )


def _is_in_order(days: Days) -> bool:
    known = [day for day in days if day]
    return len(set(known)) >= _FEWEST_DAYS and known in (sorted(known), sorted(known)[::-1])


def _lies_within(own: Days, others: list[list], period: tuple[date, date] | None) -> bool:
    """Whether all of these days, and not all of any other column's, lie in the stated period."""
    if period is None:
        return False
    first, last = period

    def is_inside(days: Days) -> bool:
        return all(day is None or first <= day <= last for day in days)

    return is_inside(own) and not any(map(is_inside, others))


def _period(elsewhere: list[str], style: str) -> tuple[date, date] | None:
    known = [day for text in elsewhere if (day := day_of(text, style))]
    if len(known) < _FEWEST or max(known) - min(known) < timedelta(days=1):
        return None
    return min(known), max(known)


def _earlier_lines(column: Column, days: dict[int, list]) -> int:
    """On how many lines this date is before the others, minus where one of them is before it."""
    own = days[column.index]
    others = [values for index, values in days.items() if index != column.index]
    balance = 0
    for place, day in enumerate(own):
        balance += all(_is_later(values[place], day) for values in others)
        balance -= any(_is_later(day, values[place]) for values in others)
    return balance
