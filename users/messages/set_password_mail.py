"""The mail by which somebody made by an admin sets their own password: allauth's for a reset."""

from allauth.account import app_settings
from django.http import HttpRequest

from users.allauth_private import request_password_reset
from users.models import User


def send_set_password_mail(request: HttpRequest, user: User) -> None:
    """A link for this user alone, good once and for as long as one for a forgotten password."""
    generator = app_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    request_password_reset(request, user.email, [user], generator)
