"""The words for the notices of an import, in the reader's language and formats.

A batch stores each notice as a code with values (`sources/files/notices.py`), a line as
`reasons.reason_for` writes it. Sentences stored by earlier versions are shown as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import ngettext

from banking.kernel.formats import date_format, number
from banking.kernel.money import decimals_of, format_money
from banking.kernel.region import written_tag
from transactions.models.notice_words import KINDS, SENTENCES

_AMOUNTS = frozenset(["amount", "opening", "closing", "total", "gap"])


Stored = Mapping[str, Any] | str


class Notice(Protocol):
    """A notice as the readers of files make it."""

    def as_json(self) -> dict[str, Any]: ...


def notice_text(notice: Notice | Stored) -> str:
    """The notice in the reader's language and formats; a stored sentence as it is."""
    if isinstance(notice, str):
        return notice
    stored = notice if isinstance(notice, Mapping) else notice.as_json()
    values = stored["values"]
    return str(SENTENCES[stored["code"]] % {**values, **_written(values)})


def notice_texts(notices: Iterable[Notice | Stored]) -> str:
    """Several notices, one after the other."""
    return " ".join(map(notice_text, notices))


def _written(values: Mapping[str, Any]) -> dict[str, str]:
    """The values that are written differently from how they are stored, in words."""
    written: dict[str, str] = {}
    currency = values.get("currency", "")
    for name, value in values.items():
        if name in _AMOUNTS:
            written[name] = _amount(Decimal(value), currency)
        elif name in _WRITERS:
            written[name] = _WRITERS[name](value)
        elif isinstance(value, int):
            written["number" if name == "count" else name] = number(value)
        elif isinstance(value, list):
            written[name] = ", ".join(value)
    if currency:
        written["decimals_of"] = decimals_of(currency)
    return written


def _amount(amount: Decimal, currency: str) -> str:
    """With its sign for the currency, where the file names one."""
    if currency:
        return format_money(amount, currency, written_tag())
    return number(amount, max(2, -int(amount.as_tuple().exponent)), is_fixed=True)


def _parts(parts: list[tuple[str, int]]) -> str:
    return ", ".join(_part(name, count) for name, count in parts)


def _part(name: str, count: int) -> str:
    words = ngettext("%(part)s (%(number)s line)", "%(part)s (%(number)s lines)", count)
    return words % {"part": name, "number": number(count)}


_WRITERS: dict[str, Callable[[Any], str]] = {
    "on": lambda day: date_format(date.fromisoformat(day), "j F Y"),
    "kind": lambda kind: str(KINDS[kind]),
    "parts": _parts,
}
