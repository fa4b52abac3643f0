"""Choose the payment-date column of a table and the order of day, month and year."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from transactions.sources.files.column_words import (
    heading_score,
    names_stranger,
    plain_heading,
)
from transactions.sources.files.csv_columns import Column, date_styles, day_of
from transactions.sources.files.csv_mapping import Doubt
from transactions.sources.files.csv_payment_day import likeliest_first, payment_day
from transactions.sources.files.dates import (
    DATE_STYLES,
    is_croatian,
    is_year_first,
    may_be_croatian,
)
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import ReadingContext
from transactions.sources.files.values import shown

DATE_ROLES = ("txn_date", "posted_date", "value_date")
_LIKELY_YEARS = range(1970, 2101)
_FEWEST_TURNED, _MONTHS = 2, 12
_CLOSE_DAYS = 10
# So many different days are in order by chance in one file of 2,500.
_SORTED_BY_NO_CHANCE = 7
_DAYS_AHEAD = timedelta(days=40)
_ODD_DAYS_AHEAD = timedelta(days=2 * 365)
_DAY_FIRST = {"%d-%m-%Y", "%d-%m-%y", "%d%m%Y", "%d%m%y"}
_MONTH_FIRST = {"%m-%d-%Y", "%m-%d-%y", "%m%d%Y"}
_YEAR_FIRST = {"%y-%m-%d"}
_A_YEAR = 365
_KNOWN_NAME = 80
_PART_OF_NAME = 62
_PAYMENT_DAY = re.compile(r"operaci|operaz|operati|transac|transak|tranza|verrichting")
# Each piece of evidence is one vote; an order wins if it leads by this many.
_SETTLED_BY = 3


@dataclass
class Dates:
    """The chosen date columns, their format, and any open questions.

    ``is_untested`` means that another order of day and month reads the same days.
    """

    txn: Column
    style: str
    posted: Column | None = None
    is_untested: bool = False
    reasons: dict[str, str] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)


def choose_dates(
    columns: list[Column], elsewhere: list[str], is_dollar: bool, context: ReadingContext
) -> Dates:
    """Choose the transaction date, the posting date and the date format.

    ``elsewhere`` holds dates found outside these columns; ``is_dollar`` says whether amounts have a
    dollar sign.
    """
    dated = [column for column in columns if column.is_dates or _is_named_date(column)]
    full = [column for column in dated if column.fill_share >= 0.9] or dated
    by_role = {role: _best_of_role(full, role) for role in DATE_ROLES}
    named = next((column for column in by_role.values() if column), None)
    unknown = [column for column in full if _is_unknown_day(column)]
    if named and not _is_unknown_day(named) and by_role["txn_date"]:
        unknown = []
    elif named and by_role["posted_date"] is by_role["txn_date"] is None and len(unknown) == 1:
        named, unknown = unknown[0], []  # beside a value day, the other date is the payment's
    found = Dates(named or (unknown or full)[0], "")
    found.reasons["txn_date"] = "heading" if named else "position"
    posted = next((column for column in dated if _date_role(column) == "posted_date"), None)
    if posted is not None and posted is not found.txn:
        found.posted = posted
    _settle_style(found, dated, elsewhere, is_dollar, context)
    _refuse_future_days(found, context.today)
    if unknown:
        rivals = [column for column in full if column in unknown or column is named]
        _settle_unnamed(found, rivals, columns, elsewhere)
    return found


def _is_unknown_day(column: Column) -> bool:
    """Whether the heading doesn't say which day this is, such as "Date of something"."""
    role = _date_role(column)
    if not role:
        return not names_stranger(column.heading)
    is_known = heading_score(column.heading, role) >= _PART_OF_NAME
    return role == "txn_date" and not is_known and not _names_payment_day(column, role)


def _is_named_date(column: Column) -> bool:
    return (
        bool(_date_role(column))
        and column.share(date_styles) >= 0.8
        and (column.is_named_date or not column.is_numbers)
    ) or column.is_serials


def _best_of_role(columns: list[Column], role: str) -> Column | None:
    return max(
        (column for column in columns if _date_role(column) == role),
        key=lambda column: (
            _names_payment_day(column, role),
            heading_score(column.heading, role),
            -column.index,
        ),
        default=None,
    )


