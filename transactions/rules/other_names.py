"""Whether a brand's or a kind's word begins the name of some other business, or a thing's."""

from transactions.matching.words import normalized
from transactions.rules import merchant_map
from transactions.rules.keywords import KIND, Keyword
from transactions.rules.line_words import (
    MOST_STRANGE_WORDS,
    NOISE,
    PLACES,
    SITES,
    STREETS,
    behind,
    is_no_sentence,
    number_after,
    place_of,
    unknown_words,
)

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
_SOLD_IN_STORES = STORES | DEPARTMENTS | _CATERING | {"hobbies", "books"}
_SECTORS = (
    _CATERING,
    frozenset({"fuel", "groceries", "coffee"}),
    _ON_THE_WAY | {"travel"},
    _TRAVEL,
    _MEDIA | {"hobbies"},
    _HOME,
    frozenset({"pharmacy", "doctor"}),
)
_IN_HOUSES = frozenset({"coffee", "restaurants", "hotels"})
_WITHOUT_PARKING = _HOME | {"coffee", "restaurants", "insurance"}
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
# Chains that have banks and cards.
_LEND = STORES | {"fuel", "car-maintenance", "events"}
GIVEN_NAMES = frozenset(merchant_map.GIVEN_NAMES.split())
_SURNAMES = frozenset(merchant_map.SURNAMES["of anyone"])
_SHOPKEEPERS = frozenset(merchant_map.SURNAMES["of shopkeepers"])
# "EDEKA Meyer" and "ARAL Schmidt": a chain's shops under the name of whoever runs them.
_FAMILY_RUN = frozenset({"groceries", "fuel", "pharmacy", "car-maintenance", "doctor"})
TRADES = frozenset(merchant_map.TRADES.split())
_OTHER_TRADES = TRADES - _SUPPLIES
# "O2 Arena", "Allianz Stadion": what is sold there is not the sponsor's.
_NAMED_AFTER_SPONSORS = frozenset(
    {"arena", "dome", "stadium", "stadion", "ballpark", "raceway", "coliseum", "velodrome"}
)
_TICKETS = frozenset(normalized(text) for text in merchant_map.TICKETS.split(";"))
_JOINING = frozenset(merchant_map.JOINING.split())
_LAST_TRADES = frozenset(merchant_map.LAST_TRADES.split())
_CORPORATE = frozenset(merchant_map.CORPORATE.split())
_LEGAL_FORMS = frozenset({"inc", "llc", "corp", "gmbh", "llp", "pllc"})
_SHOPS = frozenset({"shop", "store", "boutique", "laden", "tienda", "magasin"})
_NO_SHOPS = frozenset(merchant_map.THINGS.split()) | TRADES
_BANKS = frozenset(merchant_map.BANKS.split())
# Before a name, where English and German lines have "Bank" of something else.
_BANKS_BEFORE = frozenset({"banque", "banco", "banca"})
_BANK_DISTANCE = 2
_ADDRESSES = STREETS | PLACES
# What they lead is the business; alone, or before no name, "ELECTRIC" is a supplier.
_ADJECTIVES = frozenset({"electric"})
LEADING = frozenset(merchant_map.LEADING.split())
_FLORISTS = frozenset(merchant_map.FLORISTS.split())


def is_of_another_name(key: Keyword, found: list[Keyword], words: list[str]) -> bool:
    """Whether the brand's words begin the name of some other business.

    It is where a trade or a kind of business follows that the brand has nothing to do with, where
    "and" or "of" joins it to words nobody knows, where many such words follow a brand that has no
    shops, and where it is the chain's bank.
    """
    rest = behind(key, words)
    if _is_bank_of(key, words, rest):
        return True
    if not rest or number_after(key, words) or rest.count(key.text.split()[0]):
        return False
    if rest[0] in STREETS or not _NAMED_AFTER_SPONSORS.isdisjoint(rest[:2]):
        return True
    unknown = [word for word in unknown_words(key, found, words) if word in rest]
    trades = _OTHER_TRADES if key.slug in _SUPPLIERS else TRADES
    if not trades.isdisjoint(unknown) or (rest[0] in _JOINING and rest[1:2] == unknown[:1] != []):
        return True
    strange = sum(len(word) > 1 for word in unknown)
    if key.slug in _ONLINE and (
        strange > MOST_STRANGE_WORDS or (strange and not _SHOPS.isdisjoint(rest))
    ):
        return True  # "BOLT SKATE SHOP"
    if _is_a_company(unknown, rest) or _LAST_TRADES.intersection(rest[-1:]):
        return True
    said = " ".join(rest)
    others = [other for other in found if other.grade == KIND and other.text in said]
    return any(_is_other_business(key, other) for other in others)


