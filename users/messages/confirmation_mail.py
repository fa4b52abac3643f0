"""Links that confirm an email address: at sign-up, on request, and for users
created by an admin.
"""

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from users import limits
from users.allauth_private import request_password_reset
from users.audit import trail
from users.models import User
from users.network import client_address
from users.policy import Ability, require


def unconfirmed_address(user: User) -> EmailAddress | None:
    """The user's login address if it is not confirmed yet."""
    return EmailAddress.objects.filter(user=user, email=user.email, verified=False).first()


def send_confirmation_mail(request: HttpRequest, user: User) -> None:
    """The link for a customer who signed up by API; for pages, allauth sends it."""
    address = unconfirmed_address(user)
    if address is not None:
        address.send_confirmation(request, signup=True)


def resend_confirmation(request: HttpRequest, *, actor: User, user: User) -> None:
    """Send the link again for support; raises ValidationError if the address is confirmed."""
    require(actor, Ability.HELP_PEOPLE)
    if unconfirmed_address(user) is None:
        raise ValidationError("This email address is already confirmed.")
    count_another_mail(request, user.email)
    send_confirmation_mail(request, user)
    trail.record(actor=actor, action="users.confirmation.sent_again", target=user)


def send_welcome(request: HttpRequest, user: User) -> None:
    """Invite a user created by an admin: a one-time link to set a password."""
    generator = app_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    request_password_reset(request, user.email, [user], generator)


def count_another_mail(request: HttpRequest, email: str) -> None:
    """Limit mails per address: anybody can sign up with a stranger's address."""
    limits.consume("mail-address", client_address(request))
    # Regardless of case: allauth also looks addresses up in lowercase.
    limits.consume("mail-recipient", email.lower())


def send_reset_mail(request: HttpRequest, email: str) -> None:
    """Mail a reset link, or say that no account exists; limited by our adapter."""
    email = get_adapter(request).clean_email(email.strip().lower())
    people = filter_users_by_email(email, is_active=True, prefer_verified=True)
    request_password_reset(request, email, people, app_settings.PASSWORD_RESET_TOKEN_GENERATOR())
