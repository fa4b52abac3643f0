"""The keywords of the merchant map, and where they stand in a line's words."""

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import chain

from transactions.matching.words import normalized
from transactions.rules import merchant_map

# A store's number or a booking's code, written to the name.
_GLUED_NUMBER = re.compile(r"^([^\W\d]{3,})\d+$|^([^\W\d]{3,})\d{3}\w*$")
# Behind a chain's name where a chain elsewhere has the same.
_REGION = re.compile(r" \([A-Z]{2,3}\)$")
# Chinese and Japanese write no spaces, and Korean few: "セブンイレブン渋谷店".
_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2}")
_JOINED_LENGTH = 8
_SHORTEST_HEAD = 3
_MEMORY = 10_000
_AMBIGUOUS = frozenset(merchant_map.AMBIGUOUS.split())


@dataclass(frozen=True, slots=True)
class Keyword:
    """What one keyword means; `grade` is one of the constants below.

    One that `needs_evidence` is also a word of another meaning.
    """

    text: str
    grade: int
    slug: str = ""
    name: str = ""
    needs_evidence: bool = False


BRAND, ORDINARY_WORD, LINE_WORD, KIND, DEPARTMENT, PEOPLE, MISLEADING = range(7)
ORDINARY = frozenset({ORDINARY_WORD, LINE_WORD})
_GRADES = {"": BRAND, "?": BRAND, "!": ORDINARY_WORD, "!!": LINE_WORD}
# How German and Nordic letters are written where a bank has none of them.
_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def _entries(table: str) -> list[str]:
    return [entry for part in table.split(";") if (entry := part.strip())]


def _brands() -> list[Keyword]:
    found = []
    for slug, table in chain.from_iterable(map(dict.items, merchant_map.BRANDS)):
        for entry in _entries(table):
            written, _, spellings = entry.partition(" = ")
            name = _REGION.sub("", written.strip().lstrip("!?"))
            for spelling in (written, *(spellings.split(",") if spellings else ())):
                bare = spelling.strip().lstrip("!?")
                mark = spelling.strip()[: -len(bare)]
                for text in _foldings(bare):
                    needs_evidence = mark == "?" or text in _AMBIGUOUS
                    found.append(Keyword(text, _GRADES[mark], slug, name, needs_evidence))
    return found


def _foldings(text: str) -> list[str]:
    """The words of a name as banks write its letters: "ü" is "u" or "ue", "ø" is "o" or "oe", and
    "&" is nothing, "and" or "+".
    """
    folded = " ".join(words_of(text))
    if "&" in text:
        return [folded, *(" ".join(words_of(text.replace("&", sign))) for sign in (" and ", "+"))]
    if text.isascii():
        return [folded]
    spelled_out = " ".join(words_of(text.lower().translate(_DIGRAPHS)))
    return [folded] if spelled_out == folded else [folded, spelled_out]


def _other_words() -> list[Keyword]:
    graded = ((KIND, merchant_map.KINDS), (DEPARTMENT, merchant_map.DEPARTMENTS))
    found = [
        Keyword(text, grade, slug)
        for grade, tables in graded
        for slug, table in tables.items()
        for entry in _entries(table)
        for text in _foldings(entry)
    ]
    found += [Keyword(normalized(text), PEOPLE) for text in _entries(merchant_map.BETWEEN_PEOPLE)]
    misleading = _entries(merchant_map.MISLEADING)
    return found + [Keyword(normalized(text), MISLEADING) for text in misleading]


@cache
def _keywords() -> tuple[dict[str, Keyword], dict[str, int]]:
    """Each keyword by its text, and by first word how many words the longest one has.

    Of two meanings of one text the earlier stands: brands come before kinds.
    """
    meanings: dict[str, Keyword] = {}
    for keyword in (*_brands(), *_other_words()):
        meanings.setdefault(keyword.text, keyword)
    for keyword in list(meanings.values()):
        joined = keyword.text.replace(" ", "")
        if keyword.grade == BRAND and len(joined) >= _JOINED_LENGTH:
            meanings.setdefault(joined, keyword)
    longest: dict[str, int] = {}
    for text in meanings:
        words = text.split()
        longest[words[0]] = max(longest.get(words[0], 0), len(words))
    return meanings, longest


@cache
def keyword_numbers() -> frozenset[str]:
    """The numbers that keywords contain. All others, such as stores' numbers, tell nothing."""
    meanings, _ = _keywords()
    return frozenset(word for text in meanings for word in text.split() if word.isdigit())


def words_of(text: str) -> list[str]:
    """The words of a line; an apostrophe divides none, and "Disney+" is "disney plus"."""
    text = text.replace("'", "").replace("\u2019", "").replace("_", " ")
    return normalized(text.replace("+", " plus ") if "+" in text else text).split()


def found_in(words: list[str]) -> list[Keyword]:
    """From left to right, the longest keyword that begins at each word; each word counts once."""
    meanings, longest = _keywords()
    found: list[Keyword] = []
    at = 0
    while at < len(words):
        if words[at] not in longest and not words[at].isalpha():
            words[at] = _without_number(words[at])
        step = 1
        for count in range(min(longest.get(words[at], 0), len(words) - at), 0, -1):
            keyword = meanings.get(" ".join(words[at : at + count]))
            if keyword is not None:
                found.append(keyword)
                step = count
                break
        else:
            found += _inside(words[at])
        at += step
    return found


@cache
def _compound_ends() -> tuple[tuple[str, ...], dict[str, str]]:
    """The ends of compound words, the longest first, and each one's slug."""
    ends = {
        end: slug
        for slug, table in merchant_map.COMPOUNDS.items()
        for entry in _entries(table)
        for end in _foldings(entry)
    }
    return tuple(sorted(ends, key=len, reverse=True)), ends


def _kinds_of_compound(word: str) -> list[Keyword]:
    """The kind that the end of a compound word says; empty if it says none."""
    ends, slugs = _compound_ends()
    if not word.endswith(ends):
        return []
    end = next(end for end in ends if word.endswith(end))
    is_compound = word == end or len(word) >= len(end) + _SHORTEST_HEAD
    return [Keyword(word, KIND, slugs[end])] if is_compound else []


@lru_cache(maxsize=_MEMORY)
def _inside(word: str) -> list[Keyword]:
    """What a word says that is no keyword itself: by its end, or by parts written without space.

    Of those the brand must begin the word; of several kinds the last one is its head.
    """
    if not _UNSPACED.search(word):
        return _kinds_of_compound(word)
    meanings, _ = _keywords()
    size = len(word)
    begins = [key for end in range(size - 1, 1, -1) if (key := meanings.get(word[:end]))]
    parts = [word[start:end] for end in range(size, 1, -1) for start in range(end - 1)]
    kinds = [meanings[part] for part in parts if part in meanings]
    found = [key for key in begins if key.grade == BRAND] + [
        key for key in kinds if key.grade == KIND
    ]
    return [replace(key, text=word) for key in found[:1]]


def _without_number(word: str) -> str:
    glued = _GLUED_NUMBER.match(word)
    return glued[1] or glued[2] if glued else word
