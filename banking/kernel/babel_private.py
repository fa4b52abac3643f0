"""The private part of babel that we use: the data of a locale. Here and nowhere else.

tests/test_private_parts.py names the version this was written for.
"""

from typing import Any, cast

from babel import Locale
from babel.localedata import LocaleDataDict, load


def give_own_data(locale: Locale) -> None:
    """Give a locale data of its own.

    babel 2.18 writes what an alias stands for into data that locales share: the first one asked for
    its months alone would name those of all others.
    """
    cast(Any, locale)._Locale__data = LocaleDataDict(_copied(load(str(locale))))


def _copied(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return tuple(_copied(value) for value in data) if type(data) is tuple else data
