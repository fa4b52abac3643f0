"""Whether a bank's line means the shop whose word is in it, or a person, an occasion or a thing."""

from enum import Enum

from transactions.matching.words import normalized
from transactions.rules import merchant_map
from transactions.rules.keywords import BRAND, DEPARTMENT, KIND, ORDINARY, Keyword

# Stores that sell more than one kind of thing; a department's word says which.
STORES = frozenset({
    "groceries", "shopping", "household", "electronics", "clothing", "furnishing",
    "home-maintenance",
})  # fmt: skip
DEPARTMENTS = frozenset({
    "fuel", "pharmacy", "doctor", "phone", "insurance", "travel", "restaurants", "coffee",
    "parking", "car-maintenance",
})  # fmt: skip
# Brands of shops sell these too, or stand beside them; they don't make the brand somebody's name.
_CATERING = frozenset({"groceries", "restaurants", "coffee", "food-delivery"})
_ON_THE_WAY = frozenset({"fuel", "parking", "car-maintenance", "taxi", "public-transport"})
_TRAVEL = frozenset({"travel", "hotels", "flights", "public-transport", "taxi", "parking"})
_MEDIA = frozenset({"streaming", "games", "books", "electronics", "events", "internet", "phone"})
_HOME = frozenset({"electricity", "heating", "water", "utilities", "internet", "phone"})
_SOLD_IN_STORES = STORES | DEPARTMENTS | _CATERING | {"hobbies", "pets", "children", "books"}
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
_SUPPLIERS = frozenset({"pets", "hobbies", "shopping", "insurance", "gifts", "travel"})
_SUPPLIES = frozenset({
    "supply", "supplies", "society", "association", "foundation", "guides", "charters",
    "expeditions", "safaris", "safari", "ministries", "congregation",
})  # fmt: skip
_MOST_STRANGE_WORDS = 1
# Before a given name they make a city: "San Jose".
_SAINTS = frozenset({"san", "santa", "santo", "sao", "st", "saint", "sankt", "fort", "port"})
# "Chez Paul", "Da Mario" and "Bei Anna" are names of restaurants.
LONGEST_ARTICLE = 3
# What people write to each other about.
_WRITTEN_ABOUT = frozenset({"rent", "insurance", "electricity", "internet", "loan-repayment"})
# How a line's words show a number that tells nothing: as a store's or till's number may be
# written, or shorter, or a year.
STORE_NUMBER, NUMBER = "000", "0"
PLACES = frozenset(merchant_map.PLACES.split())
NOISE = frozenset(f"{merchant_map.NOISE} {merchant_map.BRANCHES}".split()) | PLACES
_BRANCHES = frozenset(merchant_map.BRANCHES.split())
_SENTENCE = frozenset(merchant_map.SENTENCE.split())
_NAMES = frozenset(merchant_map.NAMES.split())
_TRADES = frozenset(merchant_map.TRADES.split())
_SITES = frozenset(merchant_map.SITES.split())
# "O2 Arena", "Allianz Stadion": what is sold there is not the sponsor's.
_NAMED_AFTER_SPONSORS = frozenset({"arena", "stadium", "stadion", "ballpark", "raceway"})
_TICKETS = frozenset(normalized(text) for text in merchant_map.TICKETS.split(";"))
_JOINING = frozenset(merchant_map.JOINING.split())
_OCCASIONS = frozenset(merchant_map.OCCASIONS.split())
# Whom gifts and rent are for.
_ASKED_FOR = frozenset({"gifts", "rent", "housing", "mortgage"})
_OCCASION_ENDS = tuple(merchant_map.OCCASION_ENDS.split())
_ADDRESSING = frozenset(merchant_map.ADDRESSING.split())
_TRANSFERS = frozenset(merchant_map.TRANSFERS.split())
_STREETS = frozenset(merchant_map.STREETS.split())
_WRITTEN_BY_PEOPLE = frozenset(merchant_map.WRITTEN_BY_PEOPLE.split())
_SAID = NOISE | _TRANSFERS | _ADDRESSING
_COMPANY_WORDS = frozenset(merchant_map.COMPANY_WORDS.split())
_GIVEN_NAMES = frozenset(merchant_map.GIVEN_NAMES.split())
_SURNAMES = frozenset(merchant_map.SURNAMES["of anyone"])
_SHOPKEEPERS = frozenset(merchant_map.SURNAMES["of shopkeepers"])
# "EDEKA Meyer" and "ARAL Schmidt": a chain's shops under the name of whoever runs them.
_FAMILY_RUN = frozenset({"groceries", "fuel", "pharmacy", "car-maintenance", "doctor"})
_FAMILY_NAMES = frozenset(merchant_map.FAMILY_NAMES.split())
_CARD_WORDS = frozenset(merchant_map.CARD_WORDS.split())


class Case(Enum):
    """How a line is written: as tills print, as names are written, or with words in lower case as
    people write.
    """

    UPPER = "upper"
    TITLE = "title"
    PROSE = "prose"


