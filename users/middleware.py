"""What the users app adds to every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import get_contextvars

from users.audit import RequestInfo, request_info
from users.network import client_address


class RequestContext:
    """Audit events carry the address and request id of the request they were made in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(get_contextvars().get("request_id", ""))[:64]
        with request_info(RequestInfo(ip=client_address(request), request_id=request_id)):
            return self.get_response(request)


class PrivateResponses:
    """No cache anywhere keeps what a signed-in person was shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        signed_in = request.user.is_authenticated or "HTTP_AUTHORIZATION" in request.META
        if signed_in or request.path.startswith("/api/auth/"):
            response["Cache-Control"] = "private, no-store"
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
