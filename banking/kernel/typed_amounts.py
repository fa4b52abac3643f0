"""Parse amounts and numbers as people type them in their locale.

Only unambiguous input is accepted. The locale's decimal mark separates the decimals; any other mark
separates groups of digits and must be in the right place. Ambiguous input is refused with both
readings shown; nothing is ever rounded. The API does not use this: it takes plain digits.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel.numbers import get_decimal_symbol
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from banking.kernel.currency_signs import is_any_currency, names_currency
from banking.kernel.formats import number
from banking.kernel.money import minor_unit_digits
from banking.kernel.region import locale_of

LONGEST_TEXT = 80
MOST_WHOLE_DIGITS = 12
STORED_DECIMALS = 4

_SAME = str.maketrans(
    dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " ")
    | dict.fromkeys("\u200a\u202f\u205f\u3000\t", " ")
    | dict.fromkeys("’‘ʼ′＇`´", "'")
    | dict.fromkeys("−–‐‑⁻﹣－", "-")
    | {"＋": "+", "，": ",", "．": ".", "（": "(", "）": ")", "％": "%", "٪": "%", "،": ","}
    # Invisible direction marks and joiners; babel prints some of them.
    | dict.fromkeys("\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff")
)
_ARABIC_DECIMAL, _ARABIC_GROUP = "٫", "٬"
# "12,-" and "12.–".
_WRITE_A_DASH_FOR_NO_CENTS = frozenset({"cs", "da", "de", "fr", "hu", "it", "nb", "nl", "sv"})
_BODY = re.compile(r"\d(?:[\d.,' ٫٬]*\d)?", re.ASCII)
_GROUPS_OF_THREE = re.compile(r"\d{1,3}(?:M\d{3})+", re.ASCII)
# "1'000,50": Swiss groups; an apostrophe is never a decimal mark, so the other mark is one.
_SWISS = re.compile(r"\d{1,3}(?:'\d{3})+[.,]\d{1,2}", re.ASCII)
_INDIAN_GROUPS = re.compile(r"\d{1,2}(?:M\d{2})*M\d{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Typed text split into the text around the digits, and the digits with their marks."""

    shown: str
    is_negative: bool
    affixes: tuple[str, ...]
    body: str


def read_amount(
    text: str, *, locale: str, currency: str | None = None, decimals: int | None = None
) -> Decimal:
    """Parse an amount as typed in that locale: "1.234,56 €" in de-DE is 1234.56.

    `currency`: the amount's currency; its sign or code may appear next to the digits, others may
    not. `decimals`: the maximum, by default the currency's own, or 4 without a currency. Raises
    ValidationError with a message that says how to write it.
    """
    parts = _take_apart(text, locale)
    for affix in parts.affixes:
        _check_sign(parts.shown, affix, locale, currency)
    allowed = decimals
    if allowed is None:
        allowed = minor_unit_digits(currency) if currency else STORED_DECIMALS
    # Without a currency, three decimals could just as well be a group of thousands.
    is_certain = allowed >= 3 and (currency is not None or decimals is not None)
    return _value(parts, locale, min(allowed, STORED_DECIMALS), is_certain, currency)


def read_number(text: str, *, locale: str, decimals: int = 0, unit: str = "") -> Decimal:
    """Parse a number, such as points or a percentage; `unit`: text allowed next to it ("%").

    Raises ValidationError with a message that says how to write it.
    """
    parts = _take_apart(text, locale)
    for affix in parts.affixes:
        if affix != unit:
            raise _unreadable(parts.shown, locale, decimals)
    return _value(parts, locale, decimals, decimals >= 3, None)


# --- Around the digits ----------------------------------------------------------------------------


