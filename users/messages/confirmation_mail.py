"""Links by mail that prove an address: after a sign-up, once more when asked, for a new person."""

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from django.http import HttpRequest

from users import limits
from users.allauth_private import request_password_reset
from users.models import User
from users.network import client_address


def unconfirmed_address(user: User) -> EmailAddress | None:
    """The address somebody signs in with, while nobody has shown that it is theirs."""
    return EmailAddress.objects.filter(user=user, email=user.email, verified=False).first()


def send_confirmation_mail(request: HttpRequest, user: User) -> None:
    """The link for a new customer of the API; pages have allauth send it."""
    address = unconfirmed_address(user)
    if address is not None:
        address.send_confirmation(request, signup=True)


def send_welcome(request: HttpRequest, user: User) -> None:
    """Invite somebody whom an admin made: a link for them alone to set a password, good once."""
    generator = app_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    request_password_reset(request, user.email, [user], generator)


def count_another_mail(request: HttpRequest, email: str) -> None:
    """Anybody can sign up with a stranger's address, who must not be flooded with links."""
    limits.consume("mail-address", client_address(request))
    # However the address is spelt: allauth finds it in small letters, too.
    limits.consume("mail-recipient", email.lower())


def send_reset_mail(request: HttpRequest, email: str) -> None:
    """A link for whoever has this address, or a word that nobody has; limited by our adapter."""
    email = get_adapter(request).clean_email(email.strip().lower())
    people = filter_users_by_email(email, is_active=True, prefer_verified=True)
    request_password_reset(request, email, people, app_settings.PASSWORD_RESET_TOKEN_GENERATOR())
