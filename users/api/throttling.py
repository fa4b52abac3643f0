"""Rate limits of the API."""

from django.views import View
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from users import limits
from users.network import client_address


class ApiThrottle(BaseThrottle):
    """Reads and writes are limited separately, per user, or per IP address if anonymous."""

    def allow_request(self, request: Request, view: View) -> bool:
        user = request.user
        key = f"user {user.pk}" if user.is_authenticated else f"at {client_address(request)}"
        # Raises LimitReachedError, which has its own message.
        limits.consume("api-read" if request.method in SAFE_METHODS else "api-write", key)
        return True
