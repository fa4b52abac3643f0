"""exchangerate-api.com: v6 with a key, and its open service without one (PROTOCOLS.md §3).

Both return all rates of one base currency, once a day. Errors are reported in the body, even with
HTTP 200. The open service requires the words "Rates By Exchange Rate API" with a link wherever its
rates are shown.
"""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.rate_sources.fetching import fetch
from accounts.rate_sources.quotes import Quote, SourceError, refuse_old, usable

BASE = "USD"
_WORD = re.compile(r"[a-z-]{1,40}", re.ASCII)


def fetch_with_key(on: date) -> list[Quote]:
    """Fetch the latest rates with the key in EXCHANGERATE_API_KEY. Raises SourceError."""
    root, key = settings.EXCHANGERATE_BASE_URL.rstrip("/"), settings.EXCHANGERATE_API_KEY
    return read(fetch(f"{root}/v6/{key}/latest/{BASE}"), "conversion_rates", on)


def fetch_open(on: date) -> list[Quote]:
    """Fetch the latest rates from the open service. Raises SourceError."""
    root = settings.OPEN_ER_API_BASE_URL.rstrip("/")
    return read(fetch(f"{root}/v6/latest/{BASE}"), "rates", on)


def read(body: bytes, rates_key: str, on: date) -> list[Quote]:
    """Return the usable quotes in a response. `on` is today. Raises SourceError if there
    are none.
    """
    answer = _parse(body)
    if answer.get("result") != "success":
        word = str(answer.get("error-type", ""))
        raise SourceError(
            f"The request was refused: {word}."
            if _WORD.fullmatch(word)
            else "The response reports a failure."
        )
    if answer.get("base_code") != BASE:
        raise SourceError(f"The rates aren't for {BASE}.")
    rate_on = _day(answer.get("time_last_update_unix"))
    refuse_old(rate_on, on)
    rates = answer.get(rates_key)
    pairs = rates.items() if isinstance(rates, dict) else ()
    quotes = [usable(BASE, code, rate, rate_on) for code, rate in pairs]
    if not any(quotes):
        raise SourceError("The response contains no rates.")
    return [quote for quote in quotes if quote]


def _parse(body: bytes) -> dict[str, Any]:
    try:
        # Parse whole numbers as Decimal too: int() takes minutes for a million digits.
        answer = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise SourceError("The response isn't valid JSON.")
    return answer


def _day(seconds: Any) -> date:
    """The UTC date of a Unix timestamp."""
    if isinstance(seconds, Decimal) and 0 < seconds < Decimal("1e11"):
        return datetime.fromtimestamp(int(seconds), UTC).date()
    raise SourceError("The response has no date.")
