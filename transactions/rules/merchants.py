"""The built-in merchant map: a cleaned-up name and a first category from a bank's wording.

The last resort of categorizing: a person's choice, their rules and the bank's own category all
come before. What is known stands in `merchant_map`. Where nothing is known there is no category: a
wrong one is worse than none.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from transactions.rules import merchant_map
from transactions.rules.evidence import LONGEST_ARTICLE, Case, Writing, has_evidence, refund_words
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
from transactions.rules.line_words import (
    NOISE,
    NUMBER,
    PLACES,
    SITES,
    STORE_NUMBER,
    behind,
    is_no_sentence,
    number_after,
)
from transactions.rules.other_names import DEPARTMENTS, LEADING, STORES

_EARNED = frozenset({
    "salary", "bonus", "self-employment", "interest", "dividends", "pension", "benefits",
    "rental-income",
})  # fmt: skip
_INFLOW_ONLY = _EARNED | {"refunds", "other-income"}
# These often sell other companies' goods, so the other name says more.
_RESELLERS = frozenset({"shopping", "subscriptions"})
_LENT = frozenset({"loan-repayment", "mortgage"})
# Kinds that say where a shop is, as sites do.
_ADDRESSES = frozenset({"post office", "parking lot", "la poste"})
# A kind of thing that a store sold says more than the store.
_SHELVES = DEPARTMENTS | {"home-maintenance", "hobbies", "books", "furnishing", "clothing"}
_SHELVES |= {"electronics", "pets", "children"}
_MALLS = frozenset({"center", "centre", "mall", "outlet"})
_STANDS_AT = SITES | LEADING
_HEADS_BEFORE = frozenset(merchant_map.HEADS_BEFORE.split())
_HEADS_LAST = frozenset(merchant_map.HEADS_LAST.split())
# Chains of filling stations sell these, too: at home or beside the pumps.
_BESIDE_FUEL = frozenset({"electricity", "heating", "utilities", "car-maintenance"})
_ENERGY = frozenset({"energia", "energie", "energi", "energy"})
_SELL_FUEL = frozenset({"fuel", "groceries"})
_YEAR = re.compile(r"(?:19|20)\d\d")
_MEMORY = 10_000
# What tills and processors print and people do not write: "SQ *", "#4711", "T-1234", "apple.com".
_PRINTED = re.compile(r"[*#@]|\w\.(?:com|net|co|de|fr|es|it|nl|eu)\b|\w-\d{3}")
# Apps by which people pay each other, where a shop's till names them: "VIPPS*BAKERIET".
_TILL_APP = re.compile(
    r"^(?:.* )?(?:satispay|vipps|mobilepay|swish|twint|lydia|wero|bizum|blik)\s?\*\s?",
    re.IGNORECASE,
)
# Restaurants' tills of Toast.
_TOAST = re.compile(r"^TST[\s*]+|\bTST\s?\*\s?")
# A question from one person to another: "Lidl? no, Marc owes me".
_ASKED = re.compile(r"[a-z]\? [a-z]")
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
    return _idle_number().sub(STORE_NUMBER, text)


def recognize(text: str, *, is_inflow: bool) -> Recognized:
    """The merchant's name and a category slug for a bank's wording; linear in its length."""
    telling = keyword_numbers()
    is_printed = _PRINTED.search(text) is not None
    starred = 0
    if "?" in text and _ASKED.search(text):
        return Recognized("", "")
    if "TST" in text:
        text = _TOAST.sub("restaurant ", text)
    if is_printed and "*" in text:
        text = _TILL_APP.sub("", text)
        starred = len(words_of(text.partition("*")[0]))
    words = tuple(
        _shown_number(word) if word.isdigit() and word not in telling else word
        for word in words_of(text)
    )
    return _recognized(words, is_inflow, Writing(_case_of(text), is_printed, starred))


def _case_of(text: str) -> Case:
    if text.isupper():
        return Case.UPPER
    is_prose = text[:1].isupper() and any(
        word.islower() and word.isalpha() and len(word) > LONGEST_ARTICLE for word in text.split()
    )
    return Case.PROSE if is_prose else Case.TITLE


def _shown_number(word: str) -> str:
    is_long = len(word) > 2 and not _YEAR.fullmatch(word)
    return STORE_NUMBER if is_long or word[0] == "0" else NUMBER


@lru_cache(maxsize=_MEMORY)
def _recognized(line: tuple[str, ...], is_inflow: bool, writing: Writing) -> Recognized:
    words = list(line)
    found = found_in(words)
    if not found:
        return Recognized("", "")
    found = [key for key in found if has_evidence(key, found, words, writing)]
    brand = _brand(found, words, writing)
    return Recognized(
        brand.name if brand else "", _category(found, brand, words, is_inflow=is_inflow)
    )


def _brand(found: list[Keyword], words: list[str], writing: Writing) -> Keyword | None:
    """The name that says most: who delivers, then who is no reseller, then the longest."""
    brands = [keyword for keyword in found if keyword.grade == BRAND]
    brands = brands or [
        key
        for key in found
        if _is_shop(key, found, words, is_upper=writing.case == Case.UPPER)
        or (key.grade in ORDINARY and words[: writing.starred] == key.text.split())
    ]
    if brands and brands[0].slug == "fuel" and all(key.slug in _SELL_FUEL for key in brands[1:]):
        return brands[0]  # "ESSO TESCO" is the station at the store
    return max(
        brands,
        key=lambda key: (key.slug == "food-delivery", key.slug not in _RESELLERS, len(key.text)),
        default=None,
    )


def _is_shop(key: Keyword, found: list[Keyword], words: list[str], *, is_upper: bool) -> bool:
    """Whether an ordinary word is the shop of that name: nothing else is left of the line but
    "refund", or it is printed as a till does, with the store's number.
    """
    if key.grade not in ORDINARY:
        return False
    # Merchant and description may name the same brand: each word counts once.
    telling = {word for word in words if word not in NOISE and word.isalpha()}
    is_alone = telling - refund_words(found) <= set(key.text.split())
    is_numbered = number_after(key, words) == STORE_NUMBER
    if key.grade == LINE_WORD:
        return is_alone and is_numbered and not PLACES.isdisjoint(words)
    return is_alone or (is_upper and is_numbered and is_no_sentence(key, words))


def _category(
    found: list[Keyword], brand: Keyword | None, words: list[str], *, is_inflow: bool
) -> str:
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
    if len(kinds) == 1:
        return kinds[0].slug
    return max(kinds, key=lambda kind: _weight(kind, words), default=Keyword("", KIND)).slug


def _weight(kind: Keyword, words: list[str]) -> tuple[bool, bool, int]:
    """How much a kind says: the head of a name most ("CAFE DE LA GARE"), then the longest words.

    "Gebühren" alone may be anybody's, and a metro, a school or a hospital may be where a shop is.
    """
    is_anybodys = kind.slug == "bank-fees" and " " not in kind.text
    is_place = _STANDS_AT.issuperset(kind.text.split()) or kind.text in _ADDRESSES
    is_last = kind.text in _HEADS_LAST and words[-1] == kind.text
    is_head = is_last or not _HEADS_BEFORE.isdisjoint(behind(kind, words)[:1])
    return not is_anybodys and not is_place, is_head, len(kind.text)


def _department(found: list[Keyword], brand: Keyword) -> str:
    """Which kind of thing a brand sold, where the line says so: "COSTCO GAS" is fuel."""
    kinds = [key for key in found if key.grade == KIND]
    at = found.index(brand)
    for key in kinds:
        if key.slug == "insurance" or (key.slug in _LENT and brand.slug not in _LENT):
            return key.slug  # also of a clinic or a bank
        if key.slug == "card-payment" and key in found[at:]:
            return key.slug  # before a shop, a card is how it was paid
        if brand.slug == "fuel" and key.slug in _BESIDE_FUEL and key.text not in _ENERGY:
            return key.slug
    if brand.slug not in STORES:
        return ""
    wanted = _SHELVES | {"groceries"} if brand.slug != "groceries" else _SHELVES
    return next(
        (
            key.slug
            for key in found
            if key.grade in {KIND, DEPARTMENT} and key.slug in wanted and not _is_mall(key)
        ),
        "",
    )


def _is_mall(kind: Keyword) -> bool:
    return kind.slug not in DEPARTMENTS and not _MALLS.isdisjoint(kind.text.split())


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
