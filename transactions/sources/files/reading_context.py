"""What is known of an account and its owner before one of its files is opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

_MONTH_FIRST_CURRENCIES = frozenset(["USD", "PHP"])
_MONTH_FIRST_REGIONS = frozenset(["US", "PH", "PR", "GU"])
_US_CITIES = frozenset(
    [
        *("New_York", "Chicago", "Denver", "Los_Angeles", "Phoenix", "Detroit", "Anchorage"),
        *("Boise", "Juneau", "Indianapolis", "Louisville", "Honolulu", "Nome", "Menominee"),
        *("Puerto_Rico", "Manila"),
    ]
)


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """Plain values offered as evidence on how a file is meant; none of them is proof.

    ``locale`` is a BCP 47 tag ("en-US"), ``time_zone`` an IANA name. ``balance`` is what the
    account holds before the file, ``today`` the owner's day. ``earlier`` is the mapping that this
    account's last file was read by.
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
        """What currency, locale and time zone say each: whether the month comes before the day."""
        votes = []
        if self.currency:
            votes.append(self.currency in _MONTH_FIRST_CURRENCIES)
        if region := self.locale.replace("_", "-").rpartition("-")[2]:
            votes.append(region in _MONTH_FIRST_REGIONS)
        if self.time_zone and self.time_zone != "UTC":
            cities = set(self.time_zone.split("/"))
            votes.append(bool(cities & _US_CITIES) or self.time_zone.startswith("US/"))
        return votes


NOTHING_KNOWN = ReadingContext()
