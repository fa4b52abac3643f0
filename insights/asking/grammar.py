"""The grammar of questions about money: what is asked, about what, and for which days.

"How much did I spend on groceries last month?" is a sum of spending, the words "groceries", and the
days of last month. The grammar only takes a sentence apart; `answers` looks up what its words mean.
It knows no language model and guesses nothing: what it cannot read, it does not answer.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from banking.kernel.periods import Period, add_months, first_of_month
from transactions.merchant_names import plain

ONE_DAY = timedelta(days=1)
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS) + "|sept"


class Measure(StrEnum):
    SUM = "sum"
    COUNT = "count"
    BIGGEST = "biggest"
    BALANCE = "balance"


class Kind(StrEnum):
    """As the list's filter `counts_as` means it: spending is money out minus its refunds."""

    SPENDING = "spending"
    INCOME = "income"


@dataclass(frozen=True, slots=True)
class Question:
    """`about` are the remaining words, the most likely reading first; () asks about everything.

    `kind` is None where no word says it.
    """

    measure: Measure
    kind: Kind | None
    about: tuple[str, ...]
    period: Period
    is_period_given: bool


_BIGGEST = re.compile(r"\b(?:biggest|largest|highest|most expensive|top)\b")
_BALANCE = re.compile(r"\bbalance\b|^how much (?:money )?(?:do i have|is (?:there )?(?:in|on))\b")
_COUNT = re.compile(r"^how (?:many|often)\b")
_SUM = re.compile(r"^(?:how much|what)\b")
_INCOME = re.compile(
    r"\b(?:income|earn(?:ed|ings)?|receive[d]?|deposits?|get paid|paid me|made|make)\b"
)
_SPEND = "spend(?:ing|ings)?|spent|expenses?|expenditures?|purchases?|pay|paid|costs?|buy|bought"
_SPENDING = re.compile(rf"\b(?:{_SPEND})\b")
_FILLER = (
    "how|much|many|often|what|was|were|is|are|did|do|does|have|had|has|i|we|my|our|me|the|an?|there"
    "|go|went|come|came|total|sum|amount|money|balance|transactions?|times|payments?|so far|in all"
    f"|altogether|{_SPEND}|income|earn(?:ed|ings)?|received?|deposits?|get|make|made|out"
    "|biggest|largest|highest|most expensive|top|single"
    "|on|at|in|for|from|to|with|by|during|since|of"
)
_LEADING = re.compile(rf"^(?:(?:{_FILLER})(?:\s+|$))+")
_TRAILING = re.compile(rf"(?:(?:^|\s+)(?:{_FILLER}))+$")


def read_question(text: str, *, today: date, first_weekday: int = 0) -> Question | None:
    """The question in a sentence, or None if it is none: a plain name, or nothing we can answer.

    It is one if it asks for a measure or names a period. Without a period it is about this month.
    `first_weekday` counts from Monday = 0.
    """
    words = plain(text)
    period, rest = _period_in(words, today, first_weekday)
    measure = _measure_of(words)
    if measure is None and period is None:
        return None
    kind = _kind_of(words)
    name = _LEADING.sub("", re.sub(r"\s+", " ", rest).strip())
    readings = dict.fromkeys((_TRAILING.sub("", name) and name, _TRAILING.sub("", name)))
    about = tuple(reading for reading in readings if reading)
    month = Period(first_of_month(today), add_months(first_of_month(today), 1))
    return Question(measure or Measure.SUM, kind, about, period or month, period is not None)


def _measure_of(words: str) -> Measure | None:
    if _BALANCE.search(words):
        return Measure.BALANCE
    if _BIGGEST.search(words):
        return Measure.BIGGEST
    if _COUNT.search(words):
        return Measure.COUNT
    if _SUM.search(words) or re.fullmatch(r"(?:my |total )?(?:spending|income|expenses)", words):
        return Measure.SUM
    return None


def _kind_of(words: str) -> Kind | None:
    if _INCOME.search(words):
        return Kind.INCOME
    return Kind.SPENDING if _SPENDING.search(words) else None


