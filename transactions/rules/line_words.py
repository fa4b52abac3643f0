"""Where a keyword stands in a bank's line, and what stands beside it."""

from transactions.rules import merchant_map
from transactions.rules.keywords import ORDINARY, Keyword

# How a line's words show a number that tells nothing: as a store's or till's number may be
# written, or shorter, or a year.
STORE_NUMBER, NUMBER = "000", "0"
PLACES = frozenset(merchant_map.PLACES.split())
NOISE = frozenset(f"{merchant_map.NOISE} {merchant_map.BRANCHES}".split()) | PLACES
TRANSFERS = frozenset(merchant_map.TRANSFERS.split())
ADDRESSING = frozenset(merchant_map.ADDRESSING.split())
SITES = frozenset(merchant_map.SITES.split())
STREETS = frozenset(merchant_map.STREETS.split())
_BRANCHES = frozenset(merchant_map.BRANCHES.split())
_SENTENCE = frozenset(merchant_map.SENTENCE.split())
# A name beside a place may have one word that nobody knows.
MOST_STRANGE_WORDS = 1
_SAID = NOISE | TRANSFERS | ADDRESSING


def place_of(key: Keyword, words: list[str]) -> int:
    """Where the keyword begins in the line; behind it if it is written in another form."""
    if " " not in key.text:
        return words.index(key.text) if key.text in words else len(words)
    name = key.text.split()
    at = -1
    while name[0] in words[at + 1 :]:
        at = words.index(name[0], at + 1)
        if words[at : at + len(name)] == name:
            return at
    return len(words)


def behind(key: Keyword, words: list[str]) -> list[str]:
    return words[_end_of(key, words) :]


def _end_of(key: Keyword, words: list[str]) -> int:
    return place_of(key, words) + key.text.count(" ") + 1


def unknown_words(key: Keyword, found: list[Keyword], words: list[str]) -> list[str]:
    """The words that no keyword and no list explains."""
    known = {word for other in found if other.grade not in ORDINARY for word in other.text.split()}
    known.update(key.text.split())
    return [word for word in words if word.isalpha() and word not in known and word not in _SAID]


def is_no_sentence(key: Keyword, words: list[str]) -> bool:
    return _SENTENCE.isdisjoint(set(words) - set(key.text.split()))


def makes_sentence(words: list[str]) -> bool:
    return not _SENTENCE.isdisjoint(words)


def number_after(key: Keyword, words: list[str]) -> str:
    """The number of a store right behind its brand, "FIL" or "STORE" in between; "" if none."""
    at = _end_of(key, words)
    while at < len(words) and words[at] in _BRANCHES:
        at += 1
    return words[at] if at < len(words) and words[at] in {NUMBER, STORE_NUMBER} else ""
