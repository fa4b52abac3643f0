"""Bearer tokens: besides a valid signature, the user must still be active and the token current."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, QuerySet
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed as RefusedToken
from rest_framework_simplejwt.tokens import Token

from banking.kernel.written_once import WrittenOnce
from users.models import RefreshSession, User


class TokenAuthentication(JWTAuthentication):
    """Rejects tokens that are signed out or have an old `session_version`. The role comes from the
    database.

    Runs one query: the user, and whether the token's family is active.
    """

    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except RefusedToken as error:
            # SimpleJWT's error details are nested; the API's errors have one flat shape.
            raise AuthenticationFailed(
                "This access token is invalid or has expired. Refresh it, or sign in again.",
                code="token_not_valid",
            ) from error

    def get_header(self, request: Request) -> bytes:
        """The Authorization header, its scheme spelled as expected: its case has no meaning."""
        header: bytes = super().get_header(request)
        scheme, blank, rest = (header or b"").partition(b" ")
        return b"Bearer" + blank + rest if scheme.lower() == b"bearer" else header

    def get_user(self, validated_token: Token) -> Any:
        try:
            user_id, family = int(validated_token["user_id"]), UUID(validated_token["family"])
            version = validated_token["version"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AuthenticationFailed("This token is invalid.") from error
        user = next(iter(_BEARER.rows(user_id, family)), None)
        if user is None or not user.is_active:
            raise AuthenticationFailed("No active user for this token.")
        if not user.is_signed_in or version != user.session_version:
            raise AuthenticationFailed("You were signed out. Sign in again.", code="session_ended")
        return user


def _bearer(user_id: int, family: UUID) -> "QuerySet[Any]":
    live = RefreshSession.objects.filter(user_id=user_id, family=family, revoked_at=None)
    return User.objects.filter(pk=user_id).annotate(is_signed_in=Exists(live))


_BEARER = WrittenOnce(_bearer)
