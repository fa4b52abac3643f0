"""The built-in merchant map: a cleaned-up name and a first category from a bank's wording.

The last resort of categorizing: a person's choice, their rules and the bank's own category all
come before. What is known stands in `merchant_map`. Where nothing is known there is no category: a
wrong one is worse than none.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache

from transactions.rules import merchant_map
from transactions.rules.keywords import (
    BRAND,
    DEPARTMENT,
    KIND,
    LINE_WORD,
    ORDINARY,
    PEOPLE,
    Keyword,
    found_in,
    keyword_numbers,
    words_of,
)

_EARNED = frozenset({
    "salary", "bonus", "self-employment", "interest", "dividends", "pension", "benefits",
    "rental-income",
})  # fmt: skip
_INFLOW_ONLY = _EARNED | {"refunds", "other-income"}
# Stores that sell more than one kind of thing; a department's word says which.
_STORES = frozenset({
    "groceries", "shopping", "household", "electronics", "clothing", "furnishing",
    "home-maintenance",
})  # fmt: skip
_DEPARTMENTS = frozenset({
    "fuel", "pharmacy", "doctor", "phone", "insurance", "travel", "restaurants", "coffee",
    "parking", "car-maintenance",
})  # fmt: skip
# These often sell other companies' goods, so the other name says more.
_RESELLERS = frozenset({"shopping", "subscriptions"})
# Brands of shops sell these too, or stand beside them; they don't make the brand somebody's name.
_CATERING = frozenset({"groceries", "restaurants", "coffee", "food-delivery"})
_ON_THE_WAY = frozenset({"fuel", "parking", "car-maintenance", "taxi", "public-transport"})
_TRAVEL = frozenset({"travel", "hotels", "flights", "public-transport", "taxi", "parking"})
_MEDIA = frozenset({"streaming", "games", "books", "electronics", "events", "internet", "phone"})
_HOME = frozenset({"electricity", "heating", "water", "utilities", "internet", "phone"})
_SOLD_IN_STORES = _STORES | _DEPARTMENTS | _CATERING | {"hobbies", "pets", "children", "books"}
_SECTORS = (
    _CATERING | {"fuel", "parking"},
    _ON_THE_WAY | {"travel"},
    _TRAVEL,
    _MEDIA | {"hobbies"},
    _HOME,
    frozenset({"pharmacy", "doctor", "fitness", "personal", "household"}),
)
# Kinds of business. The other kinds, such as fees or pay, may be said of any brand.
_BUSINESSES = frozenset({
    "home-maintenance", "doctor", "events", "education", "pets", "personal", "children", "fitness",
    "hobbies", "public-transport", "taxi", "flights", "books", "hotels", "travel", "restaurants",
    "coffee", "groceries", "pharmacy", "water", "furnishing", "clothing", "car-maintenance",
})  # fmt: skip
# Brands without shops: no street or town follows their name.
_ONLINE = frozenset({
    "streaming", "games", "subscriptions", "taxi", "travel", "loan-repayment", "books",
    "investment-transfer",
})  # fmt: skip
_SELL_FUEL = frozenset({"fuel", "groceries"})
_SUPPLIERS = frozenset({"pets", "hobbies", "shopping", "insurance", "gifts", "travel"})
_SUPPLIES = frozenset({
    "supply", "supplies", "society", "association", "foundation", "guides", "charters",
    "expeditions", "safaris", "safari", "ministries", "congregation",
})  # fmt: skip
_MOST_STRANGE_WORDS = 1
# Before a given name they make a city: "San Jose".
_SAINTS = frozenset({"san", "santa", "santo", "sao", "st", "saint", "sankt", "fort", "port"})
# "Chez Paul", "Da Mario" and "Bei Anna" are names of restaurants.
_LONGEST_ARTICLE = 3
# What people write to each other about.
_WRITTEN_ABOUT = frozenset({"rent", "insurance", "electricity", "internet", "loan-repayment"})
# How a line's words show a number that tells nothing: as a store's or till's number may be
# written, or shorter, or a year.
_STORE_NUMBER, _NUMBER = "000", "0"
_YEAR = re.compile(r"(?:19|20)\d\d")
_MEMORY = 50_000
_PLACES = frozenset(merchant_map.PLACES.split())
_NOISE = frozenset(f"{merchant_map.NOISE} {merchant_map.BRANCHES}".split()) | _PLACES
_BRANCHES = frozenset(merchant_map.BRANCHES.split())
_SENTENCE = frozenset(merchant_map.SENTENCE.split())
_NAMES = frozenset(merchant_map.NAMES.split())
_TRADES = frozenset(merchant_map.TRADES.split())
_SITES = frozenset(merchant_map.SITES.split())
_JOINING = frozenset(merchant_map.JOINING.split())
_OCCASIONS = frozenset(merchant_map.OCCASIONS.split())
_ADDRESSING = frozenset(merchant_map.ADDRESSING.split())
_TRANSFERS = frozenset(merchant_map.TRANSFERS.split())
_STREETS = frozenset(merchant_map.STREETS.split())
_WRITTEN_BY_PEOPLE = frozenset(merchant_map.WRITTEN_BY_PEOPLE.split())
_SAID = _NOISE | _TRANSFERS | _ADDRESSING
_COMPANY_WORDS = frozenset(merchant_map.COMPANY_WORDS.split())
_GIVEN_NAMES = frozenset(merchant_map.GIVEN_NAMES.split())
_FAMILY_NAMES = frozenset(merchant_map.FAMILY_NAMES.split())
_CARD_WORDS = frozenset(merchant_map.CARD_WORDS.split())
# What tills and processors print and people do not write: "SQ *", "#4711", "T-1234", "apple.com".
_PRINTED = re.compile(r"[*#@]|\w\.(?:com|net|co|de|fr|es|it|nl|eu)\b|\w-\d{3}")

# Apps by which people pay each other, where a shop's till names them: "VIPPS*BAKERIET".
_TILL_APP = re.compile(
    r"^(?:.* )?(?:satispay|vipps|mobilepay|swish|twint|lydia|wero|bizum|blik)\s?\*\s?",
    re.IGNORECASE,
)
# What banks and card schemes put before a merchant's name, and what they put behind it.
_PREFIX = re.compile(
    r"^(?:(?:pos|card|debit|credit|visa|mastercard|maestro|contactless|purchase|payment|payments"
    r"|direct debit|dd|so|to|at|bill|sepa|lastschrift|kartenzahlung|ec|girocard|paiement|cb|carte"
    r"|compra|tarjeta|pago|betaling|bea|google pay|apple pay|gpay|paypal|sumup|izettle|zettle"
    r"|sq|tst|sp|pp|www|online|ach|checkcard|recurring|(?:google|apl|ppl|iz|amzn)(?=\s?\*))"
    r"\b[\s.:*/-]*|(?<=\s)(?:0[1-9]|1[0-2])[0-3]\d\s+(?=[^\W\d]))+",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r"(?:[\s,/*#-]+(?:[A-Z]{2}|gmbh|ag|ltd|limited|inc|llc|plc|s\.?a\.?|b\.?v\.?|kg|co|sagt danke"
    r"|[#*]?\d[\dA-Z:./-]*|(?:https?://|www\.|help\.)\S+|ref\b.*|nr\b.*|on \d.*|date \d.*))+$",
    re.IGNORECASE,
)


class Case(Enum):
    """How a line is written: as tills print, as names are written, or with words in lower case as
    people write.
    """

    UPPER = "upper"
    TITLE = "title"
    PROSE = "prose"


@dataclass(frozen=True, slots=True)
class Recognized:
    """What the map makes of a line: either may be "" (unknown)."""

    merchant: str
    category_slug: str


@cache
def _idle_number() -> re.Pattern[str]:
    telling = sorted(number for number in keyword_numbers() if len(number) > 2)
    return re.compile(rf"\b(?!(?:{'|'.join(telling)}|{_YEAR.pattern})\b)\d{{3,}}\b")


def without_numbers(text: str) -> str:
    """The text with 000 for each long number that tells nothing; it means the same merchant."""
    return _idle_number().sub(_STORE_NUMBER, text)


def recognize(text: str, *, is_inflow: bool) -> Recognized:
    """The merchant's name and a category slug for a bank's wording; linear in its length."""
    telling = keyword_numbers()
    is_printed = _PRINTED.search(text) is not None
    if is_printed and "*" in text:
        text = _TILL_APP.sub("", text)
    words = tuple(
        _shown_number(word) if word.isdigit() and word not in telling else word
        for word in words_of(text)
    )
    return _recognized(words, is_inflow, is_printed, _case_of(text))


def _case_of(text: str) -> Case:
    if text.isupper():
        return Case.UPPER
    is_prose = text[:1].isupper() and any(
        word.islower() and word.isalpha() and len(word) > _LONGEST_ARTICLE for word in text.split()
    )
    return Case.PROSE if is_prose else Case.TITLE


def _shown_number(word: str) -> str:
    is_long = len(word) > 2 and not _YEAR.fullmatch(word)
    return _STORE_NUMBER if is_long or word[0] == "0" else _NUMBER


@lru_cache(maxsize=_MEMORY)
def _recognized(line: tuple[str, ...], is_inflow: bool, is_printed: bool, case: Case) -> Recognized:
    words = list(line)
    found = found_in(words)
    if not found:
        return Recognized("", "")
    is_upper = case == Case.UPPER
    if not is_printed:
        found = [key for key in found if _has_evidence(key, found, words, case)]
    brand = _brand(found, words, is_upper)
    return Recognized(brand.name if brand else "", _category(found, brand, is_inflow))


def _has_evidence(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether a line means the shop, and not a person, an occasion or a word's other meaning.

    It does where a store's number follows the brand, where it was paid by card, where merchant and
    text both name it, and else unless people wrote the line to each other.
    """
    if key.grade == KIND:
        return not _is_in_passing(key, found, words, case)
    if key.grade == BRAND and _is_of_another_name(key, found, words):
        return False
    if key.grade != BRAND or _number_after(key, words) or words.count(key.text) > 1:
        return True
    if not _CARD_WORDS.isdisjoint(words[: _place_of(key, words)]):
        return True
    if _is_between_people(key, found, words, case):
        return False
    return not key.needs_evidence or _is_meant(key, found, words, case)


