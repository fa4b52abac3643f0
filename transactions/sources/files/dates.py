"""The date styles banks use, and the day one cell means in a given style.

The style of a whole column is chosen elsewhere, from all of its cells.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from babel.dates import get_day_names, get_month_names

from banking.kernel.passing_locales import read_in_passing, read_once
from transactions.sources.files.notices import NoticeCode, RowError
from transactions.sources.files.values import bare, fold, shown

FIRST_YEAR, LAST_YEAR = 1000, 2199
TWO_DIGIT_PIVOT = 70
# Years of other calendars. Buddhist dates only shift the year. Persian and Islamic months differ
# too, so those dates are refused, not converted.
BUDDHIST_YEARS, YEARS_AHEAD = range(2443, 2700), 543
# From 43 on, two digits of a Thai date are a Buddhist year: 2543 is 2000.
_SHORT_BUDDHIST = 43
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
    "%Y %d %b": "2024 31 Dec",
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
_LANGUAGE_CODES = """
bg hr sr sr_Latn sl sk el tr ru uk be mk lv et is ga cy sq ca eu gl ar ar_LB ar_DZ he hi bn ta th
fi sv de fr es it pt nl ro vi id ms ka hy az kk uz mn sw nb da hu cs pl lt mt fa ur ne si mr gu pa
te kn ml my km lo am so ha ky tk tg bs af lb fo rm fy zu fil
"""
_MORE_LANGUAGES = tuple(_LANGUAGE_CODES.split())
# The genitive in Basque and Mongolian, where the year or day follows.
_MONTH_ENDING = re.compile("(?:ren|k|ын)$")
# Bengali and Hindi months have two spellings each.
_SPELLINGS = (("ী", "ি"), ("\u093c", ""), ("म्ब", "ंब"), ("क्तू", "क्टू"))
_OF_MONTH = re.compile("^(?:d['\u2019\u05f3]|de |ב(?=[א-ת]{3}))")
_CROATIAN = re.compile(
    r"(?<!\w)(?:sij|sijecnja|velj|veljace|ozu|ozujka|tra|travnja|svi|svibnja|lipanj|lipnja|srpanj|srpnja|kol|"
    r"kolovoza|ruj|rujna|stu|studeni|studenoga?)(?!\w)"
)
_SHARED_NAMES = re.compile(r"(?<!\w)(?:lip|lis|srp|listopada?)(?!\w)")
_WIDTHS: list[Any] = [
    (width, form) for width in ("wide", "abbreviated") for form in ("format", "stand-alone")
]


@read_once
def _names() -> tuple[list[tuple[str, int]], frozenset[str]]:
    """In the languages above: names of months with their numbers, and the words for weekdays."""
    months, weekdays = zip(*map(_texts_in, ("en", "ja", "ko", "zh", *_MORE_LANGUAGES)), strict=True)
    lines = (line.split(" ", 1) for line in "\n".join(filter(None, months)).split("\n"))
    days = "\n".join(weekdays).split("\n")
    return [(name, int(number)) for number, name in lines], frozenset(map(_month_word, days))


@read_in_passing()
def _texts_in(language: str) -> tuple[str, str]:
    """Names of months, if it is one of the languages above, and of weekdays. Each a text of lines:
    words by themselves would keep the memory around them in use.
    """
    forms = _WIDTHS if language in _MORE_LANGUAGES else ()
    months = [get_month_names(width, form, language) for width, form in forms]
    days = [get_day_names(width, "format", language) for width in ("wide", "abbreviated", "short")]
    return (
        "\n".join(f"{number} {name}" for names in months for number, name in names.items()),
        "\n".join(name for names in days for name in names.values()),
    )


@cache
def _more_months() -> dict[str, int]:
    """Month names in the languages above, except words that two of them use differently."""
    found: dict[str, set[int]] = {}
    for name, number in _names()[0]:
        found.setdefault(_month_word(name), set()).add(number)
    return {word: min(numbers) for word, numbers in found.items() if len(numbers) == 1}


@cache
def _two_word_months() -> re.Pattern:
    """Month names of two words, such as "تشرين الأول" and "Meán Fómhair"."""
    names = {
        name
        for name, _number in _names()[0]
        if " " in name and len(min(name.split(), key=len)) > len("de")
    }
    return re.compile("|".join(map(re.escape, sorted(names))), re.IGNORECASE)


def _month_word(text: str) -> str:
    """The name alone, as it is compared: "d’abril" and "במרץ" have an "of" or "in" in front."""
    word = _OF_MONTH.sub("", fold(text)).replace(".", "").replace(" ", "").strip()
    if not word.isascii():
        for one, other in _SPELLINGS:
            word = word.replace(one, other)
    return word


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
    """The number of a month, by name or abbreviation, in about seventy languages."""
    word = _month_word(text)
    return (
        _COMMON_MONTHS.get(word)
        or _more_months().get(word)
        or _more_months().get(_MONTH_ENDING.sub("", word))
    )


_SEPARATOR = r"\s?[-/.:\s年월月년]\s?"
_TIME = r"[.日일]?(?:[T,\s]\s*[0-9]{1,2}[:.h]?[0-9]{2}.*)?"
_PARTS = {"%Y": "([0-9]{4})", "%y": "'?([0-9]{2})", "%m": "([0-9]{1,2})", "%d": "([0-9]{1,2})"}
_WEEKDAY = r"(?:[^\W\d_]{2,12}[.,]?\s+)?"
_MONTH_NAME = r"([^\d\s,/\-]{2,20})"
# What stands between a day, a month's name and a year, or behind the year.
_LINK = (
    r"(?:\.?[\s-]+"
    r"(?:of|de|del|di|da|gada|m|ta['\u2019]|yil|ж|жылдын|оны|թ|წ|พ\.ศ|ค\.ศ|ខែ|ឆ្នាំ)\.?,?\s+)"
)
# "1st", "1er", "1°", "1.º" and "1:a"; an "e" could also begin "enero".
_ORDINAL = r"(?:st|nd|rd|th|(?:er|e|\.?[°ºª]|:[ae])(?=[\s-]))?"
_GAP = rf"{_ORDINAL}(?:{_LINK}|[-/.,\s]+)"
_GLUE = rf"{_ORDINAL}(?:{_LINK}|[-/.,\s]*)"
_BEHIND_YEAR = (
    r"(?:[\s.-]*(?:г|год|года|р|року|рік|ж|жыл|m|d|r|roku|g|god|godine|године|gada|gads|yil|"
    r"c[iıuü] il|թ|წ|оны)\.?)?"
)


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
        return re.compile(_WEEKDAY + pattern + _BEHIND_YEAR + _TIME)
    if "-" in style:
        written = _SEPARATOR.join(_PARTS[piece] for piece in style.split("-"))
        return re.compile(written + (_BEHIND_YEAR if style[-1] in "Yy" else "") + _TIME)
    sized = {"%Y": "([0-9]{4})", "%y": "([0-9]{2})", "%m": "([0-9]{2})", "%d": "([0-9]{2})"}
    pieces = [sized[f"%{piece}"] for piece in style.split("%")[1:]]
    # OFX writes the time right after the date and the zone in brackets.
    return re.compile("".join(pieces) + r"(?:[0-9]{4}(?:[0-9]{2})?)?(?:\.[0-9]+)?(?:[\[ T].*)?")


_DATE_PATTERNS = {style: _pattern_of(style) for style in DATE_STYLES}
_DATE_ORDER = {style: re.findall("%[Yymdb]", style) for style in DATE_STYLES}

# Japanese eras and the Republic of China count years from elsewhere; "tháng 3" is a month.
_NUMERIC_DAY = re.compile("[0-9]{1,4}[./-][0-9]")
_BEFORE_DIGITS = re.compile(r"[^\d,]+(?=\s\d|,|\.\d)")
_BEHIND_DIGITS = re.compile(r"(?:(?<=[日일])|(?<=[0-9])(?![日일])|(?<=,))[^\d,]*$")
# "The" between a weekday and its day: Danish, Romansh and Thai.
_THE = re.compile(r"(?:\s(?:den|ils)|ที่)$")
_REIGN = re.compile(r"(?:(令和|R)|(平成|H))\s?([0-9]{1,2}|元)(?=[./\-年])")
_PLAIN = re.compile(r"(?![0-9]{3}[./-])[0-9./\-: ]+")
_REPUBLIC = re.compile(r"(?:民國)?(1[01][0-9])(?=[./\-年][0-9]{1,2}[./\-月])")
_NUMBERED_MONTH = re.compile(
    r"(?:ng[àa]y\s+)?([0-9]{1,2})[-./,\s]*(?:thg|tháng|thang|th)\.?\s*([0-9]{1,2})"
    r"[-./,\s]*(?:n[ăa]m\s+)?([0-9]{4}|[0-9]{2}(?![0-9]))",
    re.IGNORECASE,
)
# "2024 m. 05 mėn. 31 d." and "2024 оны 5-р сарын 31".
_NUMBERED_IN_WORDS = re.compile(
    r"([0-9]{4})\s*(?:m\.|оны?)\s*([0-9]{1,2})(?:\s*(?:mėn|men)\.?|-?р?\s*сарын)\s*([0-9]{1,2})"
    r"(?:\s*(?:d\.?|өдөр))?"
)
# "Day" in front of a Thai, Lao or Khmer date, and the second of two names of an Arabic month.
_DAY_IN_FRONT = re.compile(r"^(?:วันที่|ວັນທີ|ថ្ងៃទី|ב-(?=[0-9]))\s*")
# Basque "2024(e)ko" and "27(a)".
_BASQUE = re.compile(r"(?<=[0-9])(?:(?:\(?e\)?)?ko|\(a\)|an?)(?=\s|$)")
_SECOND_NAME = re.compile(r"(?<=[\u0621-\u064a])\s?/\s?[\u0621-\u064a]+")
_THAI = re.compile("[ก-๎]")
_MONTH_SIGN = re.compile(r"(?<=[0-9])\s?[月월](?=\s?[-./])")


def _reign_year(match: re.Match) -> str:
    number = 1 if match[3] == "元" else int(match[3])
    return str(number + (2018 if match[1] else 1988))


def _year_first(match: re.Match) -> str:
    """A day, a month called by its number and a year, in the order that means the same anywhere."""
    day, month, year = match.groups()
    return f"{year if len(year) == 4 else 2000 + int(year)}-{month}-{day}"


def _without_weekday(text: str) -> str:
    """The text without a weekday in front or behind: "Sun, 18.02.2024", "27 қаңтар, сенбі"."""
    front = _BEFORE_DIGITS.match(text)
    if front:
        name = _month_word(_THE.sub("", front[0].strip(" .,()")))
        rest = text[front.end() :].lstrip(" .,")
        is_also_month = month_of(name) is not None and not _NUMERIC_DAY.match(rest)
        if name in _names()[1] and not is_also_month:
            text = rest
    behind = _BEHIND_DIGITS.search(text)
    if behind and _month_word(behind[0].strip(" .,()")) in _names()[1]:
        text = text[: behind.start()].rstrip(" .,(")
    return text


def _cleaned(text: str) -> str:
    cleaned = bare(text)
    if _PLAIN.fullmatch(cleaned):
        return cleaned
    cleaned = _without_weekday(cleaned.replace("،", ","))
    cleaned = _REIGN.sub(_reign_year, cleaned, count=1)
    if match := _REPUBLIC.match(cleaned):
        cleaned = str(int(match[1]) + 1911) + cleaned[match.end() :]
    cleaned = _DAY_IN_FRONT.sub("", cleaned)
    cleaned = _NUMBERED_MONTH.sub(_year_first, cleaned, count=1)
    cleaned = _NUMBERED_IN_WORDS.sub(r"\1-\2-\3", cleaned, count=1)
    cleaned = _BASQUE.sub("", _MONTH_SIGN.sub("", cleaned))
    if cleaned.isascii():
        return cleaned
    cleaned = _two_word_months().sub(lambda match: match[0].replace(" ", ""), cleaned)
    return _SECOND_NAME.sub("", cleaned)


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
    if "%Y" in parts:
        year = int(parts["%Y"])
    else:
        year = _full_year(int(parts["%y"]), is_thai=bool(_THAI.search(text)))
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


def _full_year(two_digits: int, *, is_thai: bool = False) -> int:
    """The year in our calendar. Beside a Thai word, 67 is short for the Buddhist 2567: 2024."""
    if is_thai and two_digits >= _SHORT_BUDDHIST:
        return 2500 + two_digits - YEARS_AHEAD
    return two_digits + (1900 if two_digits >= TWO_DIGIT_PIVOT else 2000)
