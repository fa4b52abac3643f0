"""Request types of signed-in users, for views.

At runtime they are Django's and DRF's own: LoginRequiredMiddleware and the API's permissions let
nobody else reach these views, and HtmxMiddleware adds `htmx`.
"""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from users.models import User


class UserRequest(HttpRequest):
    """A page request by a signed-in user."""

    user: User
    htmx: HtmxDetails


class UserApiRequest(Request):
    """An API request by an authenticated user."""

    user: User


def user_of(request: HttpRequest | Request) -> User:
    """The signed-in user, for code whose request type a library declares:
    admin, allauth, filters.
    """
    return cast(User, request.user)
