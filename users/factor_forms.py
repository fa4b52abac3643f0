"""Codes and passkeys on allauth's pages: checked under our limits, recorded in the audit trail."""

from typing import Any, cast

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from users import limits
from users.audit.trail import current_request_info
from users.models import User
from users.services import sessions

# Exceptions that the libraries raise for a forged credential.
_MALFORMED = (InvalidSignature, TypeError, ValueError, LookupError, AttributeError, OverflowError)


def _code_field() -> forms.CharField:
    return forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
        help_text=_("From your authenticator app, or one of your recovery codes."),
    )


class SignInCodeForm(AuthenticateForm):
    """The second step of signing in."""

    code = _code_field()
    purpose = "sign_in"

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        found = sessions.find_authenticator(user=self.user, code=code, purpose=self.purpose)
        if found is None:
            raise ValidationError(
                _("This code is incorrect or was already used."), code="otp_wrong"
            )
        found.user = self.user
        self.authenticator = found
        return code


class StepUpCodeForm(SignInCodeForm, ReauthenticateForm):
    """A code required before a sensitive action."""

    purpose = "step_up"

    def save(self) -> None:
        ReauthenticateForm.save(self)
        sessions.record_stepped_up(user=self.user, by="page", factor="code")


class _PasskeyMixin:
    """Turns any problem with a credential into a form error."""

    purpose = "sign_in"
    user: User

    def clean_credential(self) -> Authenticator:
        limits.consume("passkey", current_request_info().ip)
        try:
            return cast(Any, super()).clean_credential()
        except (ValidationError, *_MALFORMED) as error:
            sessions.record_passkey_refused(user=self.user, purpose=self.purpose)
            raise _does_not_fit() from error


class PasskeySignInForm(_PasskeyMixin, LoginWebAuthnForm):
    """A passkey instead of email and password."""


class SecondFactorPasskeyForm(_PasskeyMixin, AuthenticateWebAuthnForm):
    """A passkey or security key after the password."""


class StepUpPasskeyForm(_PasskeyMixin, ReauthenticateWebAuthnForm):
    """A passkey required before a sensitive action."""

    purpose = "step_up"

    def clean_credential(self) -> Authenticator:
        authenticator = super().clean_credential()
        sessions.record_stepped_up(user=self.user, by="page", factor="passkey")
        return authenticator


class AddPasskeyForm(AddWebAuthnForm):
    """A new passkey or security key."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        required=False,
        help_text=_("Choose a name you'll recognize, such as “Phone” or “Key on my key ring”."),
    )
    passwordless = forms.BooleanField(
        label=_("Sign in with it instead of your email and password"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput({"role": "switch"}),
        help_text=_("If this is off, you'll use the passkey after your password."),
    )

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except (ValidationError, *_MALFORMED) as error:
            raise _does_not_fit() from error


def _does_not_fit() -> ValidationError:
    return ValidationError(_("This passkey doesn't match. Try again."), code="passkey_wrong")
