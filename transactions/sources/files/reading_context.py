"""What we know about an account and its owner before opening a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.core import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol

from transactions.sources.files.notices import Notice, NoticeCode

_MONTH_FIRST_CURRENCIES = frozenset(["USD", "PHP"])
_MONTH_FIRST_REGIONS = frozenset(["US", "PH", "PR", "GU"])
_US_CITIES = frozenset(
    [
        *("New_York", "Chicago", "Denver", "Los_Angeles", "Phoenix", "Detroit", "Anchorage"),
        *("Boise", "Juneau", "Indianapolis", "Louisville", "Honolulu", "Nome", "Menominee"),
        *("Puerto_Rico", "Manila"),
    ]
)

# Banks in Canada write both orders, so living there speaks for neither.
_BOTH_ORDERS_CURRENCIES = frozenset(["CAD"])
_BOTH_ORDERS_REGIONS = frozenset(["CA"])
_BOTH_ORDERS_CITIES = frozenset(
    [
        *("Toronto", "Vancouver", "Montreal", "Edmonton", "Calgary", "Winnipeg", "Halifax"),
        *("Regina", "St_Johns", "Moncton", "Whitehorse", "Yellowknife", "Iqaluit", "Thunder_Bay"),
        *("Canada", "Glace_Bay", "Goose_Bay", "Swift_Current", "Dawson", "Inuvik", "Resolute"),
    ]
)

# Whether the month comes first -> what says so: the account's currency, the owner's region.
_BY_ORDER = {
    True: (NoticeCode.CURRENCY_MONTH_FIRST, NoticeCode.REGION_MONTH_FIRST),
    False: (NoticeCode.CURRENCY_DAY_FIRST, NoticeCode.REGION_DAY_FIRST),
}


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """Evidence about how a file is meant, none of it proof.

    ``locale`` is a BCP 47 tag ("en-US") and ``time_zone`` an IANA name. ``balance`` is the
    account's balance before the import, ``today`` the owner's date. ``earlier`` is the mapping used
    for this account's previous file.
    """

    currency: str = ""
    account_type: str = ""
    locale: str = ""
    time_zone: str = ""
    today: date | None = None
    balance: Decimal | None = None
    earlier: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_card(self) -> bool:
        return self.account_type == "credit_card"

    @property
    def is_known(self) -> bool:
        return bool(self.currency and self.locale and self.time_zone)

    def month_first_votes(self) -> list[bool]:
        """At most one vote each from currency, locale and time zone: True means month before day.

        Canada's have none.
        """
        votes = []
        if self.currency and self.currency not in _BOTH_ORDERS_CURRENCIES:
            votes.append(self.currency in _MONTH_FIRST_CURRENCIES)
        region = self.locale.replace("_", "-").rpartition("-")[2]
        if region and region not in _BOTH_ORDERS_REGIONS:
            votes.append(region in _MONTH_FIRST_REGIONS)
        cities = set(self.time_zone.split("/"))
        if self.time_zone not in ("", "UTC") and not cities & _BOTH_ORDERS_CITIES:
            votes.append(bool(cities & _US_CITIES) or self.time_zone.startswith("US/"))
        return votes

    def why_this_order(self, *, month_first: bool) -> Notice | None:
        """What speaks for this order of day and month; None if nothing does."""
        by_currency, by_region = _BY_ORDER[month_first]
        is_telling = self.currency and self.currency not in _BOTH_ORDERS_CURRENCIES
        if is_telling and (self.currency in _MONTH_FIRST_CURRENCIES) == month_first:
            return Notice(by_currency, {"currency": self.currency})
        return Notice(by_region) if month_first in self.month_first_votes() else None


NOTHING_KNOWN = ReadingContext()


@lru_cache(maxsize=256)
def decimal_mark_of_language(locale: str) -> str:
    """The mark that this BCP 47 tag's language writes before decimals, or "" if unknown."""
    try:
        mark = get_decimal_symbol(Locale.parse(locale, sep="-"))
    except (UnknownLocaleError, ValueError, TypeError):
        return ""
    return mark if mark in (".", ",") else ""
