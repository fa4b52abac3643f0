"""The signs and codes people write for a currency next to an amount."""

from collections.abc import Iterator
from functools import cache

from babel.core import Locale, UnknownLocaleError, get_global
from babel.languages import get_official_languages
from babel.numbers import get_currency_symbol

from banking.kernel.money import active_currencies
from banking.kernel.passing_locales import read_in_passing
from banking.kernel.region import locale_of

# Common signs that CLDR does not list for the currency's own country.
_ALSO = {
    "BHD": ("BD",),
    "CHF": ("Fr.", "Fr", "SFr.", "SFr"),
    "CNY": ("¥", "元", "RMB"),
    "CZK": ("Kč",),
    "DKK": ("kr", "kr."),
    "EUR": ("€", "euro", "euros"),
    "GBP": ("£",),
    "INR": ("₹", "Rs", "Rs."),
    "ISK": ("kr", "kr."),
    "JPY": ("¥", "円"),
    "KRW": ("₩", "원"),
    "KWD": ("KD",),
    "LKR": ("Rs", "Rs."),
    "NOK": ("kr", "kr."),
    "NPR": ("Rs", "Rs."),
    "PKR": ("Rs", "Rs.", "₨"),
    "PLN": ("zł",),
    "RON": ("lei", "leu"),
    "RUB": ("₽",),
    "SEK": ("kr", "kr."),
    "TRY": ("₺", "TL"),
    "UAH": ("₴", "грн", "грн."),
    "VND": ("₫", "đ"),
}
_MARKS_OF_DIRECTION = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))


def bare(text: str) -> str:
    """The text without spaces, direction marks and case, for comparing signs."""
    return "".join(text.translate(_MARKS_OF_DIRECTION).split()).replace("￥", "¥").casefold()


def names_currency(text: str, currency: str, tag: str) -> bool:
    """Whether the text is how people in that locale, or in the currency's country, write it."""
    sign = bare(text)
    return sign in _signs_in(currency, tag) or sign in _native_signs(currency)


def is_any_currency(text: str, tag: str) -> bool:
    """Whether the text is a currency's code, or its sign in that locale."""
    sign = bare(text)
    return any(
        sign in _signs_in(code, tag) or sign in _also(code) for code in sorted(active_currencies())
    )


@cache
def _signs_in(currency: str, tag: str) -> frozenset[str]:
    symbols = {
        get_currency_symbol(currency, locale=locale) for locale in (locale_of(tag), Locale("en"))
    }
    return frozenset(bare(symbol) for symbol in symbols | {currency})


@cache
def _also(currency: str) -> frozenset[str]:
    return frozenset(bare(symbol) for symbol in _ALSO.get(currency, ()))


@cache
def _native_signs(currency: str) -> frozenset[str]:
    """The currency's signs in the languages of the countries that use it: "$" for CLP."""
    signs = {_sign_in(tag, currency) for tag in _native_locales(currency)}
    return frozenset(signs - {""}) | _also(currency)


@read_in_passing()
def _sign_in(tag: str, currency: str) -> str:
    """The currency's sign there; "" where the CLDR doesn't know the locale."""
    try:
        return bare(get_currency_symbol(currency, locale=Locale.parse(tag)))
    except (UnknownLocaleError, ValueError):
        return ""


def _native_locales(currency: str) -> Iterator[str]:
    for territory, entries in get_global("territory_currencies").items():
        if not any(code == currency and end is None for code, _start, end, _tender in entries):
            continue
        for language in get_official_languages(territory, de_facto=True):
            yield f"{language}_{territory}"