def has_evidence(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether a line means the shop, and not a person, an occasion or a word's other meaning.

    It does where a store's number follows the brand, where it was paid by card, where merchant and
    text both name it, and else unless people wrote the line to each other.
    """
    if key.grade == KIND:
        return not _is_in_passing(key, found, words, case)
    if key.grade == BRAND and (_is_of_another_name(key, found, words) or _is_surnamed(key, words)):
        return False
    if key.grade != BRAND or number_after(key, words) or words.count(key.text) > 1:
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
    if not behind or number_after(key, words) or behind.count(key.text.split()[0]):
        return False
    if behind[0] in _NAMED_AFTER_SPONSORS and key.slug not in _CATERING:
        return True
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
        and other.text not in NOISE  # "SP ZOO" is a legal form
        and other.text not in _TICKETS
        and not _is_site(key, other)
        and not _go_together(key.slug, other.slug)
        for other in others
    )


def _is_surnamed(key: Keyword, words: list[str]) -> bool:
    """Whether the line is the brand's word and a family name, and not a shop of that family's."""
    name = key.text.split()
    if name[0] in _GIVEN_NAMES and name[1:2] != [] and not is_no_sentence(key, words):
        return True  # "FRED MEYER LOAN"
    if words[:-1] != name:
        return False
    return words[-1] in _SURNAMES or (words[-1] in _SHOPKEEPERS and key.slug not in _FAMILY_RUN)


def _is_site(key: Keyword, kind: Keyword) -> bool:
    """Whether the kind may say where a branch is; no shop but a café is in a museum."""
    is_site = not _SITES.isdisjoint(kind.text.split())
    return is_site and (kind.slug != "events" or key.slug in {"coffee", "restaurants", "hotels"})


def _go_together(brand: str, kind: str) -> bool:
    if brand in STORES and kind in _SOLD_IN_STORES:
        return True
    return any({brand, kind} <= sector for sector in _SECTORS)


def _is_meant(key: Keyword, found: list[Keyword], words: list[str], case: Case) -> bool:
    """Whether a word that has other meanings is the brand.

    It is where the line names the kind of shop, where a city follows, or where nothing else is
    said. Capitals, as tills print, count if the line begins with the word, it is nobody's name and
    the others make no sentence with it, nor a longer name without a place.
    """
    same = {key.slug} | (DEPARTMENTS if key.slug in STORES else set())
    kinds = {
        other.slug
        for other in found
        if other.grade in {KIND, DEPARTMENT} and _SITES.isdisjoint(other.text.split())
    }
    if kinds & same:
        return is_no_sentence(key, words)
    left = {word for word in words if word.isalpha()} - NOISE - {key.text}
    if not left or _place_after(key, words):
        return True
    if case != Case.UPPER or kinds or key.text in _NAMES:
        return False
    before = {word for word in words[: _place_of(key, words)] if word.isalpha()} - NOISE
    is_first = all(len(word) <= LONGEST_ARTICLE for word in before)
    # In capitals "ON" may be a word; a state's two letters end a line.
    in_places = [word for word in words if word in PLACES]
    is_placed = any(len(word) >= LONGEST_ARTICLE for word in in_places) or words[-1] in PLACES
    is_name_alone = len(left) <= _MOST_STRANGE_WORDS or is_placed
    return is_first and is_name_alone and is_no_sentence(key, words)


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
    is_occasion = not _OCCASIONS.isdisjoint(rest) or any(map(_ends_in_occasion, rest))
    if is_occasion and key.slug in _ASKED_FOR:
        return False  # "UNICEF Spende", "Vonovia Miete"
    if is_occasion or _is_family_name(key, words, case):
        return True
    if not _COMPANY_WORDS.isdisjoint(rest):
        return False
    unknown = _unknown(key, found, words)
    if not unknown:
        return False
    if not _TRANSFERS.isdisjoint(rest) or (words[0] in rest & _ADDRESSING):
        return True
    is_first = unknown[0] not in words[: _place_of(key, words)]
    if not is_first and not _WRITTEN_BY_PEOPLE.isdisjoint(rest):
        return True
    if case == Case.UPPER:
        is_last = words[-1] == key.text and len(unknown) == 1
        return not is_first and (is_last or not _GIVEN_NAMES.isdisjoint(rest))
    # In lower case "me" and "or" are no states of the US.
    short = [word for word in rest & PLACES if len(word) < LONGEST_ARTICLE]
    is_told = case == Case.PROSE and len(unknown) + len(short) > 1
    return is_told or not is_first or not _ADDRESSING.isdisjoint(rest)


def _ends_in_occasion(word: str) -> bool:
    return word.endswith(_OCCASION_ENDS)


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
    if key.text in _FAMILY_NAMES and (
        (words == [key.text, words[-1]] and words[-1] in _GIVEN_NAMES)
        or (words[-1] == key.text and _is_family_name(key, words, case))
    ):
        return True
    at, size = _place_of(key, words), len(key.text.split())
    if not _STREETS.isdisjoint(words[at + size : at + size + 1]):
        return True
    if key.text in _FAMILY_NAMES and not _TRADES.isdisjoint(words[at + size :]):
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
    between = [word for word in words[at + size : -1] if len(word) > LONGEST_ARTICLE]
    return at == 0 and words[-1] in _GIVEN_NAMES and not NOISE.issuperset(between)


def _place_after(key: Keyword, words: list[str]) -> bool:
    """Whether a city follows the brand, and nothing that makes a sentence."""
    at = _place_of(key, words) + len(key.text.split())
    is_city = words[at : at + 1] and len(words[at]) > 2 and words[at] in PLACES
    return bool(is_city) and key.text not in _NAMES and is_no_sentence(key, words)


def is_no_sentence(key: Keyword, words: list[str]) -> bool:
    return _SENTENCE.isdisjoint(set(words) - set(key.text.split()))


def number_after(key: Keyword, words: list[str]) -> str:
    """The number of a store right behind its brand, "FIL" or "STORE" in between; "" if none."""
    at = _place_of(key, words) + len(key.text.split())
    while at < len(words) and words[at] in _BRANCHES:
        at += 1
    return words[at] if at < len(words) and words[at] in {NUMBER, STORE_NUMBER} else ""
