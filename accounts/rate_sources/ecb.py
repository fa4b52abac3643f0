"""The European Central Bank's reference rates: 1 EUR = rate, on working days (PROTOCOLS.md §3).

The set of currencies may change from day to day within one file. A missing currency is not an
error.
"""

from datetime import date
from decimal import Decimal, InvalidOperation

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from django.conf import settings

from accounts.rate_sources.fetching import fetch
from accounts.rate_sources.quotes import Quote, SourceError, refuse_old, usable

BASE = "EUR"
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


def fetch_daily(on: date) -> list[Quote]:
    """Fetch the rates of the last working day. Raises SourceError."""
    return read(fetch(_address("eurofxref-daily.xml")), on)


def fetch_90_days(on: date) -> list[Quote]:
    """Fetch the rates of the working days in the last 90 days. Raises SourceError."""
    return read(fetch(_address("eurofxref-hist-90d.xml")), on)


def _address(name: str) -> str:
    return f"{settings.ECB_BASE_URL.rstrip('/')}/stats/eurofxref/{name}"


def read(body: bytes, on: date) -> list[Quote]:
    """Return the usable quotes in a file that covers any number of days. `on` is today. Raises
    SourceError.
    """
    try:
        days = [cube for cube in fromstring(body).iter(_CUBE) if "time" in cube.attrib]
    except (ParseError, DefusedXmlException, ValueError):
        raise SourceError("The response isn't valid XML.") from None
    read: list[Quote | None] = []
    for day in days:
        rate_on = _day(day.get("time"))
        rates = ((cube.get("currency"), _number(cube.get("rate"))) for cube in day.iter(_CUBE))
        read += [usable(BASE, code, rate, rate_on) for code, rate in rates]
    if not any(read):
        raise SourceError("The response contains no rates.")
    quotes = [quote for quote in read if quote]
    refuse_old(max(quote.rate_on for quote in quotes), on)
    return quotes


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SourceError("The response has no date.") from None


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text or "")
    except InvalidOperation:
        return None
