"""Forms for signing in, signing up and the profile."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form, add_service_errors
from banking.kernel.money import currency_choices
from banking.limits import PASSWORD_CHARACTERS
from users.allauth_private import send_verification_email_to_address
from users.locales import best_locale, is_locale, locale_choices
from users.models import User
from users.services import people
from users.services.factors import request_email_change
from users.timezones import timezone_choices

THEMES = User._meta.get_field("theme").choices or []

# The validators of banking/sign_in.py in one sentence; each still says what is wrong.
_PASSWORD_HELP = _(
    "At least %(length)s characters. Avoid common passwords, numbers only, and your name or email."
)


class PlainLabels(Form):
    """allauth's forms with our labels; placeholders never repeat the label."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "remember": _("Keep me signed in"),
            "oldpassword": _("Current password"),
            "password1": _("New password") if "password2" in self.fields else _("Password"),
            "password2": _("Confirm new password"),
        }
        for name, field in self.fields.items():
            field.label = labels.get(name, field.label)
            if name == "password1":
                field.help_text = _PASSWORD_HELP % {"length": PASSWORD_CHARACTERS}
            field.widget.attrs.pop("placeholder", None)


class SignInForm(PlainLabels, allauth_forms.LoginForm):
    """Email and password."""


class ResetPasswordForm(PlainLabels, allauth_forms.ResetPasswordForm):
    """The address to send a reset link to."""


class ResetPasswordKeyForm(PlainLabels, allauth_forms.ResetPasswordKeyForm):
    """The new password, after opening the link."""


def _currency_field(**options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Main currency"), choices=currency_choices, **options)


class SignUpForm(PlainLabels, allauth_forms.SignupForm):
    """allauth's page with our service: `people.sign_up` creates the user."""

    name = forms.CharField(
        label=_("Name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    base_currency = _currency_field(required=False, initial="USD")
    # Filled in by the page's script; without JavaScript, the time zone is UTC.
    timezone = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput({"data-guess": "timezone"})
    )
    field_order = ["name", "email", "password1", "base_currency", "timezone"]

    def clean_timezone(self) -> str:
        guess = self.cleaned_data["timezone"]
        return guess if guess in dict(timezone_choices()) else ""

    def validate_unique_email(self, value: str) -> str:
        """Leave this to the service: allauth would also count unconfirmed addresses, so that anyone
        could keep a stranger from signing up.
        """
        return value

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Return the user, or the page with the errors."""
        try:
            return self.save(request), None
        except ValidationError as error:
            add_service_errors(self, _with_password1(error))
        page = {"form": self, "login_url": reverse("account_login")}
        return None, render(request, "account/signup.html", page, status=422)

    def save(self, request: HttpRequest) -> User:
        data = self.cleaned_data
        return people.sign_up(
            name=data["name"],
            email=data["email"],
            password=data["password1"],
            base_currency=data["base_currency"],
            timezone=data["timezone"],
            locale=best_locale(request.headers.get("Accept-Language", "")),
        )


def _with_password1(error: ValidationError) -> ValidationError:
    if not hasattr(error, "error_dict"):
        return error
    names = {"password": "password1"}
    return ValidationError({names.get(key, key): value for key, value in error.error_dict.items()})


class ChangeEmailForm(PlainLabels, allauth_forms.AddEmailForm):
    """The new email address; it takes effect once the mailed link is opened.

    allauth's own form mistakes an unconfirmed current address for a pending one and removes it, and
    the person's login with it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New email")

    def save(self, request: HttpRequest) -> EmailAddress:
        address = request_email_change(user=self.user, email=self.cleaned_data["email"])
        send_verification_email_to_address(request, address)
        return address


class ChangePasswordForm(PlainLabels, allauth_forms.ChangePasswordForm):
    """The old password counts as a step-up: it is limited and recorded in the audit trail."""

    def clean_oldpassword(self) -> str:
        password = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class ReauthenticateForm(PlainLabels, allauth_forms.ReauthenticateForm):
    """The password, before something sensitive."""


class ProfileForm(Form):
    """All fields of people.EDITABLE."""

    name = forms.CharField(
        label=_("Name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=32,
        required=False,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}),
        help_text=_("For text messages. Include the country code, such as +49 30 901820."),
    )
    base_currency = _currency_field(
        help_text=_("We show totals across all accounts in this currency.")
    )
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=timezone_choices,
        help_text=_("Days and months start and end in this time zone."),
    )
    locale = forms.ChoiceField(
        label=_("Region format"),
        help_text=_("How numbers, amounts and dates are displayed."),
    )
    theme = forms.ChoiceField(label=_("Appearance"), choices=THEMES)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        initial = {field: getattr(user, field) for field in people.EDITABLE}
        super().__init__(*args, initial=initial, **kwargs)
        # A locale set through the API may not be on the list; keep it selectable.
        offered = locale_choices()
        if user.locale not in dict(offered) and is_locale(user.locale):
            offered = [(user.locale, user.locale), *offered]
        self.fields["locale"].choices = offered


class EraseForm(Form):
    """The typed confirmation; the service compares it."""

    confirm = forms.CharField(
        label=_("Your email"),
        max_length=254,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none"}),
    )


class ThemeForm(Form):
    """The theme switch in the user menu."""

    theme = forms.ChoiceField(choices=THEMES)
