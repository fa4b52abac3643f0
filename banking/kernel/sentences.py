"""Sentences kept with their values, so that each reader sees them in their own region format.

A sentence is a list of parts: text as it stands, or a value as a list of its kind and what it
takes, such as ["money", "412.30", "EUR"]. It is stored as JSON as it is.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from banking.kernel.formats import date_format, number, percent
from banking.kernel.money import format_money

Part = str | Sequence[str]


def money(amount: Decimal, currency: str) -> Part:
    """An amount, exact to the digits it has."""
    return ["money", f"{amount:f}", currency]


def day(on: date, form: str) -> Part:
    """A date with the parts that `form` names, as `date_format` takes it."""
    return ["day", on.isoformat(), form]


def share(value: Decimal | int) -> Part:
    """A percentage: 12.5 is "12.5%"."""
    return ["share", str(value)]


def count(value: int) -> Part:
    """A whole number, with the region's group separators."""
    return ["count", str(value)]


def written(sentence: Iterable[Part], locale: str) -> str:
    """The sentence in the format of this region. Raises ValueError for an unknown kind of part."""
    return "".join(part if isinstance(part, str) else _value(part, locale) for part in sentence)


def _value(part: Sequence[str], locale: str) -> str:
    match part:
        case ["money", amount, currency]:
            return format_money(Decimal(amount), currency, locale)
        case ["day", on, form]:
            return date_format(date.fromisoformat(on), form, locale)
        case ["share", value]:
            return percent(Decimal(value), locale=locale)
        case ["count", value]:
            return number(int(value), locale=locale)
    raise ValueError(part)
