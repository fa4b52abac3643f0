"""How banks write amounts, dates and texts, and what they mean.

Every parser here takes one cell and either returns its value or raises ``ValueError`` with a
sentence for the file's owner. Nothing reaches ``Decimal`` or ``date`` before an ASCII pattern has
let it through: Decimal itself would accept "NaN", "1e3000000" and Arabic-Indic digits.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal

WHOLE_DIGITS = 12
DECIMALS = 4
FIRST_YEAR, LAST_YEAR = 1000, 2199
TWO_DIGIT_PIVOT = 70
LONGEST_CELL = 64

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
BZD CAD CDF CHF CLF CLP CNH CNY COP CRC CUP CVE CZK DEM DJF DKK DOP DZD EEK EGP ERN ETB EUR FJD
FKP FRF GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK ITL JMD JOD
JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NLG NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SKK SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND
TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
"""
CURRENCY_CODES = frozenset(_CODES.split())
SYMBOL_CODES = {"€": "EUR", "£": "GBP", "zł": "PLN", "kč": "CZK", "ft": "HUF", "₽": "RUB"}
# Signs of money that more than one currency uses: they say "this is an amount", not which money.
_SHARED = """
$ ¥ 円 元 원 r$ us$ a$ ca$ c$ nz$ hk$ nt$ s$ r rs kr lei руб р лв грн din kn sfr fr nis د.ت د.إ ر.س
د.ك ج.م ﷼
"""
AMBIGUOUS_SYMBOLS = frozenset(_SHARED.split())

# Minus signs of typesetters, spaces of every width, and invisible direction marks.
_MARKS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2012\u2013\ufe63\uff0d\u2010\u2011", "-"),
        **dict.fromkeys("\u00a0\u202f\u2007\u2009\u2002\u2003\u3000\t\r\n", " "),
        **dict.fromkeys("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e", None),
        **dict.fromkeys("\u2066\u2067\u2068\u2069\ufeff\u200b", None),
        "\uff0b": "+",
        "\u2019": "'",
        "\u00b4": "'",
        "`": "'",
    }
)
_FAST = {
    ".": re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,4})?"),
    ",": re.compile(r"[+-]?[0-9]{1,12}(?:,[0-9]{1,4})?"),
}
_MONEY_SIGN = r"([^\d\s+\-().,'][^\d\s+\-()]{0,5})?"
_SHAPE = re.compile(
    r"(\()?\s*([+-])?\s*" + _MONEY_SIGN + r"\s*([+-])?\s*([0-9.,' ]+?)\s*"
    r"([+-])?\s*" + _MONEY_SIGN + r"\s*([+-])?\s*(\))?"
)
# "100,-" and "100.--" are whole amounts: this dash stands for zero cents, it is no sign.
_ROUND_AMOUNT = re.compile(r"(?<=[0-9])[.,]--?(?![0-9])")
_GROUPS = r"[0-9]{{1,3}}(?:{0}[0-9]{{3}})+|[0-9]{{1,2}}(?:{0}[0-9]{{2}})+{0}[0-9]{{3}}"
_BODY = {
    mark: re.compile(
        "(" + "|".join(["[0-9]*"] + [_GROUPS.format(re.escape(s)) for s in seps]) + ")"
        r"(?:" + re.escape(mark) + r"([0-9]*))?"
    )
    for mark, seps in {".": [",", " ", "'"], ",": [".", " ", "'"]}.items()
}


def shown(text: str) -> str:
    """A cell as a sentence may quote it: one short, printable line."""
    line = text[:41]
    if not line.isprintable():
        line = "".join(char if char.isprintable() else " " for char in line)
    return line[:40] + "…" if len(text) > 40 else line


def parse_amount(text: str, decimal_mark: str) -> Decimal:
    """The signed amount of one cell; ``decimal_mark`` is "." or ","."""
    return parse_money(text, decimal_mark)[0]


def parse_money(text: str, decimal_mark: str) -> tuple[Decimal, str]:
    """The signed amount of one cell and the ISO code written beside it ("" where there is none)."""
    if _FAST[decimal_mark].fullmatch(text):
        return Decimal(text.replace(",", ".")), ""
    cleaned = _bare(text)
    match = _SHAPE.fullmatch(_ROUND_AMOUNT.sub("", cleaned))
    if not match:
        raise ValueError(f"“{shown(text)}” is not an amount.")
    opened, sign_1, prefix, sign_2, body, sign_3, suffix, sign_4, closed = match.groups()
    signs = [sign for sign in (sign_1, sign_2, sign_3, sign_4) if sign]
    if opened or closed:
        signs.append("-" if opened and closed else "unbalanced")
    # "12.50 DR" and "12.50 CR": the bank's debit and credit mark takes the place of a sign.
    if suffix and suffix.upper().rstrip(".") in ("DR", "CR"):
        signs.append("-" if suffix[0] in "dD" else "+")
        suffix = None
    if len(signs) > 1 or "unbalanced" in signs:
        raise ValueError(f"“{shown(text)}” has more than one sign, so its direction is unclear.")
    currency = _currency_beside(text, prefix, suffix)
    number = _parse_body(text, body.strip(), decimal_mark)
    return (-number if signs == ["-"] and number else number), currency