def _is_a_company(unknown: list[str], rest: list[str]) -> bool:
    """Whether a legal form follows words that no chain's company has: "SUBWAY PAVERS INC"."""
    has_form = not _LEGAL_FORMS.isdisjoint(rest[-1:])
    return has_form and not _CORPORATE.issuperset(unknown)


def _is_other_business(key: Keyword, kind: Keyword) -> bool:
    is_business = kind.slug in _BUSINESSES or not _FLORISTS.isdisjoint(kind.text.split())
    is_business = is_business or (kind.slug == "parking" and key.slug in _WITHOUT_PARKING)
    return (
        is_business
        and kind.slug != key.slug
        and kind.text not in NOISE  # "SP ZOO" is a legal form
        and kind.text not in _TICKETS
        and not _is_site(key, kind)
        and not _go_together(key.slug, kind.slug)
    )


def _is_bank_of(key: Keyword, words: list[str], rest: list[str]) -> bool:
    """Whether the brand is a chain's and the line is about that chain's bank, not a bank street."""
    if key.slug not in _LEND:
        return False
    for distance, word in enumerate(rest[:_BANK_DISTANCE], start=1):
        if word in _BANKS:
            return rest[distance : distance + 1] == [] or rest[distance] not in _ADDRESSES
        if not word.isalpha():
            return False
    return not _BANKS_BEFORE.isdisjoint(words[: place_of(key, words)][-1:])


def is_of_another_thing(key: Keyword, found: list[Keyword], words: list[str]) -> bool:
    """Whether the word of a kind of business only begins a name: "PIZZA OVENS", "BANQUE CASINO"."""
    rest = behind(key, words)
    before = words[: place_of(key, words)]
    if not STREETS.isdisjoint(rest[:1]):
        return True  # "HOSPITAL ROAD"
    if key.slug in _BUSINESSES and (
        not _NO_SHOPS.isdisjoint(rest[:1]) or not _BANKS_BEFORE.isdisjoint(before[-1:])
    ):
        return True
    if key.text not in LEADING:
        return False
    unknown = unknown_words(key, found, words)
    if key.text in _ADJECTIVES:
        return not set(unknown).isdisjoint(rest)
    is_first = NOISE.issuperset(before) and rest[:1] == unknown[:1] != []
    return is_first and len(unknown) > MOST_STRANGE_WORDS


def is_surnamed(key: Keyword, words: list[str]) -> bool:
    """Whether the line is the brand's word and a family name, and not a shop of that family's."""
    name = key.text.split()
    if name[0] in GIVEN_NAMES and name[1:2] != [] and not is_no_sentence(key, words):
        return True  # "FRED MEYER LOAN"
    if words[:-1] != name:
        return False
    return words[-1] in _SURNAMES or (words[-1] in _SHOPKEEPERS and key.slug not in _FAMILY_RUN)


def _is_site(key: Keyword, kind: Keyword) -> bool:
    """Whether the kind may say where a branch is; no shop but a café is in a museum or hotel."""
    is_site = SITES.issuperset(kind.text.split())
    return is_site and (kind.slug not in {"events", "hotels"} or key.slug in _IN_HOUSES)


def _go_together(brand: str, kind: str) -> bool:
    if brand in STORES and kind in _SOLD_IN_STORES:
        return True
    if kind == "fuel" and brand in _CATERING:
        return True  # "SUBWAY TANKSTELLE", but an "ESSO RESTAURANT" is a restaurant
    return any({brand, kind} <= sector for sector in _SECTORS)
