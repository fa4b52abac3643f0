"""All outgoing HTTP requests: bounded in time, size and attempts.

Redirects are never followed, so nobody can send the server to another address. Addresses that
people enter must be public: this is checked at the socket, after name resolution, so a changed DNS
answer cannot bypass it. Error messages never contain the address, which may hold a secret.
"""

import ipaddress
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

TIMEOUTS = (5, 10)
LONGEST_SECONDS = 20
LARGEST_BYTES = 1024 * 1024
_CHUNK = 64 * 1024


class OutgoingError(Exception):
    """There is no usable response; the message does not contain the address."""


class UnreachableError(OutgoingError):
    """No response, or an error of the other server: a later attempt may work."""


class AllowanceSpentError(OutgoingError):
    """No more requests are allowed for now; a later attempt may work."""


@dataclass(slots=True)
class Tally:
    """The requests made so far, retries included, and how many are allowed (None: any number)."""

    most: int | None = None
    count: int = 0


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counting(most: int | None = None) -> Iterator[Tally]:
    """Count the requests made inside the block. Beyond `most`, AllowanceSpentError is raised."""
    tally = Tally(most)
    before = _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(before)


@dataclass(frozen=True, slots=True)
class Answer:
    """The response; `body` is complete and within the limit."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The body as JSON, every number a Decimal. Raises OutgoingError if it is invalid.

        Whole numbers too: int() of a million digits takes minutes, Decimal does not.
        """
        try:
            return json.loads(self.body, parse_float=Decimal, parse_int=Decimal)
        except (ValueError, RecursionError):
            raise OutgoingError("The response isn't valid JSON.") from None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, how much to read and how often to try before giving up."""

    tries: int = 3
    timeouts: tuple[float, float] = TIMEOUTS
    longest_seconds: float = LONGEST_SECONDS
    largest_bytes: int = LARGEST_BYTES


STANDARD = Limits()


def ask(
    method: str,
    address: str,
    *,
    is_public_only: bool = False,
    limits: Limits = STANDARD,
    **request: Any,
) -> Answer:
    """The response of `address`, any status below 500; `request` is as for requests.request.

    Retries, with growing pauses, only without a response or with a status of 500 and above. Raises
    UnreachableError after the last try, and OutgoingError for a redirect, a response that is too
    large or too slow, and a private address where only public ones are allowed.
    """
    trying = Retrying(
        retry=retry_if_exception_type(UnreachableError),
        stop=stop_after_attempt(limits.tries),
        wait=wait_exponential(multiplier=settings.PROVIDER_RETRY_SECONDS),
        reraise=True,
    )
    return trying(_ask_once, method, address, is_public_only, limits, request)


def _ask_once(
    method: str, address: str, is_public_only: bool, limits: Limits, request: dict[str, Any]
) -> Answer:
    _count()
    with requests.Session() as session:
        if is_public_only:
            session.trust_env = False  # A proxy would resolve the name itself.
            session.mount("http://", _PublicOnly())
            session.mount("https://", _PublicOnly())
        try:
            with session.request(
                method,
                address,
                timeout=limits.timeouts,
                allow_redirects=False,
                stream=True,
                **request,
            ) as answer:
                _refuse(answer)
                return Answer(answer.status_code, _read(answer, limits), answer.headers)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise UnreachableError(f"No response: {type(error).__name__}.") from None


def _count() -> None:
    tally = _tally.get()
    if tally is None:
        return
    if tally.most is not None and tally.count >= tally.most:
        raise AllowanceSpentError("Today's requests are used up.")
    tally.count += 1


def _refuse(answer: requests.Response) -> None:
    if answer.status_code >= 500:
        raise UnreachableError(f"The server returned an error, {answer.status_code}.")
    if answer.is_redirect or answer.is_permanent_redirect:
        raise OutgoingError("The server sent a redirect, which we don't follow.")


def _read(answer: requests.Response, limits: Limits) -> bytes:
    body, until = bytearray(), time.monotonic() + limits.longest_seconds
    # Counted after decompression: a small bomb is a large response. Read whatever has arrived at
    # once, so that a slow trickle of bytes cannot keep the response open forever.
    while chunk := answer.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > limits.largest_bytes:
            megabytes = limits.largest_bytes / (1024 * 1024)
            raise OutgoingError(f"The response is larger than {megabytes:g} MB.")
        if time.monotonic() > until:
            raise OutgoingError(f"The response took longer than {limits.longest_seconds} seconds.")
    return bytes(body)


# --- Public addresses only ----------------------------------------------------------------------


def _refuse_private(connected: socket.socket) -> socket.socket:
    """The socket, if its other end is on the public internet (or OUTGOING_PRIVATE allows all)."""
    address = ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_global and not address.is_multicast:
        return connected
    if settings.OUTGOING_PRIVATE:
        return connected
    connected.close()
    raise OutgoingError("The address isn't on the public internet.")


class _PublicConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _refuse_private(super()._new_conn())


class _PublicSecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _refuse_private(super()._new_conn())


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicSecurePool(HTTPSConnectionPool):
    ConnectionCls = _PublicSecureConnection


class _PublicOnly(HTTPAdapter):
    """Connects only to public internet addresses."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _PublicPool,
            "https": _PublicSecurePool,
        }
