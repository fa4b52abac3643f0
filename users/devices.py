"""Browsers that a user has signed in from before; lockouts caused by others do not affect them.

The signed cookie names accounts by digest. It grants no access: it only gives wrong passwords from
this browser a separate count.
"""

import hashlib
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from banking.limits import KNOWN_DEVICE_ACCOUNTS, KNOWN_DEVICE_SECONDS

SALT = "users.devices"


def known_device(request: HttpRequest, email: str) -> str | None:
    """This browser's id, if the account has signed in from it before."""
    name, accounts = _read(request)
    return name if _digest(email) in accounts else None


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Remember in the browser's cookie that this account signed in from it."""
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
    """The cookie's name; with TLS, its prefix ties the cookie to this host."""
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
