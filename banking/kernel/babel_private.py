"""The private part of babel that we use: locales' data. Import it nowhere else.

tests/test_private_parts.py pins the version this was written for.
"""

from typing import Any, cast

from babel import Locale, localedata
from babel.localedata import LocaleDataDict, load


def loaded_locales() -> set[str]:
    """The identifiers of the locales whose data is in memory."""
    return set(localedata._cache)


def forget_locale(identifier: str) -> None:
    """Keep a locale's data no longer."""
    localedata._cache.pop(identifier, None)


def give_own_data(locale: Locale) -> None:
    """Give a locale its own copy of the data.

    babel 2.18 writes resolved aliases into data shared between locales: the first locale whose
    standalone months are read would set those of all others.
    """
    cast(Any, locale)._Locale__data = LocaleDataDict(_copied(load(str(locale))))


def _copied(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return tuple(_copied(value) for value in data) if type(data) is tuple else data
