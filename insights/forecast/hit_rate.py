"""Forecast accuracy: repeat the forecast at the start of each recent month with the data known
then, and compare it with the actual balances.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from banking.kernel.money import Units, from_units
from banking.kernel.narrowing import sure
from banking.kernel.periods import add_months, first_of_month
from insights.forecast.forecast import Forecast, forecast_at
from insights.forecast.forecast_band import Point, worth
from insights.forecast.forecast_ledger import Ledger

MONTHS = 6


@dataclass(frozen=True, slots=True)
class HitRate:
    """On `inside` of `days` compared days, the balance was within the band.

    `mean_error` is the average distance from the expected line; `origins` are the days before the
    first day of each forecast.
    """

    origins: tuple[date, ...]
    days: int
    inside: int
    mean_error: Decimal

    @property
    def percent(self) -> Decimal:
        return Decimal(self.inside * 100) / self.days


def origins_for(on: date) -> list[date]:
    """The last days of the six months before the current one: each forecast begins with a month."""
    months = [add_months(first_of_month(on), -back) for back in range(MONTHS)]
    return [month - timedelta(days=1) for month in reversed(months)]


def hit_rate(ledger: Ledger, days: int) -> HitRate | None:
    """The forecasts of the last six months against the days up to yesterday; None if there are
    none.

    Each uses the rates of the day it was made on: the forecast does not predict exchange rates.
    """
    forecasts = [forecast_at(ledger, origin, days) for origin in origins_for(ledger.on)]
    count = inside = 0
    error = Decimal(0)
    origins = []
    for forecast in forecasts:
        pairs = compared(ledger, forecast)
        if pairs:
            origins.append(forecast.on)
        for point, actual in pairs:
            count += 1
            inside += point.low <= actual <= point.high
            error += abs(point.expected - actual)
    if not count:
        return None
    return HitRate(tuple(origins), count, inside, error / count)


def compared(ledger: Ledger, forecast: Forecast) -> list[tuple[Point, Decimal]]:
    """(point, actual balance) of the days that are over."""
    past = [point for point in forecast.points if point.on < ledger.on]
    held = {
        account.pk: ledger.balance_on(account, forecast.on.toordinal())
        for account in forecast.accounts
    }
    pairs = []
    for point in past:
        total = 0
        for account in forecast.accounts:
            moved = ledger.daily.get(account.pk, {}).get(point.on.toordinal(), 0)
            held[account.pk] = Units(held[account.pk] + moved)
            total += worth(held[account.pk], sure(ledger.rate(account, forecast.on)))
        pairs.append((point, from_units(Units(total))))
    return pairs
