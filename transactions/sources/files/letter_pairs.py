"""How far a text's accented letters stand beside letters that a language puts beside them.

The pairs of a language are those of the CLDR's names for countries, languages and currencies in it.
"""

import re
from collections import Counter
from functools import cache
from itertools import pairwise

from babel.core import Locale

from banking.kernel.passing_locales import read_in_passing

# By the group of encodings that write them, the languages of the Latin alphabet.
WESTERN = ("de", "fr", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", "is", "ca", "et", "af", "ga")
CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "sq", "bs", "de")
BALTIC = ("lt", "lv", "et")
TURKISH = ("tr", "az", "de")
_WORD = re.compile(r"[^\W\d_½¼¾¹²³]+")
_EDGE = "^"
# Older encodings write Romanian with the cedilla for want of the comma.
_SAME_LETTERS = str.maketrans("şţ", "șț")


def _pairs(text: str) -> Counter[str]:
    """The pairs of neighbors in words of which at least one is not a plain letter."""
    found: Counter[str] = Counter()
    for word in _WORD.findall(text):
        if not word.isascii():
            whole = f"{_EDGE}{word.lower().translate(_SAME_LETTERS)}{_EDGE}"
            found.update(pair for pair in map("".join, pairwise(whole)) if not pair.isascii())
    return found


@cache
@read_in_passing()
def _pairs_of(language: str) -> frozenset[str]:
    locale = Locale.parse(language)
    names = [*locale.territories.values(), *locale.languages.values(), *locale.currencies.values()]
    names += [*locale.months["format"]["wide"].values(), *locale.days["format"]["wide"].values()]
    return frozenset(_pairs(" ".join(map(str, names))))


def usual_share(text: str, languages: tuple[str, ...]) -> tuple[float, int]:
    """The share of the text's pairs that the best of these languages has, and how many there are;
    (0, 0) without any.
    """
    found = _pairs(text)
    total = found.total()
    if not total:
        return 0.0, 0
    known = [
        sum(count for pair, count in found.items() if pair in _pairs_of(language))
        for language in languages
    ]
    return max(known) / total, total
