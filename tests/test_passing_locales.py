"""What is read of many languages leaves none of them in memory: each takes about a megabyte."""

import gc

import pytest
from babel import localedata

from banking.kernel import currency_signs
from transactions.sources.files import dates, letter_pairs
from users import locales

pytestmark = pytest.mark.once

READ = {
    "months and weekdays": (dates._names, ()),
    "pairs of letters": (letter_pairs._pairs_of, ("pl",)),
    "signs of a currency": (currency_signs._native_signs, ("EUR",)),
    "locales by their own names": (locales.locale_choices, ()),
}


def loaded() -> int:
    # isinstance would ask lazy objects of other tests, and wake them.
    return sum(type(found) is localedata.LocaleDataDict for found in gc.get_objects())


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_no_language_stays_loaded(name, monkeypatch):
    # Without what other tests have loaded: reading on in it makes more objects.
    monkeypatch.setattr(localedata, "_cache", {})
    read, given = READ[name]
    before = loaded()
    # Without the cache in front.
    assert read.__wrapped__(*given)
    assert not localedata._cache
    assert loaded() == before
    assert gc.isenabled()
