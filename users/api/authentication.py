"""Bearer tokens: a valid signature is not enough, the person behind it must still be as it says."""

from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed
from rest_framework_simplejwt.tokens import Token

from users.models import User


class TokenAuthentication(JWTAuthentication):
    """Refuses tokens older than the user's last sign-out-everywhere; roles come from the database."""

    def get_user(self, validated_token: Token) -> User:
        user = super().get_user(validated_token)
        if validated_token.get("version") != user.session_version:
            raise AuthenticationFailed("Sign in again.", code="session_ended")
        return user
