"""The current reader's region format for dates, numbers and amounts.

A view, mail or PDF sets the locale with `region`; formatting and parsing code reads it from
`region_tag`. None means that no person reads: the API uses plain JSON forms.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from babel.core import Locale, UnknownLocaleError

from banking.kernel.babel_private import give_own_data

DEFAULT_TAG = "en-US"

_tag: ContextVar[str | None] = ContextVar("region_tag", default=None)


@contextmanager
def region(tag: str | None) -> Iterator[None]:
    """Use this locale, such as "de-CH", until the block ends."""
    token = _tag.set(tag)
    try:
        yield
    finally:
        _tag.reset(token)


def region_tag() -> str | None:
    """The current reader's locale; None if no person reads."""
    return _tag.get()


def written_tag() -> str:
    """The locale for output: the reader's, or American English by default."""
    return _tag.get() or DEFAULT_TAG


@cache
def locale_of(tag: str) -> Locale:
    """CLDR's data for a tag such as "de-CH"; plain English for an unknown tag."""
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    give_own_data(locale)
    return locale
