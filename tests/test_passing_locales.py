"""What is read of many languages leaves none of them in memory: each takes about a megabyte."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from babel import localedata

from banking.kernel import currency_signs
from banking.kernel.garbage import collector_paused
from banking.kernel.passing_locales import read_once
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


def test_whoever_asks_meanwhile_waits_for_what_is_read():
    read = []

    @read_once
    def words():
        read.append("words")
        time.sleep(0.05)
        return "words"

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: words(), range(4))) == ["words"] * 4
    assert read == ["words"]


def test_the_collector_goes_on_once_nobody_pauses_it():
    with collector_paused():
        other = collector_paused()
        other.__enter__()
    assert not gc.isenabled()
    other.__exit__(None, None, None)
    assert gc.isenabled()
