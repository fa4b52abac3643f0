"""Whether a bank's line means the shop whose word is in it, or a person, an occasion or a thing."""

from enum import Enum
from typing import NamedTuple

from transactions.rules import merchant_map
from transactions.rules.keywords import BRAND, DEPARTMENT, KIND, Keyword
from transactions.rules.line_words import (
    ADDRESSING,
    MOST_STRANGE_WORDS,
    NOISE,
    PLACES,
    SITES,
    TRANSFERS,
    is_no_sentence,
    makes_sentence,
    number_after,
    place_of,
    unknown_words,
)
from transactions.rules.other_names import (
    DEPARTMENTS,
    GIVEN_NAMES,
    STORES,
    TRADES,
    is_of_another_name,
    is_of_another_thing,
    is_surnamed,
)

# Before a given name they make a city: "San Jose".
_SAINTS = frozenset({"san", "santa", "santo", "sao", "st", "saint", "sankt", "fort", "port"})
# "Chez Paul", "Da Mario" and "Bei Anna" are names of restaurants.
LONGEST_ARTICLE = 3
# What people write to each other about.
_WRITTEN_ABOUT = frozenset({"rent", "insurance", "electricity", "internet", "loan-repayment"})
_NAMES = frozenset(merchant_map.NAMES.split())
_OCCASIONS = frozenset(merchant_map.OCCASIONS.split())
# Whom gifts and rent are for.
_ASKED_FOR = frozenset({"gifts", "rent", "housing", "mortgage"})
_OCCASION_ENDS = tuple(merchant_map.OCCASION_ENDS.split())
_WRITTEN_BY_PEOPLE = frozenset(merchant_map.WRITTEN_BY_PEOPLE.split())
_COMPANY_WORDS = frozenset(merchant_map.COMPANY_WORDS.split())
# Processors of small shops, where few chains are.
_SMALL_TILLS = frozenset({"sq", "tst", "sumup", "zettle", "izettle"})
_BILLS = frozenset(merchant_map.BILLS.split())
_FAMILY_NAMES = frozenset(merchant_map.FAMILY_NAMES.split())
_CARD_WORDS = frozenset(merchant_map.CARD_WORDS.split())


class Case(Enum):
    """How a line is written: as tills print, as names are written, or with words in lower case as
    people write.
    """

    UPPER = "upper"
    TITLE = "title"
    PROSE = "prose"


class Writing(NamedTuple):
    """How a line is written; the first `starred` words stand before an asterisk, as "GRAB*"."""

    case: Case
    is_printed: bool
    starred: int


def has_evidence(key: Keyword, found: list[Keyword], words: list[str], writing: Writing) -> bool:
    """Whether a line means the shop, and not a person, an occasion or a word's other meaning.

    It does where a till or a processor printed it, where a store's number follows the brand, where
    it was paid by card, where merchant and text both name it, and else unless people wrote the line
    to each other.
    """
    if key.grade == KIND:
        return not is_of_another_thing(key, found, words) and (
            writing.is_printed or not _is_in_passing(key, found, words, writing.case)
        )
    if key.grade != BRAND or _sells_what_follows(key, words, writing):
        return True
    if is_of_another_name(key, found, words) or is_surnamed(key, words):
        return False
    is_transfer = not TRANSFERS.isdisjoint(words)
    if words.count(key.text) > 1 or (number_after(key, words) and not is_transfer):
        return True
    is_by_card = not _CARD_WORDS.isdisjoint(words[: place_of(key, words)])
    if (writing.is_printed or is_by_card) and not is_transfer:
        is_small = not _SMALL_TILLS.isdisjoint(words[:1])
        most = 0 if is_small else MOST_STRANGE_WORDS + is_by_card  # "Boots Kings Cross"
        return not key.needs_evidence or _is_alone(key, found, words, most)
    if _is_between_people(key, found, words, writing.case):
        return False
    return not key.needs_evidence or _is_meant(key, found, words, writing.case)


def _sells_what_follows(key: Keyword, words: list[str], writing: Writing) -> bool:
    """Whether an asterisk follows the brand, as in "ADOBE *CREATIVE CLOUD"."""
    is_marked = 0 < writing.starred == place_of(key, words) + len(key.text.split())
    return is_marked or words[writing.starred :][:1] == ["com"]


def _is_alone(key: Keyword, found: list[Keyword], words: list[str], most: int) -> bool:
    """Whether so few unknown words stand beside the brand that they make no other name with it."""
    others = [word for word in unknown_words(key, found, words) if len(word) > 1]
    return (len(others) <= most and not makes_sentence(others)) or not _BILLS.isdisjoint(words)


