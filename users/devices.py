"""Browsers that somebody has signed in from before: a lock-out caused by others spares them.

The cookie is ours (signed) and names accounts by digest. It opens nothing: it only gives wrong
passwords from this browser a count of their own.
"""

import hashlib
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from banking.limits import KNOWN_DEVICE_ACCOUNTS, KNOWN_DEVICE_SECONDS

SALT = "users.devices"


def known_device(request: HttpRequest, email: str) -> str | None:
    """This browser's name, if that account has been signed in to from it."""
    name, accounts = _read(request)
    return name if _digest(email) in accounts else None


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Let the browser show that this account was signed in to from it."""
    name, accounts = _read(request)
    digest = _digest(email)
    accounts = [digest, *(other for other in accounts if other != digest)][:KNOWN_DEVICE_ACCOUNTS]
    response.set_cookie(
        cookie_name(),
        signing.dumps([name or secrets.token_urlsafe(12), accounts], salt=SALT),
        max_age=KNOWN_DEVICE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def cookie_name() -> str:
    """With the prefix that ties a cookie to this host, where there is TLS."""
    return "__Host-device" if settings.SESSION_COOKIE_SECURE else "device"


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        cookie = request.COOKIES.get(cookie_name(), "")
        name, accounts = signing.loads(cookie, salt=SALT, max_age=KNOWN_DEVICE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return "", []
    return name, accounts


def _digest(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]