def _currency_beside(text: str, prefix: str | None, suffix: str | None) -> str:
    codes = [_currency_of(sign) for sign in (prefix, suffix) if sign]
    if None in codes:
        raise ValueError(f"“{shown(text)}” is not an amount.")
    return next((code for code in codes if code), "")


def _currency_of(sign: str) -> str | None:
    """The ISO code of a money sign, "" for one that several share, None for no such sign."""
    plain = sign.rstrip(".").casefold()
    if plain.upper() in CURRENCY_CODES:
        return plain.upper()
    if plain in SYMBOL_CODES:
        return SYMBOL_CODES[plain]
    is_shared = plain in AMBIGUOUS_SYMBOLS or (
        len(sign) == 1 and unicodedata.category(sign) == "Sc"
    )
    return "" if is_shared else None


def _bare(text: str) -> str:
    """A cell without invisible marks and without quotes somebody forgot to open or close."""
    if len(text) > LONGEST_CELL:
        return ""
    return unwrap_formula(text).translate(_MARKS).strip(" \"'")


def parse_currency(text: str) -> str:
    """The ISO 4217 code a currency cell names; "" for a blank or a sign that several share."""
    stripped = text.strip()
    if stripped in CURRENCY_CODES or not stripped:
        return stripped
    code = _currency_of(stripped)
    if code is None:
        raise ValueError(f"“{shown(text)}” is not a currency.")
    return code


def _parse_body(text: str, body: str, decimal_mark: str) -> Decimal:
    match = _BODY[decimal_mark].fullmatch(body)
    if not match or not (match[1] or match[2]):
        written = "a decimal comma" if decimal_mark == "," else "a decimal point"
        raise ValueError(f"“{shown(text)}” is not an amount written with {written}.")
    whole = re.sub("[^0-9]", "", match[1]).lstrip("0") or "0"
    decimals = match[2] or ""
    if len(whole) > WHOLE_DIGITS:
        raise ValueError(f"“{shown(text)}” is larger than any amount kept here.")
    if len(decimals) > DECIMALS:
        if decimals[DECIMALS:].strip("0"):
            raise ValueError(f"“{shown(text)}” has more than {DECIMALS} decimals.")
        decimals = decimals[:DECIMALS]
    return Decimal(f"{whole}.{decimals}" if decimals else whole)


# --- Dates -------------------------------------------------------------------------------------

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
}
# Per month: names and abbreviations in en de fr es it nl pt pl cs hu sv da fi lt ro af, no accents.
_MONTH_WORDS = """
jan january januar janner jan janv janvier ene enero gen gennaio januari janeiro sty styczen \
stycznia leden ledna januari tammikuu sau sausio ian ianuarie januarie
feb february februar feber fev fevr fevrier febrero febbraio februari fevereiro lut luty lutego \
unor unora helmikuu vas vasario februarie
mar march mrz marz maerz mars marzo mrt maart marco marzec marca brezen brezna marcius maaliskuu \
kov kovo martie maart
apr april avr avril abr abril aprile kwi kwiecien kwietnia duben dubna aprilis huhtikuu bal \
balandzio aprilie
may mai mayo mag maggio mei maio maj maja kveten kvetna majus toukokuu geg geguzes
jun june juni juin junio giu giugno junho cze czerwiec czerwca cerven cervna junius kesakuu bir \
birzelio iun iunie junie
jul july juli juil juillet julio lug luglio julho lip lipiec lipca cervenec cervence julius \
heinakuu lie liepos iul iulie julie
aug august aout ago agosto augustus sie sierpien sierpnia srpen srpna augusztus augusti elokuu \
rgp rugpjucio augustus
sep sept september septembre septiembre set settembre setembro wrz wrzesien wrzesnia zari \
szeptember syyskuu rgs rugsejo septembrie
oct october okt oktober octobre octubre ott ottobre out outubro paz pazdziernik pazdziernika \
rijen rijna lokakuu spa spalio octombrie
nov november novembre noviembre novembro lis listopad listopada listopadu marraskuu lap \
lapkricio noi noiembrie
dec december dez dezember decembre dic diciembre dicembre dezembro gru grudzien grudnia prosinec \
prosince joulukuu gruodzio decembrie des desember
"""
MONTHS = {
    word: number
    for number, line in enumerate(_MONTH_WORDS.strip().split("\n"), start=1)
    for word in line.split()
}

