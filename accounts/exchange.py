"""Converting between currencies with the rates we have stored, and never with a guess.

The rate of a date is the one stored for it, or the last within the seven days before. A pair is
quoted directly, the other way round, or across a currency both are quoted in. Two different
currencies without such a rate do not convert: nothing is ever 1:1, nothing asks the network.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from accounts.models import ExchangeRate

LONGEST_AGE_DAYS = 7


class RateMissing(LookupError):  # noqa: N818 - it names the fact, as the docs do
    """No rate of the last seven days connects the two currencies."""

    def __init__(self, from_currency: str, to: str, on: date) -> None:
        super().__init__(f"There is no rate from {from_currency} to {to} for {on}.")
        self.from_currency, self.to, self.on = from_currency, to, on


@dataclass(frozen=True, slots=True)
class Rate:
    """One `from_currency` = `rate` `to`; the day it is of (None for a currency and itself)."""

    from_currency: str
    to: str
    rate: Decimal
    rate_on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount in the currency asked for, unrounded, with the rate that made it."""

    amount: Decimal
    currency: str
    rate: Rate


def convert(amount: Decimal, from_currency: str, to: str, on: date) -> Converted:
    """`amount` in `to`, at the rate of `on`. Raises RateMissing."""
    converted = RateTable.for_dates({from_currency}, to, [on]).convert(amount, from_currency, on)
    if converted is None:
        raise RateMissing(from_currency, to, on)
    return converted


class RateTable:
    """The rates from several currencies into one, for many dates, loaded by one query."""

    def __init__(self, to: str, rows: Iterable[tuple[str, str, str, date, str]]) -> None:
        self.to = to
        self._quotes: dict[tuple[str, str], list[tuple[date, Decimal, str]]] = {}
        for base, quote, text, rate_on, source in rows:
            rate = _usable(text)
            if rate is not None and base != quote:
                self._quotes.setdefault((base, quote), []).append((rate_on, rate, source))
        for quotes in self._quotes.values():
            quotes.sort()
        self._found: dict[tuple[str, date], Rate | None] = {}

    @classmethod
    def for_dates(cls, currencies: Iterable[str], to: str, dates: Iterable[date]) -> "RateTable":
        """What converting `currencies` into `to` on any of `dates` needs; no query for nothing."""
        return cls.for_targets({to: currencies}, dates)[to]

    @classmethod
    def for_targets(
        cls, wanted: Mapping[str, Iterable[str]], dates: Iterable[date]
    ) -> dict[str, "RateTable"]:
        """A table for each {target: currencies to convert into it}, all by one query."""
        needed = {to: set(currencies) | {to} for to, currencies in wanted.items()}
        quotes = {quote for group in needed.values() if len(group) > 1 for quote in group}
        days = set(dates)
        if not quotes or not days:
            return {to: cls(to, []) for to in needed}
        # Direct, inverse and across a common base: in each case both quotes are among these.
        rows = list(
            ExchangeRate.objects.filter(
                quote__in=quotes,
                rate_on__gte=min(days) - timedelta(days=LONGEST_AGE_DAYS),
                rate_on__lte=max(days),
            )
            .order_by()
            .values_list("base", "quote", "rate", "rate_on", "source")
        )
        return {
            to: cls(to, [row for row in rows if row[1] in group] if len(group) > 1 else [])
            for to, group in needed.items()
        }

    def rate(self, from_currency: str, on: date) -> Rate | None:
        """The youngest usable rate on that date; None where there is none."""
        key = (from_currency, on)
        if key not in self._found:
            self._found[key] = self._find(from_currency, on)
        return self._found[key]

    def convert(self, amount: Decimal, from_currency: str, on: date) -> Converted | None:
        """`amount` in this table's currency, unrounded; None where no rate is known."""
        rate = self.rate(from_currency, on)
        return Converted(amount * rate.rate, self.to, rate) if rate else None

    def _find(self, from_currency: str, on: date) -> Rate | None:
        if from_currency == self.to:
            return Rate(from_currency, self.to, Decimal(1), None, "")
        # Of equal age the direct quote comes first, then the inverse, then a cross by its name.
        candidates = [
            self._direct(from_currency, on),
            self._inverse(from_currency, on),
            *(self._across(base, from_currency, on) for base in self._common_bases(from_currency)),
        ]
        known = [rate for rate in candidates if rate is not None]
        return max(known, key=lambda rate: rate.rate_on, default=None)

    def _direct(self, from_currency: str, on: date) -> Rate | None:
        quote = self._latest(from_currency, self.to, on)
        return quote and Rate(from_currency, self.to, quote[1], quote[0], quote[2])

    def _inverse(self, from_currency: str, on: date) -> Rate | None:
        quote = self._latest(self.to, from_currency, on)
        return quote and Rate(from_currency, self.to, 1 / quote[1], quote[0], quote[2])

    def _across(self, base: str, from_currency: str, on: date) -> Rate | None:
        """base→to over base→from; as old as the older of the two."""
        ours, theirs = self._latest(base, from_currency, on), self._latest(base, self.to, on)
        if ours is None or theirs is None:
            return None
        source = " × ".join(dict.fromkeys([ours[2], theirs[2]]))
        rate_on = min(ours[0], theirs[0])
        return Rate(from_currency, self.to, theirs[1] / ours[1], rate_on, source)

    def _common_bases(self, from_currency: str) -> list[str]:
        quoting = {quote: set() for quote in (from_currency, self.to)}
        for base, quote in self._quotes:
            if quote in quoting:
                quoting[quote].add(base)
        return sorted(quoting[from_currency] & quoting[self.to])

    def _latest(self, base: str, quote: str, on: date) -> tuple[date, Decimal, str] | None:
        quotes = self._quotes.get((base, quote), [])
        position = bisect_right(quotes, on, key=lambda row: row[0])
        if position == 0:
            return None
        latest = quotes[position - 1]
        return latest if (on - latest[0]).days <= LONGEST_AGE_DAYS else None


def _usable(text: str) -> Decimal | None:
    """A stored rate as a number above zero; anything else is as good as absent."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 else None