def _names_payment_day(column: Column, role: str) -> bool:
    """Whether the heading says more than "date": "Fecha de operación" is not next to "Fecha"."""
    is_known = heading_score(column.heading, role) >= _KNOWN_NAME
    return is_known and _PAYMENT_DAY.search(plain_heading(column.heading)) is not None


def _date_role(column: Column) -> str:
    scores = {role: heading_score(column.heading, role) for role in sorted(DATE_ROLES)}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0 else ""


def _settle_unnamed(
    found: Dates, full: list[Column], columns: list[Column], elsewhere: list[str]
) -> None:
    """Choose among dates whose headings say nothing.

    Without any headings, two dates close together are the transaction date and the posting date.
    """
    others = [column for column in full if column.values != found.txn.values]
    close = [column for column in others if _are_close(found.txn, column, found.style)]
    is_named = any(_date_role(column) and not _is_unknown_day(column) for column in full)
    if not others or (is_named and not close):
        return
    if not any(column.heading for column in full) and len(close) == len(others):
        found.reasons["txn_date"] = "the first of several dates close together"
        found.posted = found.posted or close[0]
        return
    rivals = [found.txn, *close] if is_named or len(close) == len(others) else full
    proved, reason = payment_day(rivals, found.style, _words_of(columns), elsewhere)
    ranked, because = likeliest_first(rivals, found.style)
    found.txn = proved or ranked[0]
    if len(close) == len(others) and found.posted in (None, found.txn):
        found.posted = next(column for column in rivals if column is not found.txn)
    if proved:
        found.reasons["txn_date"] = reason
        return
    choices = [column.index for column in ranked]
    question = Notice(NoticeCode.ASK_DATE_COLUMN)
    found.doubts.append(Doubt("txn_date", question, choices, Notice(because)))


def _words_of(columns: list[Column]) -> list[str]:
    """The words of each line."""
    worded = [column.values for column in columns if column.words and not column.is_dates]
    return [" ".join(cells) for cells in zip(*worded, strict=True)]


def _are_close(one: Column, two: Column, style: str) -> bool:
    days = [
        (day_of(first, style), day_of(second, style))
        for first, second in zip(one.values, two.values, strict=True)
        if first and second
    ]
    known = [(first, second) for first, second in days if first and second]
    return bool(known) and all(abs((first - second).days) <= _CLOSE_DAYS for first, second in known)


# --- The order of day, month and year ----------------------------------------------------------


def _settle_style(
    found: Dates,
    dated: list[Column],
    elsewhere: list[str],
    is_dollar: bool,
    context: ReadingContext,
) -> None:
    if found.txn.is_serials:
        found.style = "serial"
        return
    styles = fitting_styles(found.txn)
    if any("%b" in style for style in styles):
        _refuse_croatian(found.txn, context)
    others = [column for column in dated if column is not found.txn]
    for other in others:
        styles = [style for style in styles if style in fitting_styles(other)] or styles
    fitting, styles = len(styles), _different(styles, found.txn)
    found.is_untested = len(styles) == 1 < fitting
    month_first = _votes_for_month(found.txn, styles, is_dollar, context)
    in_order = [style for style in styles if _is_in_order(_days(found.txn, style))]
    is_contested = _is_contested(in_order, month_first, found.txn)
    proofs: list[tuple[str, Callable[[str], bool]]] = [
        ("the dates are in order", lambda style: style in in_order and not is_contested),
        (
            "the two dates on each line are close together",
            lambda style: _all_close(found.txn, others, style),
        ),
        ("another date in the file", lambda style: _reads(elsewhere, style)),
        ("no date is in the future", lambda style: _is_past(found.txn, style, context.today)),
    ]
    for reason, holds in proofs:
        held = [style for style in styles if holds(style)]
        if len(styles) > 1 and len(held) == 1:
            styles = held
            found.reasons["date_format"] = reason
    if len(styles) > 1:
        styles = _by_evidence(styles, found, month_first, context, is_open=is_contested)
    found.style = styles[0] if styles else ""
    _refuse_turned_days(found.txn, found.style)
    if len(styles) > 1:
        because = _why(styles, found.txn, is_dollar, context)
        question = Notice(NoticeCode.ASK_DATE_ORDER)
        found.doubts.append(Doubt("date_format", question, styles, because))


