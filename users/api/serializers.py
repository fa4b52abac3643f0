"""JSON serializers for people, sign-in and security."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from banking.kernel.api_fields import CurrencyCodeField
from banking.kernel.api_input import Input
from users.locales import is_locale
from users.messages.confirmation_mail import unconfirmed_address
from users.models import THEMES, User
from users.services.people import PHONE_PATTERN
from users.services.sessions import needs_otp
from users.timezones import timezone_choices

# Argon2 has no limit of its own, but hashing a megabyte would waste CPU on anonymous requests.
PASSWORD_MAX_LENGTH = 1024


class UserOut(serializers.ModelSerializer):
    """A user's own profile."""

    # Plain text in the schema: an enum of five hundred time zones would help nobody.
    timezone = serializers.CharField(read_only=True)
    email_confirmed = serializers.SerializerMethodField()
    mfa_enabled = serializers.SerializerMethodField(help_text="Two-step verification is required.")

    class Meta:
        model = User
        fields = [
            "id", "email", "email_confirmed", "mfa_enabled", "name", "phone", "kyc_status", "role",
            "is_active", "base_currency", "timezone", "locale", "theme", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_email_confirmed(self, user: User) -> bool:
        return unconfirmed_address(user) is None

    def get_mfa_enabled(self, user: User) -> bool:
        return needs_otp(user)


class _NamedField(serializers.CharField):
    """The name of something that this installation knows, from a list too long for the schema."""

    default_error_messages = {"does_not_exist": ""}

    def is_known(self, name: str) -> bool:
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not self.is_known(name):
            self.fail("does_not_exist", name=name)
        return name


class TimeZoneField(_NamedField):
    default_error_messages = {"does_not_exist": "“{name}” isn't a time zone we know."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, help_text="Such as Europe/Berlin.", **kwargs)

    def is_known(self, name: str) -> bool:
        return name in dict(timezone_choices())


class LocaleField(_NamedField):
    default_error_messages = {"does_not_exist": "Choose a language and region such as en-GB."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=12, help_text="Such as en-GB.", **kwargs)

    def is_known(self, name: str) -> bool:
        return is_locale(name)


@extend_schema_field({"type": "string", "maxLength": 32, "pattern": f"^{PHONE_PATTERN}$"})
class PhoneField(serializers.CharField):
    """A phone number, or "" for none."""

    def __init__(self) -> None:
        super().__init__(max_length=32, required=False, allow_blank=True)


class ProfileIn(Input):
    """Profile fields to change. Omitted fields don't change, with PUT as well as PATCH."""

    name = serializers.CharField(max_length=150, required=False)
    phone = PhoneField()
    base_currency = CurrencyCodeField(required=False)
    timezone = TimeZoneField(required=False)
    locale = LocaleField(required=False)
    theme = serializers.ChoiceField(choices=THEMES, required=False)


class EraseIn(Input):
    """Confirm by entering your own email address."""

    confirm = serializers.CharField(max_length=254)


class ErasureWaitingOut(serializers.Serializer):
    """A request to delete an account that our staff check first."""

    requested_at = serializers.DateTimeField(source="created_at")
    expires_at = serializers.DateTimeField()


class SignUpIn(Input):
    """Fields of a new user."""

    name = serializers.CharField(max_length=150)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)
    phone = PhoneField()
    base_currency = CurrencyCodeField(required=False, allow_blank=True)
    timezone = TimeZoneField(required=False, allow_blank=True)
    locale = LocaleField(required=False, allow_blank=True)


class SignInIn(Input):
    """Email and password, plus a code if a second factor is on."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)
    otp = serializers.CharField(max_length=32, required=False, allow_blank=True)


class StepUpIn(Input):
    """One factor again: the password, or a code from the second factor."""

    password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False, required=False
    )
    otp = serializers.CharField(max_length=32, required=False)


class StepUpOut(serializers.Serializer):
    """The value to send as `X-Step-Up`, and how many seconds it is valid."""

    step_up = serializers.CharField()
    expires_in = serializers.IntegerField()


class EmailConfirmationOut(serializers.Serializer):
    """Whether the address is confirmed; if not, a link has been sent to it."""

    email = serializers.EmailField()
    is_confirmed = serializers.BooleanField()


class EmailKeyIn(Input):
    """The key at the end of the link in the confirmation mail."""

    key = serializers.CharField(max_length=200)


class PasswordResetIn(Input):
    """The address to send a link to."""

    email = serializers.EmailField(max_length=254)


class PasswordResetConfirmIn(Input):
    """The key at the end of the mailed link, and the new password."""

    key = serializers.CharField(max_length=200)
    password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)


class PasswordChangeIn(Input):
    """The current and the new password."""

    current_password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)
    password = serializers.CharField(max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False)


class SessionOut(serializers.Serializer):
    """A signed-in browser, or an app with its tokens."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=["browser", "app"])
    device = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    last_seen_at = serializers.DateTimeField()
    is_current = serializers.BooleanField(help_text="The session of this request.")


class FactorsOut(serializers.Serializer):
    """Which second factors are set up."""

    is_on = serializers.BooleanField()
    totp = serializers.BooleanField(help_text="Codes from an authenticator app.")
    passkeys = serializers.IntegerField()
    recovery_codes_left = serializers.IntegerField()


class FactorIn(Input):
    """Empty to get a secret; then a code from the app."""

    code = serializers.CharField(max_length=32, required=False)


class FactorSetupOut(serializers.Serializer):
    """The secret for the app; send its first code within `expires_in` seconds."""

    secret = serializers.CharField()
    otpauth_uri = serializers.CharField()
    expires_in = serializers.IntegerField()


class RecoveryCodesOut(serializers.Serializer):
    """The app is on. Each code signs in once; they aren't shown again."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class RefreshIn(Input):
    """The latest refresh token."""

    refresh = serializers.CharField(max_length=200)


class SignOutIn(Input):
    """The refresh token, unless the access token is sent as the bearer."""

    refresh = serializers.CharField(max_length=200, required=False)


class TokensOut(serializers.Serializer):
    """An access token for requests and a refresh token for the next pair."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")


class SignedInOut(TokensOut):
    """Tokens and the signed-in user."""

    user = UserOut()
