"""The requests of people who are signed in, for the types of the views that get them.

At runtime they are Django's and DRF's own: LoginRequiredMiddleware and the API's permissions let
nobody else through to these views, and HtmxMiddleware adds `htmx`.
"""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from users.models import User


class UserRequest(HttpRequest):
    """The request of a signed-in page."""

    user: User
    htmx: HtmxDetails


class UserApiRequest(Request):
    """The request of somebody the API knows."""

    user: User


def user_of(request: HttpRequest | Request) -> User:
    """Who is signed in, where a library declares the request: the admin site, allauth, filters."""
    return cast(User, request.user)
