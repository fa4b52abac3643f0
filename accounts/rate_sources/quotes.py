"""The quotes that every source yields, and the checks a rate must pass."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

CODE = re.compile(r"[A-Z]{3}", re.ASCII)
# No currency is worth more than this many units of another. Larger values are garbage.
_LARGEST_POWER = 12
_MOST_DIGITS = 20
OLDEST_DAYS = 7


class SourceError(Exception):
    """A source returned no rates. The message is a sentence for staff."""


@dataclass(frozen=True, slots=True)
class Quote:
    """1 `base` = `rate` `quote` on `rate_on`, as the provider reported it."""

    base: str
    quote: str
    rate: Decimal
    rate_on: date


def usable(base: str, code: object, rate: object, rate_on: date) -> Quote | None:
    """The quote, or None if it is not a rate: NaN, zero, negative, no currency code, or absurd."""
    if not isinstance(code, str) or not CODE.fullmatch(code) or code == base:
        return None
    if not isinstance(rate, Decimal) or not rate.is_finite() or rate <= 0:
        return None
    if abs(rate.adjusted()) > _LARGEST_POWER or len(rate.as_tuple().digits) > _MOST_DIGITS:
        return None
    return Quote(base, code, rate, rate_on)


def refuse_old(newest: date, on: date) -> None:
    """Raise SourceError for rates that are too old to use or dated in the future."""
    if newest < on - timedelta(days=OLDEST_DAYS):
        raise SourceError(f"The rates are dated {newest}.")
    if newest > on + timedelta(days=1):
        raise SourceError(f"The rates are dated {newest}, in the future.")