def _refuse_croatian(column: Column, context: ReadingContext) -> None:
    """Refuse dates whose month names mean one month in Croatian and another in Polish or Czech."""
    is_local = context.currency in ("PLN", "CZK") or context.locale[:2] in ("pl", "cs")
    if is_croatian(column.filled) or (not is_local and may_be_croatian(column.filled)):
        raise UnreadableFile(NoticeCode.CROATIAN_MONTHS)


def _refuse_turned_days(column: Column, style: str) -> None:
    """Refuse a sheet that turned the days it could read month first and left the others as text."""
    turned = [sure(day_of(value, style)) for value in column.filled if is_year_first(value)]
    written = [
        day for value in column.filled if not is_year_first(value) and (day := day_of(value, style))
    ]
    if style not in _DAY_FIRST | _MONTH_FIRST or min(len(turned), len(written)) < _FEWEST_TURNED:
        return
    if all(day.day <= _MONTHS for day in turned) and all(day.day > _MONTHS for day in written):
        raise UnreadableFile(NoticeCode.TURNED_DAYS)


def _refuse_future_days(found: Dates, today: date | None) -> None:
    """Refuse a file whose days are all years ahead: "10/06/67" may be in the Buddhist year 2567."""
    days = [day for day in _days(found.txn, found.style) if day]
    if today is not None and days and min(days) > today + _ODD_DAYS_AHEAD:
        raise UnreadableFile(
            NoticeCode.FUTURE_DAYS, text=shown(found.txn.filled[0]), year=str(today.year)
        )


def _different(styles: list[str], column: Column) -> list[str]:
    """The styles without those that read the same days as an earlier one."""
    days = {style: _days(column, style) for style in styles}
    return [
        style
        for place, style in enumerate(styles)
        if all(days[style] != days[earlier] for earlier in styles[:place])
    ]


def _days(column: Column, style: str) -> list[date | None]:
    return [day_of(value, style) for value in column.filled]


def _is_in_order(days: list[date | None], fewest: int = 4) -> bool:
    """Whether the days only rise or only fall, with enough different days as evidence."""
    known = [day for day in days if day]
    return len(set(known)) >= fewest and (known == sorted(known) or known == sorted(known)[::-1])


def _is_contested(in_order: list[str], month_first: int, column: Column) -> bool:
    """Whether the days are in order only in a style that the account and its owner speak against,
    and are so few that chance may have sorted them: four are in order in one file of twelve.
    """
    if len(in_order) != 1 or _is_in_order(_days(column, in_order[0]), _SORTED_BY_NO_CHANCE):
        return False
    return month_first * ((in_order[0] in _MONTH_FIRST) - (in_order[0] in _DAY_FIRST)) < 0


def _all_close(txn: Column, others: list[Column], style: str) -> bool:
    differing = [column for column in others if column.values != txn.values]
    return bool(differing) and all(_are_close(txn, column, style) for column in differing)


def _reads(texts: list[str], style: str) -> bool:
    """Whether every date found outside the columns is valid in this style."""
    return bool(texts) and all(day_of(text, style) for text in texts)


def _is_past(column: Column, style: str, today: date | None) -> bool:
    if today is None:
        return False
    return all(day is None or day <= today + _DAYS_AHEAD for day in _days(column, style))


def _by_evidence(
    styles: list[str], found: Dates, month_first: int, context: ReadingContext, *, is_open: bool
) -> list[str]:
    """The styles, likeliest first, or only one if the evidence settles it. With `is_open` the
    account and its owner alone do not.
    """
    earlier = context.earlier.get("date_format")
    spans = {style: _span(found.txn, style) for style in styles}
    votes = {
        style: (
            month_first * ((style in _MONTH_FIRST) - (style in _DAY_FIRST))
            + (style == earlier)
            + _votes_for_year(style, spans)
        )
        for style in styles
    }
    ranked = sorted(styles, key=lambda style: -votes[style])
    if _is_year_in_front_absurd(ranked, spans):
        found.reasons["date_format"] = "with the year in front the days would lie years apart"
        return ranked[:1]
    is_pair = set(styles) <= _MONTH_FIRST | _DAY_FIRST and len(styles) == 2
    is_longer = spans[ranked[0]] > 3 * spans[ranked[1]] + 3
    if is_pair and abs(month_first) >= _SETTLED_BY and not is_longer and not is_open:
        found.reasons["date_format"] = "the account's currency and the owner's language and region"
        return ranked[:1]
    return ranked