def _is_of_another_name(key: Keyword, found: list[Keyword], words: list[str]) -> bool:
    """Whether the brand's words begin the name of some other business.

    It is where a trade or a kind of business follows that the brand has nothing to do with, where
    "and" or "of" joins it to words nobody knows, and where many such words follow a brand that has
    no shops.
    """
    behind = words[_place_of(key, words) + len(key.text.split()) :]
    if not behind or _number_after(key, words) or behind.count(key.text.split()[0]):
        return False
    unknown = [word for word in _unknown(key, found, words) if word in behind]
    trades = _TRADES - _SUPPLIES if key.slug in _SUPPLIERS else _TRADES
    if not trades.isdisjoint(unknown) or (
        behind[0] in _JOINING and behind[1:2] == unknown[:1] != []
    ):
        return True
    if key.slug in _ONLINE and sum(len(word) > 1 for word in unknown) > _MOST_STRANGE_WORDS:
        return True
    others = [other for other in found if other.grade == KIND and other.text in " ".join(behind)]
    return any(
        other.slug in _BUSINESSES
        and other.slug != key.slug
        and other.text not in _NOISE  # "SP ZOO" is a legal form
        and not _is_site(key, other)
        and not _go_together(key.slug, other.slug)
        for other in others
    )


def _is_site(key: Keyword, kind: Keyword) -> bool:
    """Whether the kind may say where a branch is; no shop but a café is in a museum."""
    is_site = not _SITES.isdisjoint(kind.text.split())
    return is_site and (kind.slug != "events" or key.slug in {"coffee", "restaurants", "hotels"})