_SEPARATOR = r"\s?[-/.:\s年월月년]\s?"
_TIME = r"[.日일]?(?:[T,\s]\s*[0-9]{1,2}[:.h]?[0-9]{2}.*)?"
_PARTS = {"%Y": "([0-9]{4})", "%y": "'?([0-9]{2})", "%m": "([0-9]{1,2})", "%d": "([0-9]{1,2})"}
_WEEKDAY = r"(?:[^\W\d_]{2,12}[.,]?\s+)?"
_MONTH_NAME = r"([^\W\d_]{3,12})\.?"


def _pattern_of(style: str) -> re.Pattern:
    if "%b" in style:
        parts = {
            "%b": _MONTH_NAME,
            "%d": "([0-9]{1,2})",
            "%Y": "([0-9]{4})",
            "%y": "'?([0-9]{1,2})",
        }
        glue = r"(?:st|nd|rd|th)?(?:\s+de\s+|[-/.,\s]*)"
        # Two numbers side by side need a real separator, a name separates itself.
        pieces = [parts[piece] for piece in style.split(" ")]
        return re.compile(_WEEKDAY + glue.join(pieces) + _TIME)
    if "-" in style:
        return re.compile(_SEPARATOR.join(_PARTS[piece] for piece in style.split("-")) + _TIME)
    sized = {"%Y": "([0-9]{4})", "%y": "([0-9]{2})", "%m": "([0-9]{2})", "%d": "([0-9]{2})"}
    pieces = [sized[f"%{piece}"] for piece in style.split("%")[1:]]
    # OFX habit: the time follows without a space, the zone in brackets.
    return re.compile("".join(pieces) + r"(?:[0-9]{4}(?:[0-9]{2})?)?(?:\.[0-9]+)?(?:[\[ T].*)?")


_DATE_PATTERNS = {style: _pattern_of(style) for style in DATE_STYLES}
_DATE_ORDER = {style: re.findall("%[Yymdb]", style) for style in DATE_STYLES}


def styles_like(text: str) -> list[str]:
    """The styles a cell has the shape of; in which of them it is a day, `parse_date` says."""
    cleaned = _bare(text)
    return [style for style, pattern in _DATE_PATTERNS.items() if pattern.fullmatch(cleaned)]


def parse_date(text: str, style: str) -> date:
    """The day of one cell written in ``style`` (a key of ``DATE_STYLES``); a time is ignored."""
    cleaned = _bare(text)
    match = _DATE_PATTERNS[style].fullmatch(cleaned)
    if not match:
        raise ValueError(f"“{shown(text)}” is not a date written like {DATE_STYLES[style]}.")
    parts = dict(zip(_DATE_ORDER[style], match.groups(), strict=True))
    month = MONTHS.get(fold(parts["%b"])) if "%b" in parts else int(parts["%m"])
    if month is None:
        raise ValueError(f"“{shown(text)}” does not name a month.")
    year = int(parts["%Y"]) if "%Y" in parts else _full_year(int(parts["%y"]))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"“{shown(text)}” is in the year {year:04d}, which cannot be right.")
    try:
        return date(year, month, int(parts["%d"]))
    except ValueError:
        raise ValueError(f"“{shown(text)}” is not a day in the calendar.") from None


def _full_year(two_digits: int) -> int:
    return two_digits + (1900 if two_digits >= TWO_DIGIT_PIVOT else 2000)


# --- Text --------------------------------------------------------------------------------------

_FORMULA_QUOTES = re.compile(r'="(.*)"', re.DOTALL)
_UNWANTED = re.compile("[\x01-\x08\x0e-\x1b\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_FOLDED_LETTERS = str.maketrans({"ł": "l", "ß": "ss", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe"})


def unwrap_formula(text: str) -> str:
    """Excel's way to keep a number as text, ``="0234"``, without the wrapping; else unchanged."""
    if not text.startswith('="'):
        return text
    match = _FORMULA_QUOTES.fullmatch(text)
    return match[1] if match and '"' not in match[1] else text


def clean_text(text: str) -> str:
    """The bank's words on one line: no outer or doubled spaces, no invisible marks."""
    joined = " ".join(text.split())
    if joined.isascii() and joined.isprintable() and not joined.startswith('="'):
        return joined
    return " ".join(_UNWANTED.sub(" ", unwrap_formula(joined)).split())


def refuse_unstorable(text: str) -> None:
    """A NUL or half a character cannot be stored anywhere, so the line is refused."""
    if "\x00" in text:
        raise ValueError("The line contains a NUL byte, so it is damaged.")
    if not text.isascii() and _SURROGATE.search(text):
        raise ValueError("The line contains bytes that are no text in the file's encoding.")


def fold(text: str) -> str:
    """Lower case without accents, for comparing words of many languages."""
    lowered = text.casefold().translate(_FOLDED_LETTERS)
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered)
    # Only the accents of Latin, Greek and Cyrillic go: elsewhere such marks are letters.
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))
