"""Sentences kept with their values, so that each reader sees them in their own region format.

A sentence is a list of parts: text as it stands, or a value as a list of its kind and what it
takes, such as ["money", "412.30", "EUR"]. It is stored as JSON as it is, or in a column of text by
`stored`.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Self

from django.core.exceptions import ValidationError

from banking.kernel.formats import date_format, day_span, number, percent
from banking.kernel.money import format_money
from banking.kernel.region import written_tag

Part = str | Sequence[str]


def money(amount: Decimal, currency: str) -> Part:
    """An amount, exact to the digits it has."""
    return ["money", f"{amount:f}", currency]


def day(on: date, form: str) -> Part:
    """A date with the parts that `form` names, as `date_format` takes it."""
    return ["day", on.isoformat(), form]


def days(first: date, last: date) -> Part:
    """A date range."""
    return ["days", first.isoformat(), last.isoformat()]


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
        case ["days", first, last]:
            return day_span(date.fromisoformat(first), date.fromisoformat(last), locale)
        case ["share", value]:
            return percent(Decimal(value), locale=locale)
        case ["count", value]:
            return number(int(value), locale=locale)
    raise ValueError(part)


# --- Refusals, and sentences in columns of text ---------------------------------------------------


class Said(str):
    """A sentence for who reads it now, which remembers its parts for who reads it once stored.

    What services raise: `ValidationError(Said(parts, locale))`.
    """

    parts: tuple[Part, ...]

    def __new__(cls, parts: Iterable[Part], locale: str) -> Self:
        parts = tuple(parts)
        said = super().__new__(cls, written(parts, locale))
        said.parts = parts
        return said


def refusal_parts(error: ValidationError) -> list[Part]:
    """All sentences of a refusal, one after the other."""
    by_field = getattr(error, "error_dict", None)
    fields = by_field.values() if by_field else [error.error_list]
    parts: list[Part] = []
    for one in (one for found in fields for one in found):
        message = one.message
        said = message.parts if isinstance(message, Said) else one.messages
        parts += [" ", *said] if parts else said
    return parts


def stored(sentence: Iterable[Part], most: int) -> str:
    """The sentence for a column of text of `most` characters: as it stands if it has no values.

    If it is too long, its longest texts are cut.
    """
    parts = list(sentence)
    while len(text := _column_text(parts)) > most:
        sizes = [len(part) if isinstance(part, str) else 0 for part in parts]
        longest = sizes.index(max(sizes))
        kept = max(0, sizes[longest] - (len(text) - most) - 1)
        parts[longest] = f"{parts[longest][:kept]}…"
    return text


def parts_of(text: str) -> list[Part]:
    """What `stored` has written; the sentences of earlier versions are texts as they stand."""
    if not text.startswith(_MARK):
        return [text] if text else []
    parts: list[Part] = json.loads(text.removeprefix(_MARK))
    return parts


def shown(text: str) -> str:
    """A stored sentence in the reader's region format."""
    return written(parts_of(text), written_tag())


# No sentence of a person or a bank begins so.
_MARK = "\x1f"


def _column_text(parts: Sequence[Part]) -> str:
    if all(isinstance(part, str) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    return _MARK + json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
