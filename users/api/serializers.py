"""What the API says about people and takes from them."""

from rest_framework import serializers

from banking.kernel.api_input import Input
from users.models import User

# Argon2 has no limit of its own, but hashing a megabyte would be work done for a stranger.
PASSWORD_MAX_LENGTH = 1024


class UserOut(serializers.ModelSerializer):
    """A person, to themselves."""

    # Plain text in the schema: five hundred zones are no enumeration anybody wants to read.
    timezone = serializers.CharField(read_only=True)

    class Meta:
        model = User
        fields = [
            "id", "email", "name", "phone", "kyc_status", "role", "is_active", "base_currency",
            "timezone", "locale", "theme", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class ProfileIn(Input):
    """What people may change about themselves. What is left out stays, with PUT as with PATCH."""

    name = serializers.CharField(max_length=150, required=False)
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True)
    base_currency = serializers.CharField(max_length=3, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    locale = serializers.CharField(max_length=12, required=False)
    theme = serializers.CharField(max_length=5, required=False)


class EraseIn(Input):
    """The word that it is meant: one's own email address."""

    confirm = serializers.CharField(max_length=254)


class SignUpIn(Input):
    """A new customer."""

    name = serializers.CharField(max_length=150)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True)
    base_currency = serializers.CharField(max_length=3, required=False, allow_blank=True)
    timezone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    locale = serializers.CharField(max_length=12, required=False, allow_blank=True)


class SignInIn(Input):
    """Email and password, and a code where a second factor is on."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)
    otp = serializers.CharField(max_length=32, required=False, allow_blank=True)


class StepUpIn(Input):
    """One factor proven again: the password, or a code of the second factor."""

    password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False, required=False
    )
    otp = serializers.CharField(max_length=32, required=False)


class StepUpOut(serializers.Serializer):
    """What to send as `X-Step-Up`, and for how many seconds it counts."""

    step_up = serializers.CharField()
    expires_in = serializers.IntegerField()


class EmailConfirmationOut(serializers.Serializer):
    """Whether an address is confirmed; if not, a link is on its way to it."""

    email = serializers.EmailField()
    is_confirmed = serializers.BooleanField()


class RefreshIn(Input):
    """The refresh token of the last answer."""

    refresh = serializers.CharField(max_length=200)


class SignOutIn(Input):
    """The refresh token, unless the access token is sent as the bearer."""

    refresh = serializers.CharField(max_length=200, required=False)


class TokensOut(serializers.Serializer):
    """A pair of tokens: the access token for requests, the refresh token for the next pair."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class SignedInOut(TokensOut):
    """Tokens, and whose they are."""

    user = UserOut()