def _is_meant(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether a word that has other meanings is the brand.

    It is where the line names the kind of shop, where a city follows, or where nothing else is
    said but "refund". Capitals, as tills print, count if the line begins with the word, it is
    nobody's name and the others make no sentence with it, nor a longer name without a place.
    """
    same = {key.slug} | (DEPARTMENTS if key.slug in STORES else set())
    kinds = {
        other.slug
        for other in found
        if other.grade in {KIND, DEPARTMENT} and SITES.isdisjoint(other.text.split())
    }
    if kinds & same or not _BILLS.isdisjoint(words):
        return is_no_sentence(key, words)
    left = {word for word in words if word.isalpha()} - NOISE - {key.text}
    if not left - refund_words(found) or _place_after(key, words):
        return True
    if case != Case.UPPER or kinds or key.text in _NAMES:
        return False
    before = {word for word in words[: place_of(key, words)] if word.isalpha()} - NOISE
    is_first = all(len(word) <= LONGEST_ARTICLE for word in before)
    # In capitals "ON" may be a word; a state's two letters end a line.
    in_places = [word for word in words if word in PLACES]
    is_placed = any(len(word) >= LONGEST_ARTICLE for word in in_places) or words[-1] in PLACES
    is_name_alone = len(left) <= MOST_STRANGE_WORDS or is_placed
    return is_first and is_name_alone and is_no_sentence(key, words)


def refund_words(found: list[Keyword]) -> set[str]:
    """The words that say "refund": it comes from whoever was paid before."""
    return {word for key in found if key.slug == "refunds" for word in key.text.split()}


def _is_between_people(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether people wrote the line, so that the brand's word is somebody's name or an object.

    The words say it: an occasion, a given name before the brand; who it is from or for, or a
    transfer, with words nobody knows beside the brand. So does the place of the brand: bank lines
    in upper and lower case begin with the merchant, and have no more words in lower case.
    """
    rest = set(words) - set(key.text.split())
    is_occasion = not _OCCASIONS.isdisjoint(rest) or any(map(_ends_in_occasion, rest))
    if is_occasion and key.slug in _ASKED_FOR:
        return False  # "UNICEF Spende", "Vonovia Miete"
    if is_occasion or _is_family_name(key, words, case):
        return True
    if not _COMPANY_WORDS.isdisjoint(rest):
        return False
    unknown = unknown_words(key, found, words)
    if not unknown:
        return False
    if not TRANSFERS.isdisjoint(rest) or (words[0] in rest & ADDRESSING):
        return True
    is_first = unknown[0] not in words[: place_of(key, words)]
    if not is_first and not _WRITTEN_BY_PEOPLE.isdisjoint(rest):
        return True
    if case == Case.UPPER:
        is_last = words[-1] == key.text and len(unknown) == 1
        return not is_first and (is_last or not GIVEN_NAMES.isdisjoint(rest))
    # In lower case "me" and "or" are no states of the US.
    short = [word for word in rest & PLACES if len(word) < LONGEST_ARTICLE]
    is_told = case == Case.PROSE and len(unknown) + len(short) > 1
    return is_told or not is_first or not ADDRESSING.isdisjoint(rest)


def _ends_in_occasion(word: str) -> bool:
    return word.endswith(_OCCASION_ENDS)


def _is_family_name(key: Keyword, words: list[str], case: Case) -> bool:
    """Whether a given name stands before the keyword, as in "Emma Aldi", or ends "Kroger Ulf"."""
    at = place_of(key, words)
    behind = words[at + len(key.text.split()) :]
    if 0 < at < len(words) and words[at - 1] in GIVEN_NAMES:
        return at == 1 or words[at - 2] not in _SAINTS
    return case == Case.TITLE and len(behind) == 1 and behind[0] in GIVEN_NAMES


def _is_in_passing(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether people wrote the line and only mention a kind of shop, or it is a name."""
    if key.text in _FAMILY_NAMES and (
        (words == [key.text, words[-1]] and words[-1] in GIVEN_NAMES)
        or (words[-1] == key.text and _is_family_name(key, words, case))
    ):
        return True
    at, size = place_of(key, words), len(key.text.split())
    if key.text in _FAMILY_NAMES and not TRADES.isdisjoint(words[at + size :]):
        return True
    if key.slug in _WRITTEN_ABOUT:
        return False
    if case == Case.UPPER:
        return not _WRITTEN_BY_PEOPLE.isdisjoint(words)
    if at > 0 and not ADDRESSING.isdisjoint(words[:at] + words[at + size :]):
        return True
    kinds = {other.slug for other in found if other.grade == KIND}
    if case == Case.PROSE and len(unknown_words(key, found, words)) + len(kinds) > 2:
        return True
    between = [word for word in words[at + size : -1] if len(word) > LONGEST_ARTICLE]
    return at == 0 and words[-1] in GIVEN_NAMES and not NOISE.issuperset(between)


def _place_after(key: Keyword, words: list[str]) -> bool:
    """Whether a city follows the brand, and nothing that makes a sentence."""
    at = place_of(key, words) + len(key.text.split())
    is_city = words[at : at + 1] and len(words[at]) > 2 and words[at] in PLACES
    return bool(is_city) and key.text not in _NAMES and is_no_sentence(key, words)
