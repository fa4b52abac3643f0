"""Convert between currencies with stored rates only.

The rate for a date is the one stored for that date, or the latest from the seven days before. A
pair can be quoted directly, inversely, or through a base currency that quotes both. If none of
these is known, a quote currency that both sides share is used. Without any such rate the amount is
not converted: there is no 1:1 fallback and no network request.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from accounts.models import ExchangeRate
from banking.kernel.snapshot import read_before
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import RATE_AGE_DAYS

# {(base, quote): [(date, rate, source)]}, oldest first
Quotes = dict[tuple[str, str], list[tuple[date, Decimal, str]]]
StoredRate = tuple[str, str, str, date, str]
_STORED = ("base", "quote", "rate", "rate_on", "source")


class RateMissing(LookupError):  # noqa: N818 - it names the fact, as the docs do
    """No rate of the last seven days connects the two currencies."""

    def __init__(self, from_currency: str, to: str, on: date) -> None:
        super().__init__(f"No exchange rate from {from_currency} to {to} is available for {on}.")
        self.from_currency, self.to, self.on = from_currency, to, on


@dataclass(frozen=True, slots=True)
class Rate:
    """One `from_currency` = `rate` `to`, with the rate's date (None if both currencies are the
    same).
    """

    from_currency: str
    to: str
    rate: Decimal
    rate_on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The unrounded amount in the target currency, with the rate used."""

    amount: Decimal
    currency: str
    rate: Rate


def convert(amount: Decimal, from_currency: str, to: str, on: date) -> Converted:
    """Convert `amount` into `to` at the rate of `on`. Raises RateMissing."""
    converted = RateTable.for_dates({from_currency}, to, [on]).convert(amount, from_currency, on)
    if converted is None:
        raise RateMissing(from_currency, to, on)
    return converted


_RATES: WrittenOnce[StoredRate] = WrittenOnce(
    lambda quotes, first, last: (
        ExchangeRate.objects.filter(quote__in=quotes, rate_on__gte=first, rate_on__lte=last)
        .order_by()
        .values_list(*_STORED)
    )
)


def _asking(quotes: Set[str], days: Set[date]) -> Asked:
    return _RATES.asking(quotes, min(days) - timedelta(days=RATE_AGE_DAYS), max(days))


