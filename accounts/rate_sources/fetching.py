"""One bounded question to a provider of rates: time, size, retries; no redirect is followed."""

import time

import requests
from django.conf import settings
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential
from urllib3.exceptions import HTTPError

from accounts.rate_sources.quotes import SourceError

TIMEOUTS = (5, 10)
LONGEST_SECONDS = 20
LARGEST_BYTES = 1024 * 1024
_CHUNK = 64 * 1024


class _DownError(SourceError):
    """Nobody there, or an error of theirs: worth asking once more."""


def fetch(address: str) -> bytes:
    """The body at `address`, at most a megabyte, asked for up to three times.

    No redirect is followed, so nobody can send the server to an address of the inside. Raises
    SourceError, whose sentence never holds the address: a key may be in it.
    """
    asking = retry(
        retry=retry_if_exception_type(_DownError),
        stop=stop_after_attempt(3),
        wait=wait_exponential(multiplier=settings.PROVIDER_RETRY_SECONDS),
        reraise=True,
    )
    return asking(_fetch_once)(address)


def _fetch_once(address: str) -> bytes:
    try:
        with requests.get(address, timeout=TIMEOUTS, allow_redirects=False, stream=True) as answer:
            _refuse(answer)
            return _read(answer)
    except (requests.RequestException, HTTPError) as error:
        raise _DownError(f"No answer: {type(error).__name__}.") from None


def _refuse(answer: requests.Response) -> None:
    status = answer.status_code
    if status >= 500:
        raise _DownError(f"It answered with an error of its own, {status}.")
    if answer.is_redirect or answer.is_permanent_redirect:
        raise SourceError("It answered with a redirect, which is not followed.")
    if status == 429:
        raise SourceError("It was asked too often (429).")
    # Providers tell of a refused key or a used-up quota in the body, with 200 or with 4xx.
    if status != 200 and "json" not in answer.headers.get("Content-Type", ""):
        raise SourceError(f"It answered {status}.")


def _read(answer: requests.Response) -> bytes:
    body, until = b"", time.monotonic() + LONGEST_SECONDS
    # Counted after decompression: a small bomb is a large answer. And whatever has come is taken at
    # once, so that one byte every nine seconds is no answer without end.
    while chunk := answer.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise SourceError("Its answer is larger than a megabyte.")
        if time.monotonic() > until:
            raise SourceError(f"Its answer took longer than {LONGEST_SECONDS} seconds.")
    return body
