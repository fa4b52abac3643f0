"""Every question this server asks another one: bounded in time, size and tries.

No redirect is followed, so nobody can lead the server to another address. An address that a person
gave may be public only: it is checked at the socket, where a name cannot change its mind anymore.
No error names the address, which may hold a secret.
"""

import ipaddress
import json
import socket
import time
from collections.abc import Mapping
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
    """There is no usable answer; the message is a sentence without the address."""


class UnreachableError(OutgoingError):
    """Nobody answers, or the other side has an error of its own: it may work later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; `body` is complete and within the limit."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The body as JSON, every number a Decimal. Raises OutgoingError if it is none.

        Whole numbers too: int() of a million digits takes minutes, Decimal does not.
        """
        try:
            return json.loads(self.body, parse_float=Decimal, parse_int=Decimal)
        except (ValueError, RecursionError):
            raise OutgoingError("Its answer is not the JSON it promises.") from None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, how much to read and how often to ask before giving up."""

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
    """The answer of `address`, whatever its status below 500; `request` is as for requests.request.

    Asked again, with growing pauses, only where nobody answered or with a status of 500 and above.
    Raises UnreachableError after the last try, and OutgoingError for a redirect, an answer that is
    too large or too slow, and a private address where only public ones may be asked.
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
    with requests.Session() as session:
        if is_public_only:
            session.trust_env = False  # A proxy would look the name up for itself.
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
            raise UnreachableError(f"No answer: {type(error).__name__}.") from None


def _refuse(answer: requests.Response) -> None:
    if answer.status_code >= 500:
        raise UnreachableError(f"It answered with an error of its own, {answer.status_code}.")
    if answer.is_redirect or answer.is_permanent_redirect:
        raise OutgoingError("It answered with a redirect, which is not followed.")


def _read(answer: requests.Response, limits: Limits) -> bytes:
    body, until = bytearray(), time.monotonic() + limits.longest_seconds
    # Counted after decompression: a small bomb is a large answer. Whatever has come is taken at
    # once, so that one byte every nine seconds does not make an answer without end.
    while chunk := answer.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > limits.largest_bytes:
            megabytes = limits.largest_bytes / (1024 * 1024)
            raise OutgoingError(f"Its answer is larger than {megabytes:g} MB.")
        if time.monotonic() > until:
            raise OutgoingError(f"Its answer took longer than {limits.longest_seconds} seconds.")
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
    raise OutgoingError("Its address is not on the public internet.")


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
    """Connects to addresses of the public internet alone."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _PublicPool,
            "https": _PublicSecurePool,
        }
