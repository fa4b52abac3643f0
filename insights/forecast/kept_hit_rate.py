"""Caches the hit rate per day and state of the books.

The key contains every input: user, accounts, day, horizon and currency; the rates on the days the
forecasts were made; and the state of the books (insights/figures/books.py). Without a cache, the
hit rate is computed each time.
"""

from dataclasses import asdict
from datetime import date
from hashlib import sha256

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.exchange import RateTable
from banking.kernel.read_together import read_together
from banking.limits import HIT_RATE_SECONDS
from insights.figures.books import asking_events, last_events
from insights.figures.coverage import Coverage
from insights.forecast.forecast_ledger import BILLED_IN
from insights.forecast.hit_rate import HitRate, origins_for

# Increase this when the calculation changes, so that values cached by older releases are ignored.
_RULES = 6


def kept(key: str) -> list[HitRate | None]:
    """The value cached under this key, in a list; an empty list if there is none."""
    try:
        facts = cache.get(key)
    except (RedisError, OSError):
        facts = None
    if facts is None:
        return []
    return [HitRate(**facts) if facts else None]


def keep(key: str, found: HitRate | None) -> None:
    """Cache the value for a day."""
    try:
        cache.set(key, asdict(found) if found else {}, HIT_RATE_SECONDS)
    except (RedisError, OSError):
        return


def key_of(coverage: Coverage, *, on: date, days: int, currency: str) -> str:
    """A key that changes whenever any input of that day's hit rate changes."""
    stored = [
        _RULES,
        *(coverage.user.pk, coverage.user.timezone, coverage.account_ids),
        *(on, days, currency, _rates(coverage, currency, on), last_events(coverage)),
    ]
    return f"hit-rate:{sha256(repr(stored).encode()).hexdigest()}"


def _rates(coverage: Coverage, currency: str, on: date) -> list[str]:
    billed = BILLED_IN.rows(coverage.user.pk)
    currencies = {account.currency for account in coverage.accounts} | set(billed)
    origins = origins_for(on)
    # Today's too, which the forecast needs.
    dates = [*origins, on]
    read_together(RateTable.asking(currencies, currency, dates), asking_events(coverage))
    table = RateTable.for_dates(currencies, currency, dates)
    rates = [table.rate(code, origin) for code in sorted(currencies) for origin in origins]
    return [str(rate and rate.rate) for rate in rates]
