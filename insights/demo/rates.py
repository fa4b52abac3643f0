"""Invented exchange rates for the demo's years: a small random walk, bank days only."""

import math
import random
from collections.abc import Iterator
from datetime import date, timedelta

from accounts.models import ExchangeRate

SOURCE = "demo"
# Price of one foreign unit in USD, and how far it strays.
MIDDLES = {"EUR": (1.085, 0.045), "GBP": (1.27, 0.05), "JPY": (0.0067, 0.0004)}


def demo_rates(start: date, end: date, currencies: list[str]) -> Iterator[ExchangeRate]:
    """The rates from each of `currencies` into USD on the bank days from `start` to `end`."""
    for currency in currencies:
        middle, reach = MIDDLES[currency]
        walk = random.Random(f"rates {currency}")  # noqa: S311 - invented, not secret
        noise = 0.0
        for days in range((end - start).days + 1):
            day = start + timedelta(days=days)
            noise = noise * 0.95 + walk.uniform(-1, 1) * 0.18
            if day.weekday() >= 5:
                continue
            wave = math.sin(days / 140) * 0.6 + noise * 0.4
            rate = f"{middle + reach * wave:.6f}"
            yield ExchangeRate(base=currency, quote="USD", rate=rate, rate_on=day, source=SOURCE)