def _take_apart(text: str, locale: str) -> _Parts:
    shown = " ".join(text.split())
    if len(text) > LONGEST_TEXT:
        raise ValidationError(_("Enter an amount on one short line."), code="invalid_amount")
    plain = " ".join(_plain_digits(text.translate(_SAME)).split())
    found = _BODY.search(plain)
    if found is None:
        raise _unreadable(shown, locale)
    before, body, after = plain[: found.start()], found.group(), plain[found.end() :]
    mark = _decimal_mark(locale)
    if before.endswith((mark, _ARABIC_DECIMAL)) and not _is_affix(before, locale):
        before, body = before[:-1], f"0{before[-1]}{body}"
        if body[2:].strip("0123456789"):
            raise _unreadable(shown, locale)
    no_cents = re.fullmatch(rf"{re.escape(mark)}\s?--?(?P<rest>[^-]*)", after)
    if no_cents and locale_of(locale).language in _WRITE_A_DASH_FOR_NO_CENTS:
        after = no_cents["rest"]
    is_negative, affixes = _sign_and_affixes(before, after, shown, locale)
    return _Parts(shown, is_negative, affixes, body)


def _is_affix(text: str, locale: str) -> bool:
    """Whether the text, including its dot, is a currency sign: "Rs.", "kr."."""
    return is_any_currency(text.strip("-+( "), locale)


def _plain_digits(text: str) -> str:
    """The text with its digits as 0 to 9; "", which is refused, if it mixes scripts."""
    zeros = {
        ord(character) - unicodedata.decimal(character)
        for character in text
        if character.isdecimal()
    }
    if len(zeros) != 1:
        return text if not zeros else ""
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in text
    )


def _sign_and_affixes(
    before: str, after: str, shown: str, locale: str
) -> tuple[bool, tuple[str, ...]]:
    """Whether it is negative, and the remaining text: one sign, or one pair of brackets."""
    around = before + "0" + after
    signs = [char for char in around if char in "+-"]
    brackets = [char for char in around if char in "()"]
    is_bracketed = brackets == ["(", ")"] and "(" in before and ")" in after
    if len(signs) > 1 or (brackets and (not is_bracketed or signs)) or "+" in after:
        raise _unreadable(shown, locale)
    affixes = tuple(
        bare for side in (before, after) if (bare := re.sub(r"[-+()]", " ", side).strip())
    )
    return is_bracketed or signs == ["-"], affixes


def _check_sign(shown: str, affix: str, locale: str, currency: str | None) -> None:
    if currency is not None and names_currency(affix, currency, locale):
        return
    if not is_any_currency(affix, locale):
        raise _unreadable(shown, locale, currency=currency)
    if currency is not None:
        raise ValidationError(
            _("This amount is in %(currency)s. Enter it without “%(sign)s”."),
            code="wrong_currency",
            params={"currency": currency, "sign": affix},
        )


# --- The digits -----------------------------------------------------------------------------------


@cache
def _decimal_mark(locale: str) -> str:
    return get_decimal_symbol(locale_of(locale), numbering_system="latn")


@cache
def _groups_like_india(locale: str) -> bool:
    return tuple(locale_of(locale).decimal_formats[None].grouping) == (3, 2)


def _value(
    parts: _Parts, locale: str, decimals: int, is_certain: bool, currency: str | None
) -> Decimal:
    body, mark = parts.body, _decimal_mark(locale)
    if _SWISS.fullmatch(body):
        body = body.replace(",", mark).replace(".", mark)
    decimal_marks = [char for char in body if char in (mark, _ARABIC_DECIMAL)]
    whole, fraction = body, ""
    if len(decimal_marks) == 1:
        whole, _mark, fraction = body.partition(decimal_marks[0])
    is_whole = _is_grouped(whole, mark, locale)
    if len(decimal_marks) > 1 or not is_whole or (not fraction.isdecimal() and decimal_marks):
        raise _wrongly_grouped(parts, locale, decimals, currency)
    digits = re.sub(r"\D", "", whole)
    if len(digits.lstrip("0")) > MOST_WHOLE_DIGITS:
        raise ValidationError(
            _("Enter an amount of at most %(digits)d digits before the decimals."),
            code="invalid_amount",
            params={"digits": MOST_WHOLE_DIGITS},
        )
    if _is_doubtful(whole, fraction, decimal_marks, mark, is_certain):
        raise _ambiguous(parts, digits, fraction, locale, decimals)
    _check_decimals(fraction, decimals, currency)
    value = Decimal(f"{digits}.{fraction.rstrip('0')}" if fraction else digits)
    return -value if parts.is_negative and value else value