def _period_in(words: str, today: date, first_weekday: int) -> tuple[Period | None, str]:
    """The first period that the words name, and the words without it."""
    for pattern, read in _PERIODS:
        found = pattern.search(words)
        if found is None:
            continue
        period = read(found, today, first_weekday)
        if period is not None:
            return period, f"{words[: found.start()]} {words[found.end() :]}"
    return None, words


def _named(found: re.Match[str], today: date, first_weekday: int) -> Period:
    which, unit = found["which"], found["unit"]
    start = _start_of(unit, today, first_weekday)
    if which in ("last", "previous"):
        return Period(_stepped(unit, start, -1), start)
    return Period(start, _stepped(unit, start, 1))


def _start_of(unit: str, on: date, first_weekday: int) -> date:
    if unit == "week":
        return on - (on.weekday() - first_weekday) % 7 * ONE_DAY
    if unit == "month":
        return first_of_month(on)
    if unit == "quarter":
        return date(on.year, (on.month - 1) // 3 * 3 + 1, 1)
    return date(on.year, 1, 1)


def _stepped(unit: str, start: date, steps: int) -> date:
    if unit == "week":
        return start + 7 * steps * ONE_DAY
    return add_months(start, steps * {"month": 1, "quarter": 3, "year": 12}[unit])


def _rolling(found: re.Match[str], today: date, first_weekday: int) -> Period | None:
    count, unit = int(found["count"]), found["unit"]
    if not 1 <= count <= 400:
        return None
    if unit == "day":
        return Period(today - (count - 1) * ONE_DAY, today + ONE_DAY)
    if unit == "week":
        return Period(today - (7 * count - 1) * ONE_DAY, today + ONE_DAY)
    return Period(
        add_months(today + ONE_DAY, -count * (12 if unit == "year" else 1)), today + ONE_DAY
    )


def _month(found: re.Match[str], today: date, first_weekday: int) -> Period:
    """A month; without a year the latest that has begun."""
    number = next(at for at, name in enumerate(MONTHS, 1) if name.startswith(found["month"][:3]))
    year = int(found["year"]) if found["year"] else today.year - (number > today.month)
    start = date(year, number, 1)
    return Period(start, add_months(start, 1))


def _since(found: re.Match[str], today: date, first_weekday: int) -> Period:
    return Period(_month(found, today, first_weekday).start, today + ONE_DAY)


def _year(found: re.Match[str], today: date, first_weekday: int) -> Period:
    return Period(date(int(found["year"]), 1, 1), date(int(found["year"]) + 1, 1, 1))


def _day(found: re.Match[str], today: date, first_weekday: int) -> Period:
    start = today if found["day"] == "today" else today - ONE_DAY
    return Period(start, start + ONE_DAY)


_YEAR = r"(?P<year>(?:19|20)\d\d)"
_PERIODS = (
    (
        re.compile(r"\b(?P<which>this|current|last|previous) (?P<unit>week|month|quarter|year)\b"),
        _named,
    ),
    (
        re.compile(
            r"\b(?:in |for |during |over )?(?:the )?(?:last|past) "
            r"(?P<count>\d{1,3}) (?P<unit>day|week|month|year)s?\b"
        ),
        _rolling,
    ),
    (re.compile(rf"\bsince (?P<month>{_MONTH})\b(?: {_YEAR}\b)?"), _since),
    (re.compile(rf"\b(?:in|during|for) (?P<month>{_MONTH})\b(?: {_YEAR}\b)?"), _month),
    (re.compile(rf"\b(?P<month>{_MONTH}) {_YEAR}\b"), _month),
    (re.compile(rf"\b(?:in |during |for )?{_YEAR}$"), _year),
    (re.compile(rf"\b(?:in|during|for) {_YEAR}\b"), _year),
    (re.compile(rf"\b(?P<month>{'|'.join(MONTHS)})(?P<year>)$"), _month),
    (re.compile(r"\b(?P<day>today|yesterday)\b"), _day),
)
