"""Middleware for every request, independent of apps."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotAllowed,
)
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from banking.kernel import replica
from banking.kernel.refusals import api_refusal, is_api
from banking.kernel.uploads import content_length
from banking.limits import FORM_OVERHEAD_BYTES, IMPORT_MAX_BYTES
from banking.views import bad_request

# Paths with JSON: the API, and one URL among the pages.
DATA = ("/api/", "/dashboard/overview/")
LARGEST_BODY = IMPORT_MAX_BYTES + FORM_OVERHEAD_BYTES
PAGE_METHODS = ["GET", "HEAD", "OPTIONS", "POST"]
UNREADABLE = "The address contains an invalid character."


class SafeHeaders:
    """Adds security headers to every response: to static files and to refusals of other middleware
    too. A view may set its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.headers = {
            # Without it the web server adds its name.
            "Server": "",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
            "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.setdefault(name, value)
        return response


class ApiTrailingSlash:
    """Serve `/api/accounts/` as `/api/accounts`: JSON paths have no trailing slash."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(DATA) and request.path_info.endswith("/"):
            request.path_info = request.path_info.rstrip("/")
            request.path = request.path.rstrip("/")
        return self.get_response(request)


class Compression(GZipMiddleware):
    """Compress text, unless its length could reveal its content.

    docs/decisions explains this (BREACH): responses to requests that another site triggered for a
    signed-in user, and those with passwords, tokens or codes, stay uncompressed.
    """

    KINDS = ("application/json", "application/vnd.oai.openapi", "text/", "image/svg")
    SECRETS = ("/api/auth/", "/api/users/me/mfa", "/users/")

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        kind = response.get("Content-Type", "")
        is_driven = request.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site")
        if not kind.startswith(self.KINDS):
            return response
        patch_vary_headers(response, ("Accept-Encoding", "Sec-Fetch-Site"))
        if is_driven or request.path_info.startswith(self.SECRETS):
            return response
        return super().process_response(request, response)


class RefuseUnreadableText:
    """NUL bytes in a URL are a 400: PostgreSQL refuses them and SQLite would store them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path or "%00" in query or "\x00" in query:
            if is_api(request):
                return api_refusal(status=400, code="unreadable", detail=UNREADABLE)
            return HttpResponseBadRequest(UNREADABLE)
        return self.get_response(request)


class RefuseLargeBodies:
    """A body larger than any upload may be is a 413, and not a byte of it is read.

    Views with `bounds_itself` refuse it with a page of their own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        bounds_itself = hasattr(getattr(view, "cls", view), "bounds_itself")
        if bounds_itself or content_length(request) <= LARGEST_BODY:
            return None
        return bad_request(request, RequestDataTooBig())


class PageMethods:
    """Pages accept GET and POST; other methods are for the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in PAGE_METHODS and not request.path_info.startswith("/api/"):
            return HttpResponseNotAllowed(PAGE_METHODS)
        return self.get_response(request)


class PageReads:
    """Requests that change nothing may read a replica's snapshots; if it is lost meanwhile, they
    read the primary's.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with replica.page_reads(is_read=request.method in ("GET", "HEAD")) as reading:
            response = self.get_response(request)
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE or not reading.was_done:
            return response
        replica.rest()
        return self.get_response(request)
