"""One bounded question to a provider of rates."""

from accounts.rate_sources.quotes import SourceError
from banking.kernel.outgoing import Answer, Limits, OutgoingError, ask

LIMITS = Limits()


def fetch(address: str) -> bytes:
    """The body at `address`, at most a megabyte, asked for up to three times.

    Raises SourceError, whose sentence never holds the address: a key may be in it.
    """
    try:
        answer = ask("GET", address, limits=LIMITS)
    except OutgoingError as error:
        raise SourceError(str(error)) from None
    _refuse(answer)
    return answer.body


def _refuse(answer: Answer) -> None:
    if answer.status == 429:
        raise SourceError("It was asked too often (429).")
    # Providers tell of a refused key or a used-up quota in the body, with 200 or with 4xx.
    if answer.status != 200 and "json" not in answer.headers.get("Content-Type", ""):
        raise SourceError(f"It answered {answer.status}.")