class RateTable:
    """Rates from several currencies into one, for many dates, loaded with one query.

    The first pair that is missing triggers one more query, for all tables loaded together.
    """

    def __init__(
        self, to: str, rows: Iterable[StoredRate], further: "_CommonQuotes | None" = None
    ) -> None:
        self.to = to
        self._stored = _stored_rates(to, tuple(rows))
        self._further = further
        self._found: dict[tuple[str, date], Rate | None] = {}

    @classmethod
    def for_dates(cls, currencies: Iterable[str], to: str, dates: Iterable[date]) -> "RateTable":
        """Load the rates to convert `currencies` into `to` on any of `dates`. Runs no query if
        there is nothing to convert.
        """
        return cls.for_targets({to: currencies}, dates)[to]

    @classmethod
    def for_targets(
        cls, wanted: Mapping[str, Iterable[str]], dates: Iterable[date]
    ) -> dict[str, "RateTable"]:
        """Load one table for each {target: currencies to convert into it}, with one query
        for all.
        """
        needed = {to: set(currencies) | {to} for to, currencies in wanted.items()}
        quotes = {quote for group in needed.values() if len(group) > 1 for quote in group}
        days = set(dates)
        if not quotes or not days:
            return {to: cls(to, []) for to in needed}
        kept = read_before("exchange rates")
        # The latest are those of the most days.
        for known, before in reversed(kept):
            if all(known.get(to, set()) >= group for to, group in needed.items()) and (
                before.takes_in(days)
            ):
                return {to: before.tables[to] for to in needed}
        # Direct, inverse and common-base rates all have both currencies among these quotes.
        rows = _asking(quotes, days).rows()
        further = _CommonQuotes(needed, days)
        further.tables = {
            to: cls(to, [row for row in rows if row[1] in group] if len(group) > 1 else [], further)
            for to, group in needed.items()
        }
        kept.append((needed, further))
        return further.tables

    @classmethod
    def asking(cls, currencies: Iterable[str], to: str, dates: Iterable[date]) -> Asked | None:
        """The rows that `for_dates` reads; None if there is nothing to convert."""
        quotes, days = {*currencies, to}, set(dates)
        return _asking(quotes, days) if len(quotes) > 1 and days else None

    def rate(self, from_currency: str, on: date) -> Rate | None:
        """The most recent usable rate on that date, or None."""
        key = (from_currency, on)
        if key not in self._found:
            self._found[key] = self._find(from_currency, on)
        return self._found[key]

    def convert(self, amount: Decimal, from_currency: str, on: date) -> Converted | None:
        """The unrounded amount in this table's currency, or None without a rate."""
        rate = self.rate(from_currency, on)
        return Converted(amount * rate.rate, self.to, rate) if rate else None

    def _find(self, from_currency: str, on: date) -> Rate | None:
        if from_currency == self.to:
            return Rate(from_currency, self.to, Decimal(1), None, "")
        found = self.find_without_common_quote(from_currency, on)
        if found is None and self._further is not None:
            found = self._across_quote(self._further.quotes(), from_currency, on)
        return found

    def find_without_common_quote(self, from_currency: str, on: date) -> Rate | None:
        return self._stored.find(from_currency, on)

    def _across_quote(self, quotes: Quotes, from_currency: str, on: date) -> Rate | None:
        """The cross rate through the shared quote with the most recent rates: from→quote divided by
        to→quote.
        """
        common = sorted(quote for base, quote in quotes if base == from_currency)
        return _youngest(
            *(
                _crossed(
                    (from_currency, self.to),
                    _latest_of(quotes.get((from_currency, quote)), on),
                    _latest_of(quotes.get((self.to, quote)), on),
                )
                for quote in common
            )
        )


class _StoredRates:
    """What stored rows alone say about rates into one currency."""

    def __init__(self, to: str, rows: Iterable[StoredRate]) -> None:
        self.to = to
        self._quotes = _by_pair(rows)
        self._found: dict[tuple[str, date], Rate | None] = {}
        self._bases: dict[str, list[str]] = {}

    def find(self, from_currency: str, on: date) -> Rate | None:
        """The most recent rate. On ties: direct first, then inverse, then cross rates by currency
        code.
        """
        key = (from_currency, on)
        if key not in self._found:
            self._found[key] = self._find(from_currency, on)
        return self._found[key]

    def _find(self, from_currency: str, on: date) -> Rate | None:
        return _youngest(
            self._direct(from_currency, on),
            self._inverse(from_currency, on),
            *(self._across(base, from_currency, on) for base in self._common_bases(from_currency)),
        )

    def _direct(self, from_currency: str, on: date) -> Rate | None:
        quote = self._latest(from_currency, self.to, on)
        return quote and Rate(from_currency, self.to, quote[1], quote[0], quote[2])

    def _inverse(self, from_currency: str, on: date) -> Rate | None:
        quote = self._latest(self.to, from_currency, on)
        return quote and Rate(from_currency, self.to, 1 / quote[1], quote[0], quote[2])

    def _across(self, base: str, from_currency: str, on: date) -> Rate | None:
        """The cross rate through a base: base→to divided by base→from."""
        ours, theirs = self._latest(base, from_currency, on), self._latest(base, self.to, on)
        return _crossed((from_currency, self.to), theirs, ours)

    def _common_bases(self, from_currency: str) -> list[str]:
        """The bases that quote both currencies, by code."""
        if from_currency not in self._bases:
            quoting = {base for base, quote in self._quotes if quote == from_currency}
            quoting &= {base for base, quote in self._quotes if quote == self.to}
            self._bases[from_currency] = sorted(quoting)
        return self._bases[from_currency]

    def _latest(self, base: str, quote: str, on: date) -> tuple[date, Decimal, str] | None:
        return _latest_of(self._quotes.get((base, quote)), on)


