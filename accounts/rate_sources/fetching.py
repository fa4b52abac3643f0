"""Bounded HTTP requests to rate providers."""

from accounts.rate_sources.quotes import SourceError
from banking.kernel.outgoing import Answer, Limits, OutgoingError, ask

LIMITS = Limits()


def fetch(address: str) -> bytes:
    """Fetch the body at `address`: at most 1 MB, with up to three attempts.

    Raises SourceError. Its message never contains the address, which may include a key.
    """
    try:
        answer = ask("GET", address, limits=LIMITS)
    except OutgoingError as error:
        raise SourceError(str(error)) from None
    _refuse(answer)
    return answer.body


def _refuse(answer: Answer) -> None:
    if answer.status == 429:
        raise SourceError("Too many requests (429).")
    # Providers report a refused key or a used-up quota in the body, with status 200 or 4xx.
    if answer.status != 200 and "json" not in answer.headers.get("Content-Type", ""):
        raise SourceError(f"The response status was {answer.status}.")