def _is_grouped(whole: str, mark: str, locale: str) -> bool:
    """Whether the digits before the decimals have no marks, or one kind of mark in the right
    places.
    """
    marks = set(re.sub(r"\d", "", whole))
    if not marks:
        return True
    if len(marks) > 1 or marks <= {mark, _ARABIC_DECIMAL}:
        return False
    pattern = whole.replace(marks.pop(), "M")
    if _GROUPS_OF_THREE.fullmatch(pattern):
        return True
    return _groups_like_india(locale) and bool(_INDIAN_GROUPS.fullmatch(pattern))


def _is_doubtful(
    whole: str, fraction: str, decimal_marks: list[str], mark: str, is_certain: bool
) -> bool:
    """Whether a single mark before three digits could be either a decimal or a group mark."""
    if decimal_marks:
        is_lone = whole.isdecimal() and len(fraction) == 3 and len(whole) <= 3
        return is_lone and decimal_marks == [mark] and not is_certain and whole.strip("0") != ""
    # "0,500" in English: a zero is never grouped.
    return whole.startswith("0") and bool(set(whole) & {".", ","})


def _check_decimals(fraction: str, decimals: int, currency: str | None) -> None:
    if len(fraction.rstrip("0")) <= decimals:
        return
    if not decimals:
        sentence = _("%(currency)s has no decimals.") if currency else _("Enter a whole number.")
    elif currency:
        sentence = _("%(currency)s has %(decimals)d decimals.")
    else:
        sentence = _("Enter at most %(decimals)d decimals.")
    params = {"currency": currency or "", "decimals": decimals}
    raise ValidationError(sentence, code="too_many_decimals", params=params)


# --- Messages -------------------------------------------------------------------------------------


def _example(locale: str, decimals: int = 2) -> str:
    return number(Decimal("1234.5678"[: 4 + (decimals and decimals + 1)]), decimals, locale)


def _unreadable(
    shown: str, locale: str, decimals: int = 2, currency: str | None = None
) -> ValidationError:
    digits = minor_unit_digits(currency) if currency else decimals
    return ValidationError(
        _("“%(text)s” can’t be read as an amount. Enter one such as %(example)s."),
        code="invalid_amount",
        params={"text": shown[:40], "example": _example(locale, min(digits, STORED_DECIMALS))},
    )


def _wrongly_grouped(
    parts: _Parts, locale: str, decimals: int, currency: str | None
) -> ValidationError:
    """Suggest the probable meaning if the other decimal mark makes the text valid."""
    mark = _decimal_mark(locale)
    other = "." if mark == "," else ","
    meant = re.fullmatch(rf"(\d+){re.escape(other)}(\d{{1,2}})", parts.body, re.ASCII)
    if meant and len(meant[2]) <= decimals and len(meant[1]) <= MOST_WHOLE_DIGITS:
        return ValidationError(
            _("Your region format writes decimals with “%(mark)s”: enter %(meant)s?"),
            code="wrong_grouping",
            params={"mark": mark, "meant": f"{meant[1]}{mark}{meant[2]}"},
        )
    return ValidationError(
        _("The digits of “%(text)s” aren’t grouped like an amount. Enter one such as %(example)s."),
        code="wrong_grouping",
        params={"text": parts.shown[:40], "example": _example(locale, decimals)},
    )


def _ambiguous(
    parts: _Parts, digits: str, fraction: str, locale: str, decimals: int
) -> ValidationError:
    """Show both readings, and an unambiguous way to write each."""
    grouped = Decimal(digits + fraction)
    split = re.sub(r"\D", ".", parts.body, count=1) if not fraction else f"{digits}.{fraction}"
    return ValidationError(
        _("“%(text)s” could be %(large)s or %(small)s. For the first, enter %(clear)s."),
        code="ambiguous_amount",
        params={
            "text": parts.shown[:40],
            "large": number(grouped, min(decimals, 2), locale, is_fixed=True),
            "small": number(Decimal(split), 3, locale, is_fixed=True),
            "clear": f"{grouped:f}",
        },
    )