# More rows than this, of several years, are not kept: they would take too much memory.
_MOST_KEPT = 2000


def _stored_rates(to: str, rows: tuple[StoredRate, ...]) -> _StoredRates:
    return _kept_rates(to, rows) if len(rows) <= _MOST_KEPT else _StoredRates(to, rows)


# The rates of the last months are the same at every request, until another is stored.
@lru_cache(maxsize=8)
def _kept_rates(to: str, rows: tuple[StoredRate, ...]) -> _StoredRates:
    return _StoredRates(to, rows)


class _CommonQuotes:
    """The quotes that several currencies share. Loaded once, when a rate is missing without them.

    Only these currencies and dates are loaded, because a provider's base quotes 160 others.
    """

    def __init__(self, needed: Mapping[str, Iterable[str]], days: Iterable[date]) -> None:
        self._needed, self._days = needed, set(days)
        self.tables: dict[str, RateTable] = {}
        self._quotes: Quotes | None = None

    def takes_in(self, days: Set[date]) -> bool:
        """Let the tables be asked for these days too, if their rates have been read: those from the
        first day to the last have.
        """
        if min(days) < min(self._days) or max(days) > max(self._days):
            return False
        if not self._days.issuperset(days):
            self._days |= days
            self._quotes = None
        return True

    def quotes(self) -> Quotes:
        if self._quotes is None:
            self._quotes = _by_pair(self._load())
        return self._quotes

    def _load(self) -> Iterable[StoredRate]:
        missing = [
            (code, to, day)
            for to, table in self.tables.items()
            for code in self._needed[to]
            for day in self._days
            if code != to and table.find_without_common_quote(code, day) is None
        ]
        ages = range(RATE_AGE_DAYS + 1)
        days = {day - timedelta(days=age) for day in {day for _, _, day in missing} for age in ages}
        rates = ExchangeRate.objects.order_by().filter(rate_on__in=days)
        theirs = rates.filter(base__in={code for code, _, _ in missing}).values("quote")
        bases = {code for pair in missing for code in pair[:2]}
        return rates.filter(base__in=bases, quote__in=theirs).values_list(*_STORED)


def _crossed(pair: tuple[str, str], over: tuple | None, under: tuple | None) -> Rate | None:
    """Divide one leg by the other. The result has the date of the older leg."""
    if over is None or under is None:
        return None
    source = " × ".join(dict.fromkeys([under[2], over[2]]))
    return Rate(*pair, over[1] / under[1], min(over[0], under[0]), source)


def _by_pair(rows: Iterable[StoredRate]) -> Quotes:
    found: Quotes = {}
    for base, quote, text, rate_on, source in rows:
        rate = _usable(text)
        if rate is not None and base != quote:
            found.setdefault((base, quote), []).append((rate_on, rate, source))
    for quotes in found.values():
        quotes.sort()
    return found


def _latest_of(
    quotes: list[tuple[date, Decimal, str]] | None, on: date
) -> tuple[date, Decimal, str] | None:
    quotes = quotes or []
    position = bisect_right(quotes, on, key=lambda row: row[0])
    if position == 0:
        return None
    latest = quotes[position - 1]
    return latest if (on - latest[0]).days <= RATE_AGE_DAYS else None


def _youngest(*rates: Rate | None) -> Rate | None:
    """The most recent of the known rates; on ties the first."""
    known = [rate for rate in rates if rate is not None]
    return max(known, key=lambda rate: rate.rate_on or date.min, default=None)


def _usable(text: str) -> Decimal | None:
    """A stored rate as a positive number. Anything else counts as missing."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 else None
