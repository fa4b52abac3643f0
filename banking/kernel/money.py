"""Money: an exact amount and its currency, rounded and formatted by the currency's rules.

Amounts are :class:`~decimal.Decimal`, never float. Minor-unit digits come from ISO 4217 by way of
CLDR (babel): JPY 0, EUR 2, KWD 3.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache, lru_cache
from typing import NewType

from babel.core import get_global
from babel.numbers import (
    format_compact_currency,
    format_currency,
    get_currency_name,
    get_currency_precision,
)
from django.core.exceptions import ValidationError

from banking.kernel.region import locale_of

# One posting stays below 10^12 whole units, so that any sum of one person's postings fits the
# 64-bit column of ten-thousandths (9.2 * 10^14 whole units).
LARGEST_AMOUNT = Decimal("999999999999.9999")
SMALLEST_STEP = Decimal("0.0001")

# Money as stored: whole ten-thousandths. Outside the database, never use a bare int.
Units = NewType("Units", int)


def to_units(amount: Decimal) -> Units:
    """The amount in whole ten-thousandths; finer digits are cut off."""
    return Units(int(amount.scaleb(4)))


def from_units(units: Units) -> Decimal:
    """The amount from ten-thousandths."""
    return units * SMALLEST_STEP


# ASCII digits only and bounded, before Decimal parses them: int(Decimal("1e3000000")) takes
# minutes.
_AMOUNT = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,4})?", re.ASCII)
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_DIRECTION_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency; can only be added to its own currency."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money needs a Decimal, not {type(self.amount).__name__}.")

    def __add__(self, other: "Money") -> "Money":
        self._refuse_other_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._refuse_other_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def rounded(self) -> "Money":
        """Rounded to the currency's minor unit, half to even."""
        return Money(round_to_minor_unit(self.amount, self.currency), self.currency)

    def _refuse_other_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{other.currency} cannot be added to {self.currency}.")


@cache
def active_currencies() -> frozenset[str]:
    """ISO 4217 codes that are legal tender somewhere today."""
    return frozenset(
        code
        for currencies in get_global("territory_currencies").values()
        for code, _start, end, is_tender in currencies
        if end is None and is_tender
    )


@cache
def currency_choices(locale: str = "en") -> list[tuple[str, str]]:
    """(code, "EUR – Euro") for every active currency, by code."""
    return [
        (code, f"{code} – {get_currency_name(code, locale=locale)}")
        for code in sorted(active_currencies())
    ]


def validate_currency(code: str) -> None:
    """Raise ValidationError unless `code` is an active ISO 4217 currency."""
    if code not in active_currencies():
        raise ValidationError(
            "“%(code)s” isn't a valid currency code. Use a code such as EUR or USD.",
            code="invalid_currency",
            params={"code": code},
        )


@cache
def minor_unit_digits(currency: str) -> int:
    """The currency's number of decimals: JPY 0, EUR 2, KWD 3."""
    return get_currency_precision(currency)


@cache
def minor_unit(currency: str) -> Decimal:
    """The currency's smallest unit as a Decimal: EUR 0.01."""
    return Decimal(1).scaleb(-minor_unit_digits(currency))


def round_to_minor_unit(amount: Decimal, currency: str) -> Decimal:
    """`amount` rounded to the currency's minor unit, half to even. Money is
    rounded nowhere else.
    """
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_EVEN)


def exact_amount(amount: Decimal, currency: str, field: str = "amount") -> Decimal:
    """The amount at its currency's minor unit; entered digits are never rounded away.

    Raises ValidationError (`too_many_decimals`) at `field` if the currency has fewer decimals.
    """
    digits = minor_unit_digits(currency)
    exact = round(amount, digits)
    if exact != amount:
        error = ValidationError(f"{decimals_of(currency)}.", code="too_many_decimals")
        raise ValidationError({field: error})
    return exact


def decimals_of(currency: str) -> str:
    """How many decimals a currency has, in words: "JPY has no decimals"."""
    digits = minor_unit_digits(currency)
    places = {0: "no decimals", 1: "one decimal"}.get(digits, f"{digits} decimals")
    return f"{currency} has {places}"


def plain_amount(amount: Decimal, currency: str) -> str:
    """The amount as in JSON: "4500.00" in USD, "120" in JPY; never with an exponent."""
    return f"{round_to_minor_unit(amount, currency):f}"


def plain_rate(rate: Decimal, digits: int = 10) -> str:
    """An exchange rate with that many significant digits, without an exponent or trailing zeros."""
    text = f"{round(rate, max(digits - 1 - rate.adjusted(), 0)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_amount(text: str) -> Decimal:
    """Parse "1234.5" or "1234,5" as a Decimal. Raises ValidationError with the reason."""
    compact = re.sub(r"[\s\u00a0\u202f']", "", text)
    if not _AMOUNT.fullmatch(compact):
        raise ValidationError(
            "Enter an amount such as 12.50: digits, at most 12 before and 4 after the point.",
            code="invalid_amount",
        )
    return Decimal(compact.replace(",", "."))


def format_money(amount: Decimal, currency: str, locale: str = "en") -> str:
    """The amount formatted for the locale: "€1,234.50", "1.234,50 €".

    Right-to-left locales add direction marks, which would reorder the English sentence around the
    amount. They are replaced with isolates, which leave the surrounding text in order.
    """
    return _written(str(amount), currency, locale)


# Babel takes longer for an amount than a page for the row that shows it. A text, as 0 and -0 are
# equal but written differently.
@lru_cache(maxsize=20_000)
def _written(digits: str, currency: str, locale: str) -> str:
    text = format_currency(Decimal(digits), currency, locale=locale_of(locale))
    unmarked = text.translate(_DIRECTION_MARKS)
    return text if unmarked == text else f"{FIRST_STRONG_ISOLATE}{unmarked}{POP_ISOLATE}"


def format_figure(amount: Decimal, currency: str, locale: str = "en") -> str:
    """As `format_money` with a true minus sign, for an amount that stands alone, as in a table."""
    return format_money(amount, currency, locale).replace("-", "\N{MINUS SIGN}")


def format_compact(amount: Decimal, currency: str, locale: str = "en") -> str:
    """A round amount in few characters: "$2.5K", "−2500 €"; for the scale of a chart only."""
    return _written_compact(str(amount), currency, locale)


@lru_cache(maxsize=10_000)
def _written_compact(digits: str, currency: str, locale: str) -> str:
    text = format_compact_currency(
        Decimal(digits), currency, locale=locale_of(locale), fraction_digits=1
    )
    return text.translate(_DIRECTION_MARKS).replace("-", "\N{MINUS SIGN}")


def format_number(amount: Decimal, currency: str, locale: str = "en") -> str:
    """As `format_money` without the currency sign, for a column that shows it once."""
    return format_currency(amount, currency, format="#,##0.00", locale=locale_of(locale))
