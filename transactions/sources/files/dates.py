"""The date styles banks use, and the day one cell means in a given style.

The style of a whole column is chosen elsewhere, from all of its cells.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from babel.dates import get_day_names, get_month_names

from transactions.sources.files.notices import NoticeCode, RowError
from transactions.sources.files.values import bare, fold, shown

FIRST_YEAR, LAST_YEAR = 1000, 2199
TWO_DIGIT_PIVOT = 70
# Years of other calendars. Buddhist dates only shift the year. Persian and Islamic months differ
# too, so those dates are refused, not converted.
BUDDHIST_YEARS, YEARS_AHEAD = range(2443, 2700), 543
_OTHER_CALENDARS = range(1300, 1500)
_FIRST_SERIAL = date(1899, 12, 30)

# Style -> how 31 December 2024 looks in it. "-" stands for any separator: . / : - or a space.
DATE_STYLES = {
    "%Y-%m-%d": "2024-12-31",
    "%d-%m-%Y": "31-12-2024",
    "%m-%d-%Y": "12-31-2024",
    "%d-%m-%y": "31-12-24",
    "%m-%d-%y": "12-31-24",
    "%y-%m-%d": "24-12-31",
    "%Y-%d-%m": "2024-31-12",
    "%Y%m%d": "20241231",
    "%d%m%Y": "31122024",
    "%m%d%Y": "12312024",
    "%y%m%d": "241231",
    "%d%m%y": "311224",
    "%d %b %Y": "31 Dec 2024",
    "%d %b %y": "31 Dec 24",
    "%b %d %Y": "Dec 31 2024",
    "%b %d %y": "Dec 31 24",
    "%Y %b %d": "2024 Dec 31",
    "%y %b %d": "24 Dec 31",
    "serial": "45657",
}
YEAR_MONTH_DAY = "%Y-%m-%d"
# Month names and abbreviations without accents: en de fr es it nl pt pl cs hu sv da fi lt ro af.
_MONTH_WORDS = """
jan led january januar janner jan janv janvier ene enero gen gennaio januari janeiro sty \
styczen stycznia leden ledna januari tammikuu sau sausio ian ianuarie januarie
feb uno february februar feber fev fevr fevrier febrero febbraio februari fevereiro \
lut luty lutego unor unora helmikuu vas vasario februarie
mar bre march mrz marz maerz mars marzo mrt maart marco marzec marca brezen brezna marcius \
maaliskuu \
kov kovo martie maart
apr dub april avr avril abr abril aprile kwi kwiecien kwietnia duben dubna aprilis huhtikuu bal \
balandzio aprilie
may kve mai mayo mag maggio mei maio maj maja kveten kvetna majus toukokuu geg geguzes
jun cvn june juni juin junio giu giugno junho cze czerwiec czerwca cerven cervna junius \
kesakuu bir \
birzelio iun iunie junie
jul cvc july juli juil juillet julio lug luglio julho lip lipiec lipca cervenec cervence julius \
heinakuu lie liepos iul iulie julie
aug srp august aout ago agosto augustus sie sierpien sierpnia srpen srpna augusztus augusti elokuu \
rgp rugpjucio augustus
sep zar sept september septembre septiembre set settembre setembro wrz wrzesien wrzesnia zari \
szeptember syyskuu rgs rugsejo septembrie
oct rij october okt oktober octobre octubre ott ottobre out outubro paz pazdziernik pazdziernika \
rijen rijna lokakuu spa spalio octombrie
nov november novembre noviembre novembro lis listopad listopada listopadu marraskuu lap \
lapkricio noi noiembrie
dec pro december dez dezember decembre dic diciembre dicembre dezembro gru grudzien \
grudnia prosinec \
prosince joulukuu gruodzio decembrie des desember
"""
_COMMON_MONTHS = {
    word: number
    for number, line in enumerate(_MONTH_WORDS.strip().split("\n"), start=1)
    for word in line.split()
}

# Month names from the CLDR in many more languages, loaded only if no common name matches.
_MORE_LANGUAGES = (
    *(
        "bg",
        "hr",
        "sr",
        "sr_Latn",
        "sl",
        "sk",
        "el",
        "tr",
        "ru",
        "uk",
        "be",
        "mk",
        "lv",
        "et",
        "is",
    ),
    *("ga", "cy", "sq", "ca", "eu", "gl", "ar", "ar_LB", "ar_DZ", "he", "hi", "bn", "ta", "th"),
    *("fi", "sv", "de", "fr", "es", "it", "pt", "nl", "ro", "vi"),
    *("id", "ms", "ka", "hy", "az", "kk", "uz", "mn", "sw", "nb", "da", "hu", "cs", "pl", "lt"),
)
_CROATIAN = re.compile(
    r"(?<!\w)(?:sij|sijecnja|velj|veljace|ozu|ozujka|tra|travnja|svi|svibnja|lipanj|lipnja|srpanj|srpnja|kol|"
    r"kolovoza|ruj|rujna|stu|studeni|studenoga?)(?!\w)"
)
_SHARED_NAMES = re.compile(r"(?<!\w)(?:lip|lis|srp|listopada?)(?!\w)")
_WIDTHS: list[Any] = [
    (width, form) for width in ("wide", "abbreviated") for form in ("format", "stand-alone")
]


@cache
def _more_months() -> dict[str, int]:
    """Month names in the languages above, except words that two of them use differently."""
    found: dict[str, set[int]] = {}
    for language in _MORE_LANGUAGES:
        for width, form in _WIDTHS:
            for number, name in get_month_names(width, form, language).items():
                found.setdefault(_month_word(name), set()).add(number)
    return {word: min(numbers) for word, numbers in found.items() if len(numbers) == 1}


def _month_word(text: str) -> str:
    return fold(text).replace(".", "").strip()


def is_croatian(texts: Iterable[str]) -> bool:
    """Whether the month names are Croatian: "listopad" is October there and November in Polish."""
    folded = [fold(text) for text in texts]
    has_shared = any(_SHARED_NAMES.search(text) for text in folded)
    return has_shared and any(_CROATIAN.search(text) for text in folded)


def may_be_croatian(texts: Iterable[str]) -> bool:
    """Whether every date has a month name that Croatian shares with Polish or Czech."""
    folded = [fold(text) for text in texts]
    return bool(folded) and all(_SHARED_NAMES.search(text) for text in folded)


def month_of(text: str) -> int | None:
    """The number of a month, by name or abbreviation, in about fifty languages."""
    word = _month_word(text)
    return _COMMON_MONTHS.get(word) or _more_months().get(word)


_SEPARATOR = r"\s?[-/.:\s年월月년]\s?"
_TIME = r"[.日일]?(?:[T,\s]\s*[0-9]{1,2}[:.h]?[0-9]{2}.*)?"
_PARTS = {"%Y": "([0-9]{4})", "%y": "'?([0-9]{2})", "%m": "([0-9]{1,2})", "%d": "([0-9]{1,2})"}
_WEEKDAY = r"(?:[^\W\d_]{2,12}[.,]?\s+)?"
_MONTH_NAME = r"([^\d\s,/\-]{2,20})"
_GAP = r"(?:st|nd|rd|th)?(?:\.?\s+(?:de|del|di|gada|m)\.?\s+|[-/.,\s]+)"
_GLUE = r"(?:st|nd|rd|th)?(?:\.?\s+(?:de|del|di|gada|m)\.?\s+|[-/.,\s]*)"


def _pattern_of(style: str) -> re.Pattern:
    if style == "serial":
        return re.compile(r"([2-7][0-9]{4})(?:[.,][0-9]+)?")
    if "%b" in style:
        parts = {
            "%b": _MONTH_NAME,
            "%d": "([0-9]{1,2})",
            "%Y": "([0-9]{4})",
            "%y": "'?([0-9]{1,2})",
        }
        # Two numbers need a separator between them; a month name separates itself.
        written = style.replace("%b ", "%b~").replace(" %b", "~%b")
        pattern = re.sub("%[Yymdb]", lambda match: parts[match[0]], written)
        pattern = pattern.replace("~", _GLUE).replace(" ", _GAP)
        return re.compile(_WEEKDAY + pattern + r"(?:\s*(?:г|р|m)\.?)?" + _TIME)
    if "-" in style:
        return re.compile(_SEPARATOR.join(_PARTS[piece] for piece in style.split("-")) + _TIME)
    sized = {"%Y": "([0-9]{4})", "%y": "([0-9]{2})", "%m": "([0-9]{2})", "%d": "([0-9]{2})"}
    pieces = [sized[f"%{piece}"] for piece in style.split("%")[1:]]
    # OFX writes the time right after the date and the zone in brackets.
    return re.compile("".join(pieces) + r"(?:[0-9]{4}(?:[0-9]{2})?)?(?:\.[0-9]+)?(?:[\[ T].*)?")


_DATE_PATTERNS = {style: _pattern_of(style) for style in DATE_STYLES}
_DATE_ORDER = {style: re.findall("%[Yymdb]", style) for style in DATE_STYLES}

# Japanese eras and the Republic of China count years from elsewhere; "tháng 3" is a month.
_WEEKDAY_FIRST = re.compile(r"([^\W\d_]{2,12})[.,]*\s+(?=[0-9]{1,4}[./-][0-9])")
_WEEKDAY_LAST = re.compile(r"(?<=[0-9日일])[.,]?\s*\(?([^\W\d_]{1,12})\.?\)?$")
_REIGN = re.compile(r"(?:(令和|R)|(平成|H))\s?([0-9]{1,2}|元)(?=[./\-年])")
_PLAIN = re.compile(r"(?![0-9]{3}[./-])[0-9./\-: ]+")
_REPUBLIC = re.compile(r"(?:民國)?(1[01][0-9])(?=[./\-年][0-9]{1,2}[./\-月])")
_NUMBERED_MONTH = re.compile(r"[-./\s]*(?:thg|tháng|thang)\.?\s*(?=[0-9])", re.IGNORECASE)
_MONTH_SIGN = re.compile(r"(?<=[0-9])\s?[月월](?=\s?[-./])")


def _reign_year(match: re.Match) -> str:
    number = 1 if match[3] == "元" else int(match[3])
    return str(number + (2018 if match[1] else 1988))


@cache
def _weekdays() -> frozenset[str]:
    """Names and abbreviations of weekdays in many languages."""
    return frozenset(
        _month_word(name)
        for language in ("en", "ja", "ko", "zh", *_MORE_LANGUAGES)
        for width in ("wide", "abbreviated", "short")
        for name in get_day_names(width, "format", language).values()
    )


def _without_weekday(text: str) -> str:
    """The text without a weekday before or after its digits: "Sun, 18.02.2024"."""
    for pattern in (_WEEKDAY_FIRST, _WEEKDAY_LAST):
        match = pattern.match(text) if pattern is _WEEKDAY_FIRST else pattern.search(text)
        if match and _month_word(match[1]) in _weekdays():
            text = text[: match.start()] + text[match.end() :]
    return text


def _cleaned(text: str) -> str:
    cleaned = bare(text)
    if _PLAIN.fullmatch(cleaned):
        return cleaned
    cleaned = _without_weekday(cleaned)
    cleaned = _REIGN.sub(_reign_year, cleaned, count=1)
    if match := _REPUBLIC.match(cleaned):
        cleaned = str(int(match[1]) + 1911) + cleaned[match.end() :]
    return _MONTH_SIGN.sub("", _NUMBERED_MONTH.sub("-", cleaned))


def styles_like(text: str) -> list[str]:
    """The styles whose shape a cell has; `parse_date` decides whether it is a valid day.

    Serial numbers are never included, because they look like any amount.
    """
    cleaned = _cleaned(text)
    return [
        style
        for style, pattern in _DATE_PATTERNS.items()
        if style != "serial" and pattern.fullmatch(cleaned)
    ]


def is_year_first(text: str) -> bool:
    """Whether a cell is written like 2024-12-31, which means the same day everywhere."""
    return _DATE_PATTERNS[YEAR_MONTH_DAY].fullmatch(_cleaned(text)) is not None


def parse_date(text: str, style: str) -> date:
    """The day of a cell written in ``style``, a key of ``DATE_STYLES``. Any time is ignored.

    A day with its year in front, as sheets store dates, is read beside dates of any other style.
    """
    match = _DATE_PATTERNS[style].fullmatch(_cleaned(text))
    if not match and style != YEAR_MONTH_DAY and is_year_first(text):
        return parse_date(text, YEAR_MONTH_DAY)
    if not match:
        raise RowError(NoticeCode.NOT_DATE_LIKE, text=shown(text), example=DATE_STYLES[style])
    if style == "serial":
        return _FIRST_SERIAL + timedelta(days=int(match[1]))
    parts = dict(zip(_DATE_ORDER[style], match.groups(), strict=True))
    month = month_of(parts["%b"]) if "%b" in parts else int(parts["%m"])
    if month is None:
        raise RowError(NoticeCode.NO_MONTH, text=shown(text))
    year = int(parts["%Y"]) if "%Y" in parts else _full_year(int(parts["%y"]))
    if year in BUDDHIST_YEARS:
        year -= YEARS_AHEAD
    _refuse_year(text, year)
    try:
        return date(year, month, int(parts["%d"]))
    except ValueError:
        raise RowError(NoticeCode.NOT_A_DAY, text=shown(text)) from None


def _refuse_year(text: str, year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise RowError(NoticeCode.ODD_YEAR, text=shown(text), year=f"{year:04d}")
    if year in _OTHER_CALENDARS:
        raise RowError(NoticeCode.OTHER_CALENDAR, text=shown(text), year=str(year))


def _full_year(two_digits: int) -> int:
    return two_digits + (1900 if two_digits >= TWO_DIGIT_PIVOT else 2000)