def _is_year_in_front_absurd(ranked: list[str], spans: dict[str, int]) -> bool:
    """Whether the days lie together, but years apart in every other order, with the year first."""
    first, *others = ranked
    return first in _DAY_FIRST and all(
        other in _YEAR_FIRST and spans[other] >= _A_YEAR > 2 * spans[first] for other in others
    )


def _why(
    ranked: list[str], column: Column, is_dollar: bool, context: ReadingContext
) -> Notice | None:
    """Why the first style is likelier; None if nothing speaks for it."""
    first = ranked[0]
    others = [_span(column, style) for style in ranked[1:]]
    if all(3 * _span(column, first) + 3 < span for span in others):
        return Notice(NoticeCode.DATES_CLOSE)
    if first == context.earlier.get("date_format"):
        return Notice(NoticeCode.AS_WRITTEN_BEFORE)
    if first not in _MONTH_FIRST | _DAY_FIRST:
        return None
    if is_dollar and first in _MONTH_FIRST:
        return Notice(NoticeCode.DOLLARS)
    return context.why_this_order(month_first=first in _MONTH_FIRST)


def _votes_for_year(style: str, spans: dict[str, int]) -> int:
    """The votes for a year in front, which is rare unless only then the days lie together."""
    if style in _MONTH_FIRST | _DAY_FIRST:
        return 0
    others = [span for other, span in spans.items() if other != style]
    return 6 if all(3 * spans[style] + 3 < span for span in others) else -2


def _votes_for_month(
    column: Column, styles: list[str], is_dollar: bool, context: ReadingContext
) -> int:
    """The votes for month-first minus the votes for day-first."""
    said = context.month_first_votes()
    votes = sum(1 if vote else -1 for vote in said) + (1 if is_dollar else 0)
    pair = [
        next((style for style in styles if style in kind), "")
        for kind in (_MONTH_FIRST, _DAY_FIRST)
    ]
    if all(pair):
        month_span, day_span = (_span(column, style) for style in pair)
        votes += (3 * month_span + 3 < day_span) - (3 * day_span + 3 < month_span)
    return votes


def _span(column: Column, style: str) -> int:
    known = [day for day in _days(column, style) if day]
    return (max(known) - min(known)).days if known else 0


def fitting_styles(column: Column) -> list[str]:
    """The styles that read the most cells as dates, preferring plausible years.

    Days with the year in front are read in any style, so the others decide.
    """
    values = list(dict.fromkeys(column.filled))
    others = [value for value in values if date_styles(value) and not is_year_first(value)]
    values = others or values
    counts: Counter[str] = Counter()
    for value in values:
        for style in date_styles(value):
            likely = sure(day_of(value, style)).year in _LIKELY_YEARS
            counts[style] += len(values) + 1 if likely else 1
    best = max(counts.values(), default=0)
    styles = [style for style in DATE_STYLES if best and counts[style] == best]
    return _without_oddities(styles, values)


def _without_oddities(styles: list[str], values: list[str]) -> list[str]:
    """Drop unusual orders if a common one reads the same cells."""
    odd = set()
    if "%Y-%m-%d" in styles:
        odd.add("%Y-%d-%m")
    if "%Y%m%d" in styles:
        odd |= {"%d%m%Y", "%m%d%Y"}
    is_dotted = all(re.match(r"[='\"]*[0-9]{1,2}\.", value) for value in values)
    if is_dotted and {"%d-%m-%Y", "%d-%m-%y"} & set(styles):
        odd |= {"%m-%d-%Y", "%m-%d-%y", "%y-%m-%d"}
    if any("/" in value for value in values) and {"%d-%m-%y", "%m-%d-%y"} & set(styles):
        odd.add("%y-%m-%d")
    # Nobody puts a two-digit year before a month's name.
    if "%d %b %y" in styles:
        odd.add("%y %b %d")
    return [style for style in styles if style not in odd]
