"""Middleware of the users app."""

from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from structlog.contextvars import get_contextvars

from banking.kernel.region import region
from users.audit import trail
from users.audit.trail import RequestInfo, request_info
from users.limits import LimitReachedError, LimitsUnavailableError
from users.network import client_address
from users.services.last_seen import STEP, note_use
from users.step_up import lead_htmx_to_step_up
from users.user_agents import device_name
from users.views import service_unavailable, too_many_requests


class SignedIn(AuthenticationMiddleware):
    """Django's, without a query for the person whom the session was read with.

    They are taken for signed in only if all that Django checks holds; else Django decides. Not
    lazily as there: the log names the person of every request, and a page reads them seventy times.
    """

    def process_request(self, request: Any) -> None:
        super().process_request(request)
        request.user = _person_of(request)


def _person_of(request: Any) -> Any:
    session = request.session
    return session.person if _is_session_of(session) else auth.get_user(request)


def _is_session_of(session: Any) -> bool:
    """Whether the person whom the session was read with is signed in with it."""
    names, hashed = session.get(auth.SESSION_KEY), session.get(auth.HASH_SESSION_KEY, "")
    person = session.person
    return (
        person is not None
        and person.is_active
        and names == str(person.pk)
        and session.get(auth.BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(hashed, person.get_session_auth_hash())
    )


class SignInRequired(LoginRequiredMiddleware):
    """Redirects anonymous requests for pages to the sign-in page; page fragments respond with 401.

    A redirect would make htmx show the sign-in page inside the fragment, and a poll from an open
    page would change the token of a sign-in form open in another tab.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> Any:
        if "HX-Request" in request.headers and "HX-Boosted" not in request.headers:
            return HttpResponse(status=401)
        return super().handle_no_permission(request, view_func)


class RequestContext:
    """Audit events contain the IP address, device and id of the request they were recorded in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        agent = request.headers.get("User-Agent", "")
        info = RequestInfo(
            ip=client_address(request),
            request_id=str(get_contextvars().get("request_id", ""))[:64],
            device=device_name(agent) if agent else "",
        )
        with request_info(info):
            return self.get_response(request)


class LastSeen:
    """Records when each session was last used, at most every five minutes.

    Each process remembers its last write, so that most requests need neither query nor lock.
    """

    SESSIONS_REMEMBERED = 10_000

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.written_at: dict[str, float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated and self._is_time(key):
            # A failed write here is harmless; a real database problem shows up elsewhere.
            with suppress(DatabaseError):
                note_use(
                    user=request.user,
                    session_key=key,
                    ip=client_address(request),
                    user_agent=request.headers.get("User-Agent", ""),
                    at=timezone.now(),
                )
        return self.get_response(request)

    def _is_time(self, key: str) -> bool:
        now = monotonic()
        if now - self.written_at.get(key, -inf) < STEP.total_seconds():
            return False
        if len(self.written_at) >= self.SESSIONS_REMEMBERED:
            self.written_at.clear()
        self.written_at[key] = now
        return True


class PrivateResponses:
    """Keeps signed-in pages out of every cache, and out of the browser after signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        was_signed_in = request.user.is_authenticated
        response = self.get_response(request)
        if was_signed_in and not request.user.is_authenticated:
            # Keep cookies: the known-device cookie outlives the session (users/devices.py).
            response["Clear-Site-Data"] = '"cache", "storage"'
        signed_in = was_signed_in or request.user.is_authenticated
        signed_in = signed_in or "HTTP_AUTHORIZATION" in request.META
        if signed_in or request.path.startswith("/api/auth/"):
            response["Cache-Control"] = "private, no-store"
        return response


class OwnRegion:
    """Pages use the user's time zone for times, and their region format for dates and amounts.

    The API uses UTC and plain digits, and so does its overview among the pages.
    """

    DATA = ("/api/", "/dashboard/overview")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(self.DATA) or not request.user.is_authenticated:
            return self.get_response(request)
        zone = ZoneInfo(request.user.timezone)
        with timezone.override(zone), region(request.user.locale):
            return self.get_response(request)


class Refusals:
    """Error pages for 429 and 503, and an audit event for each 403 of a known user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_refused = response.status_code == 403 and not getattr(response, "is_question", False)
        # DRF stores the authenticated user on Django's request.
        if is_refused and request.user.is_authenticated:
            # The refusal stands even if the event cannot be written.
            with suppress(DatabaseError):
                trail.record_refused(
                    actor=request.user, method=request.method or "", path=request.path
                )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, LimitReachedError):
            return too_many_requests(request, exception)
        if isinstance(exception, LimitsUnavailableError):
            return service_unavailable(request, exception)
        if isinstance(exception, ReauthenticationRequired) and "HX-Request" in request.headers:
            return lead_htmx_to_step_up(request)
        return None
