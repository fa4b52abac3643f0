"""Parse amounts as banks write them.

Text must match an ASCII pattern before it reaches ``Decimal``, because Decimal also accepts "NaN",
"1e3000000" and digits of other scripts.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, NoReturn

from transactions.sources.files.notices import NoticeCode, RowError
from transactions.sources.files.values import BLANK_MARKS, NUMBER_CELL_MARK, bare, shown

WHOLE_DIGITS = 12
DECIMALS = 4
LONGEST_SIGN = 12
_NO_MONEY = frozenset(["n/a", "#n/a", "n.a.", "na", "nil", "null", "none", "n/d", "k.a."])

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
SYMBOL_CODES = {
    **{"€": "EUR", "£": "GBP", "zł": "PLN", "kč": "CZK", "ft": "HUF", "₽": "RUB", "₹": "INR"},
    **{"₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND", "₩": "KRW", "฿": "THB", "₦": "NGN"},
    **{"₱": "PHP", "r$": "BRL", "rp": "IDR", "rm": "MYR", "nt$": "TWD", "hk$": "HKD"},
    **{
        "tl": "TRY",
        "kd": "KWD",
        "ksh": "KES",
        "₸": "KZT",
        "₾": "GEL",
        "₼": "AZN",
        "֏": "AMD",
        "₡": "CRC",
    },
    **{"د.ا": "JOD", "د.إ": "AED", "ر.س": "SAR", "د.ك": "KWD", "ج.م": "EGP", "د.ت": "TND"},
    **{"د.ب": "BHD", "ر.ق": "QAR", "ر.ع": "OMR", "ل.ل": "LBP", "د.ع": "IQD", "د.ج": "DZD"},
    **{"د.م": "MAD", "د.ل": "LYD", "лв": "BGN", "грн": "UAH", "руб": "RUB", "₲": "PYG"},
}
# Symbols shared by several currencies: they mark an amount but do not name its currency.
_SHARED = """
$ ¥ 円 元 圆 圓 원 us$ a$ au$ ca$ c$ nz$ s$ mx$ cl$ col$ ar$ rd$ tt$ j$ bz$ fj$ r rs kr lei р din
dinara дин ден kn sfr fr fr. frs nis שח ש"ח ﷼ рублей тг сум s/ bs bs.f b/ q l lek km ar mt kz br
dh dhs sr qr bd ro ls mad le gh₵ gh¢ tsh ush sh fcfa f.cfa cfa zk mk tk रु บาท đ vnđ
"""
AMBIGUOUS_SYMBOLS = frozenset(_SHARED.split()) | {"f cfa"}

PLAIN_FIGURE = {
    ".": re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,4})?"),
    ",": re.compile(r"[+-]?[0-9]{1,12}(?:,[0-9]{1,4})?"),
}
_USUAL = {
    mark: re.compile(
        rf"([+-]?)([0-9]{{1,3}}(?:([{groups}])[0-9]{{3}}(?:\3[0-9]{{3}}){{0,2}})?|[0-9]{{1,12}})"
        rf"(?:{re.escape(mark)}([0-9]{{1,4}}))?(?: ?([^\d\s+\-()'.,/]{{1,4}}))?"
    )
    for mark, groups in {".": ",' ", ",": ".' "}.items()
}
_WRITTEN = {".": NoticeCode.NOT_AMOUNT_WITH_POINT, ",": NoticeCode.NOT_AMOUNT_WITH_COMMA}
_BODY = re.compile(r"[0-9](?:[0-9.,' ]*[0-9])?")
_FIGURE = re.compile(r"(?:(?<![^\W\d_])(?<!/)[.,])?[0-9](?:[0-9.,' ]*[0-9])?")
# "100,-", "100.--" and "500/-" are whole amounts: the dash stands for zero cents.
_ROUND_AMOUNT = re.compile(r"(?<=[0-9])(?:[.,]\s?--?|/[-=])(?![0-9])")
_DIRECTIONS = {
    **dict.fromkeys(("DR", "DB", "D", "DT", "DEBIT", "DBIT"), "-"),
    **dict.fromkeys(("CR", "C", "CT", "CREDIT", "CRDT"), "+"),
    # German Soll and Haben, Spanish Debe and Haber, Dutch Af and Bij, Polish Winien and Ma.
    **dict.fromkeys(("S", "SOLL", "DEBE", "AF", "WN"), "-"),
    **dict.fromkeys(("H", "HABEN", "HABER", "BIJ", "MA"), "+"),
}
_DIRECTION = "|".join(sorted(_DIRECTIONS, key=len, reverse=True))
_DIRECTION_FIRST = re.compile(rf"({_DIRECTION})\.?(?![A-Za-z])\s*(.*)", re.IGNORECASE)
_DIRECTION_LAST = re.compile(rf"(.*?)\s*(?<![A-Za-z])({_DIRECTION})\.?", re.IGNORECASE)
_GROUPS = r"[0-9]{{1,3}}(?:{0}[0-9]{{3}})+|[0-9]{{1,2}}(?:{0}[0-9]{{2}})+{0}[0-9]{{3}}"
_NUMBER = {
    mark: re.compile(
        "(" + "|".join(["[0-9]*"] + [_GROUPS.format(re.escape(s)) for s in seps]) + ")"
        r"(?:" + re.escape(mark) + r"([0-9]*))?"
    )
    for mark, seps in {".": [",", " ", "'"], ",": [".", " ", "'"]}.items()
}


class MoneyCell(NamedTuple):
    """A parsed cell: the signed amount, its ISO currency code, and its direction mark.

    ``mark`` is "+" or "-" if a sign, brackets, or DR and CR give the direction, and "" otherwise.
    """

    amount: Decimal
    currency: str
    mark: str


def parse_amount(text: str, decimal_mark: str, money_sign: str = "") -> Decimal:
    """The signed amount in one cell; ``decimal_mark`` is "." or ","."""
    return read_money(text, decimal_mark, money_sign).amount


def read_money(text: str, decimal_mark: str, money_sign: str = "") -> MoneyCell:
    """Parse one cell. Raises ``RowError`` if it isn't an amount.

    ``money_sign`` is a currency symbol found only in this file.
    """
    if PLAIN_FIGURE[decimal_mark].fullmatch(text):
        mark = text[0] if text[0] in "+-" else ""
        return MoneyCell(Decimal(text.replace(",", ".")), "", mark)
    if (match := _USUAL[decimal_mark].fullmatch(text)) and not money_sign:
        return _usual(text, match)
    return _read(text, decimal_mark, money_sign)


def _usual(text: str, match: re.Match) -> MoneyCell:
    """The most common format: grouped thousands, a leading sign, a trailing currency symbol."""
    sign, whole, group, decimals, suffix = match.groups()
    affix = _affix(text, suffix) if suffix else _NOTHING
    marks = {sign, *affix.directions} - {""}
    if len(marks) > 1:
        raise RowError(NoticeCode.SEVERAL_SIGNS, text=shown(text))
    mark = marks.pop() if marks else ""
    figure = whole.replace(group, "") if group else whole
    number = Decimal(f"{figure}.{decimals}" if decimals else figure)
    return MoneyCell(-number if mark == "-" and number else number, affix.currency, mark)


def _read(text: str, decimal_mark: str, money_sign: str) -> MoneyCell:
    cleaned = bare(text).replace(NUMBER_CELL_MARK, decimal_mark)
    cleaned = _without_sign(cleaned, money_sign)
    cleaned, is_bracketed = _without_brackets(text, _ROUND_AMOUNT.sub("", cleaned))
    match = _BODY.search(cleaned)
    if not match:
        _refuse_without_digits(text, cleaned, decimal_mark)
    before, body, behind = cleaned[: match.start()], match[0], cleaned[match.end() :]
    if before[-1:] in (".", ",") and before[-1:] and not _is_abbreviation(before):
        before, body = before[:-1], before[-1] + body
    if behind[:1] in (".", ",") and len(behind.strip()) == 1:
        behind, body = "", body + behind[0]
    first, last = _affix(text, before), _affix(text, behind)
    signs = [*first.signs, *last.signs, *(["-"] if is_bracketed else [])]
    marks = {*signs, *first.directions, *last.directions}
    if len(signs) > 1 or len(marks) > 1:
        raise RowError(NoticeCode.SEVERAL_SIGNS, text=shown(text))
    number = _number(text, body, decimal_mark)
    mark = marks.pop() if marks else ""
    signed = -number if mark == "-" and number else number
    return MoneyCell(signed, first.currency or last.currency, mark)


def _refuse_without_digits(text: str, cleaned: str, decimal_mark: str) -> NoReturn:
    if cleaned.strip(" .,'+-"):
        raise RowError(NoticeCode.NOT_AMOUNT, text=shown(text))
    raise RowError(_WRITTEN[decimal_mark], text=shown(text))


def _without_sign(text: str, money_sign: str) -> str:
    return text.replace(money_sign, " ", 1) if money_sign else text


def _without_brackets(text: str, cleaned: str) -> tuple[str, bool]:
    for opening, closing in ("()", "<>"):
        if opening in cleaned or closing in cleaned:
            inner = cleaned.partition(opening)[2].partition(closing)[0]
            is_pair = cleaned.count(opening) == cleaned.count(closing) == 1
            if not is_pair or not any(char.isdigit() for char in inner):
                raise RowError(NoticeCode.NOT_AMOUNT, text=shown(text))
            return cleaned.replace(opening, " ").replace(closing, " ").strip(), True
    return cleaned, False


def _is_abbreviation(before: str) -> bool:
    """Whether the dot before a figure ends an abbreviation, as in "Rs.500" and "S/.500" but not in
    "$.23".
    """
    word = before[:-1].strip(" +-")
    return (word[-1:].isalpha() or word[-1:] == "/") and word.upper() not in CURRENCY_CODES


class _Affix(NamedTuple):
    signs: list[str]
    directions: list[str]
    currency: str


_NOTHING = _Affix([], [], "")


@lru_cache(maxsize=2000)
def _affix_of(side: str) -> _Affix | None:
    """The signs, direction marks and currency next to a figure; None if there is any other text."""
    if len(side) > LONGEST_SIGN:
        return None
    signs = [char for char in side if char in "+-"]
    word = "".join(" " if char in "+-" else char for char in side).strip()
    if not word or (code := _currency_of(word)) is not None:
        return _Affix(signs, [], (code or "") if word else "")
    for pattern, direction_at in ((_DIRECTION_LAST, 2), (_DIRECTION_FIRST, 1)):
        match = pattern.fullmatch(word)
        rest = match[3 - direction_at].strip() if match else ""
        if match and (not rest or (code := _currency_of(rest)) is not None):
            direction = _DIRECTIONS[match[direction_at].upper()]
            return _Affix(signs, [direction], (code or "") if rest else "")
    return None


def _affix(text: str, side: str) -> _Affix:
    found = _affix_of(side) if side.strip() else _Affix([], [], "")
    if found is None:
        raise RowError(NoticeCode.NOT_AMOUNT, text=shown(text))
    return found


def _currency_of(sign: str) -> str | None:
    """The ISO code of a currency symbol; "" if several currencies share it, None if unknown."""
    plain = sign.rstrip(".").casefold()
    if plain.upper() in CURRENCY_CODES:
        return plain.upper()
    if plain in SYMBOL_CODES:
        return SYMBOL_CODES[plain]
    is_shared = plain in AMBIGUOUS_SYMBOLS or (
        len(sign) == 1 and unicodedata.category(sign) == "Sc"
    )
    return "" if is_shared else None


@lru_cache(maxsize=2000)
def is_no_money(text: str) -> bool:
    """Whether a cell stands for no amount: "N/A", or dashes, also beside a currency sign: "$ -"."""
    if text.strip().casefold() in _NO_MONEY:
        return True
    if len(text) > LONGEST_SIGN + len("$ - ") or any(char.isdigit() for char in text):
        return False
    sign = text.strip(BLANK_MARKS)
    return not sign or ("-" in bare(text) and _currency_of(bare(sign)) is not None)


@lru_cache(maxsize=2000)
def parse_currency(text: str) -> str:
    """The ISO 4217 code in a currency cell; "" if blank or an ambiguous symbol."""
    stripped = text.strip()
    if stripped in CURRENCY_CODES or not stripped:
        return stripped
    code = _currency_of(stripped)
    if code is None:
        raise RowError(NoticeCode.NOT_CURRENCY, text=shown(text))
    return code


def _number(text: str, body: str, decimal_mark: str) -> Decimal:
    match = _NUMBER[decimal_mark].fullmatch(body)
    if not match or not (match[1] or match[2]):
        raise RowError(_WRITTEN[decimal_mark], text=shown(text))
    whole = re.sub("[^0-9]", "", match[1]).lstrip("0") or "0"
    decimals = match[2] or ""
    if len(whole) > WHOLE_DIGITS:
        raise RowError(NoticeCode.AMOUNT_TOO_LONG, text=shown(text))
    if len(decimals) > DECIMALS:
        if decimals[DECIMALS:].strip("0"):
            raise RowError(NoticeCode.TOO_MANY_DECIMALS, text=shown(text), decimals=DECIMALS)
        decimals = decimals[:DECIMALS]
    return Decimal(f"{whole}.{decimals}" if decimals else whole)


def figure_in(text: str) -> str:
    """The digits and separators of a cell, in ASCII; "" if it has none."""
    match = _FIGURE.search(bare(text))
    return match[0] if match else ""