def _go_together(brand: str, kind: str) -> bool:
    if brand in _STORES and kind in _SOLD_IN_STORES:
        return True
    return any({brand, kind} <= sector for sector in _SECTORS)


def _is_meant(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether a word that has other meanings is the brand.

    It is where the line names the kind of shop, where a city follows, or where nothing else is
    said. Capitals, as tills print, count if the line begins with the word, it is nobody's name and
    the others make no sentence with it.
    """
    same = {key.slug} | (_DEPARTMENTS if key.slug in _STORES else set())
    kinds = {
        other.slug
        for other in found
        if other.grade in {KIND, DEPARTMENT} and _SITES.isdisjoint(other.text.split())
    }
    if kinds & same:
        return True
    left = {word for word in words if word.isalpha()} - _NOISE - {key.text}
    if not left or _place_after(key, words):
        return True
    if case != Case.UPPER or kinds or key.text in _NAMES:
        return False
    before = {word for word in words[: _place_of(key, words)] if word.isalpha()} - _NOISE
    is_first = all(len(word) <= _LONGEST_ARTICLE for word in before)
    return is_first and _is_no_sentence(key, words)


def _place_of(key: Keyword, words: list[str]) -> int:
    """Where the keyword begins in the line; behind it if it is written in another form."""
    name = key.text.split()
    if len(name) == 1:
        return words.index(key.text) if key.text in words else len(words)
    starts = range(len(words) - len(name) + 1)
    return next((at for at in starts if words[at : at + len(name)] == name), len(words))


def _is_between_people(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether people wrote the line, so that the brand's word is somebody's name or an object.

    The words say it: an occasion, a given name before the brand; who it is from or for, or a
    transfer, with words nobody knows beside the brand. So does the place of the brand: bank lines
    in upper and lower case begin with the merchant, and have no more words in lower case.
    """
    rest = set(words) - set(key.text.split())
    if not _OCCASIONS.isdisjoint(rest) or _is_family_name(key, words, case):
        return True
    if not _COMPANY_WORDS.isdisjoint(rest):
        return False
    unknown = _unknown(key, found, words)
    if not unknown:
        return False
    if not _TRANSFERS.isdisjoint(rest) or (words[0] in rest & _ADDRESSING):
        return True
    is_first = unknown[0] not in words[: _place_of(key, words)]
    if case == Case.UPPER:
        is_last = words[-1] == key.text and len(unknown) == 1
        return not is_first and (is_last or not _GIVEN_NAMES.isdisjoint(rest))
    is_told = case == Case.PROSE and len(unknown) > 1
    return is_told or not is_first or not _ADDRESSING.isdisjoint(rest)


def _unknown(key: Keyword, found: list[Keyword], words: list[str]) -> list[str]:
    """The words that no keyword and no list explains."""
    known = {word for other in found if other.grade not in ORDINARY for word in other.text.split()}
    known.update(key.text.split())
    return [word for word in words if word.isalpha() and word not in known and word not in _SAID]


def _is_family_name(key: Keyword, words: list[str], case: Case) -> bool:
    """Whether a given name stands before the keyword, as in "Emma Aldi", or ends "Kroger Ulf"."""
    at = _place_of(key, words)
    behind = words[at + len(key.text.split()) :]
    if 0 < at < len(words) and words[at - 1] in _GIVEN_NAMES:
        return at == 1 or words[at - 2] not in _SAINTS
    return case == Case.TITLE and len(behind) == 1 and behind[0] in _GIVEN_NAMES


def _is_in_passing(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether people wrote the line and only mention a kind of shop, or it is a name."""
    if key.text in _FAMILY_NAMES and words[-1] == key.text and _is_family_name(key, words, case):
        return True
    at, size = _place_of(key, words), len(key.text.split())
    if not _STREETS.isdisjoint(words[at + size : at + size + 1]):
        return True
    if key.slug in _WRITTEN_ABOUT:
        return False
    if case == Case.UPPER:
        return not _WRITTEN_BY_PEOPLE.isdisjoint(words)
    if at > 0 and not _ADDRESSING.isdisjoint(words[:at] + words[at + size :]):
        return True
    kinds = {other.slug for other in found if other.grade == KIND}
    if case == Case.PROSE and len(_unknown(key, found, words)) + len(kinds) > 2:
        return True
    between = [word for word in words[at + size : -1] if len(word) > _LONGEST_ARTICLE]
    return at == 0 and words[-1] in _GIVEN_NAMES and not _NOISE.issuperset(between)


def _place_after(key: Keyword, words: list[str]) -> bool:
    """Whether a city follows the brand, and nothing that makes a sentence."""
    at = _place_of(key, words) + len(key.text.split())
    is_city = words[at : at + 1] and len(words[at]) > 2 and words[at] in _PLACES
    return bool(is_city) and key.text not in _NAMES and _is_no_sentence(key, words)


def _is_no_sentence(key: Keyword, words: list[str]) -> bool:
    return _SENTENCE.isdisjoint(set(words) - set(key.text.split()))


def _number_after(key: Keyword, words: list[str]) -> str:
    """The number of a store right behind its brand, "FIL" or "STORE" in between; "" if none."""
    at = _place_of(key, words) + len(key.text.split())
    while at < len(words) and words[at] in _BRANCHES:
        at += 1
    return words[at] if at < len(words) and words[at] in {_NUMBER, _STORE_NUMBER} else ""


def _brand(found: list[Keyword], words: list[str], is_upper: bool) -> Keyword | None:
    """The name that says most: who delivers, then who is no reseller, then the longest."""
    brands = [keyword for keyword in found if keyword.grade == BRAND]
    brands = brands or [key for key in found if _is_shop(key, words, is_upper)]
    if brands and brands[0].slug == "fuel" and all(key.slug in _SELL_FUEL for key in brands[1:]):
        return brands[0]  # "ESSO TESCO" is the station at the store
    return max(
        brands,
        key=lambda key: (key.slug == "food-delivery", key.slug not in _RESELLERS, len(key.text)),
        default=None,
    )


def _is_shop(key: Keyword, words: list[str], is_upper: bool) -> bool:
    """Whether an ordinary word is the shop of that name: nothing else is left of the line, or it
    is printed as a till does, with the store's number.
    """
    if key.grade not in ORDINARY:
        return False
    # Merchant and description may name the same brand: each word counts once.
    telling = dict.fromkeys(word for word in words if word not in _NOISE and word.isalpha())
    is_alone = telling.keys() <= set(key.text.split())
    is_numbered = _number_after(key, words) == _STORE_NUMBER
    if key.grade == LINE_WORD:
        return is_alone and is_numbered and not _PLACES.isdisjoint(words)
    return is_alone or (is_upper and is_numbered and _is_no_sentence(key, words))


def _category(found: list[Keyword], brand: Keyword | None, is_inflow: bool) -> str:
    kinds = [
        keyword
        for keyword in found
        if keyword.grade == KIND and (is_inflow or keyword.slug not in _INFLOW_ONLY)
    ]
    earned = [keyword.slug for keyword in kinds if keyword.slug in _EARNED]
    if earned:
        return earned[0]
    if brand is not None:
        return _department(found, brand) or brand.slug
    if any(keyword.grade == PEOPLE for keyword in found):
        return "other-income" if is_inflow else ""
    return max(kinds, key=lambda key: len(key.text), default=Keyword("", KIND)).slug


def _department(found: list[Keyword], brand: Keyword) -> str:
    """Which kind of thing a store sold, where the line says so: "COSTCO GAS" is fuel."""
    if any(key.grade == KIND and key.slug == "insurance" for key in found):
        return "insurance"  # also of a clinic or a bank
    if brand.slug not in _STORES:
        return ""
    wanted = _DEPARTMENTS | {"groceries"} if brand.slug != "groceries" else _DEPARTMENTS
    return next(
        (key.slug for key in found if key.grade in {KIND, DEPARTMENT} and key.slug in wanted), ""
    )


def named_in(description: str, *, is_inflow: bool) -> str:
    """The merchant's name in a bank's wording: as the map knows it, or else cleaned up."""
    return recognize(description, is_inflow=is_inflow).merchant or clean_merchant(description)


def clean_merchant(description: str) -> str:
    """A name to show when nothing is known: the bank's prefixes, numbers and legal forms go."""
    text = " ".join(description.split())
    text = text.split(" / ")[0]
    text = _PREFIX.sub("", text)
    text = _SUFFIX.sub("", text).strip(" -*/,.:#")
    if not any(char.isalpha() for char in text):
        return ""
    return (text.title() if text.isupper() else text)[:200]
