"""The reader's region format: how dates, numbers and amounts are written for the person served.

A door (middleware, a mail, a PDF) names the locale with `region`; whatever formats or reads text
below it asks `region_tag`. None means that no person reads: the API speaks plain JSON forms.
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
    """Write and read for this locale, such as "de-CH", until the block ends."""
    token = _tag.set(tag)
    try:
        yield
    finally:
        _tag.reset(token)


def region_tag() -> str | None:
    """The locale of the person being served; None where no person reads."""
    return _tag.get()


def written_tag() -> str:
    """The locale to write for: the reader's, or American English where nobody is known."""
    return _tag.get() or DEFAULT_TAG


@cache
def locale_of(tag: str) -> Locale:
    """CLDR's data of a tag such as "de-CH"; plain English for a tag it does not know."""
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    give_own_data(locale)
    return locale
