"""Keeps a person's home page as HTML until anything on it changes (insights/figures/state.py).

Only the latest page without parameters is kept. Its CSRF token is a placeholder that each response
replaces with one of its own.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from banking.kernel.keeping import keep, recall
from banking.limits import HOME_SECONDS
from insights.figures.kept import HOME, key_of
from insights.figures.state import digest_of, state_of
from users.models import User
from users.signed_in import UserRequest


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page with `token` wherever a CSRF token belongs."""

    html: str
    token: str

    def body(self, request: HttpRequest) -> str:
        return self.html.replace(self.token, get_token(request))


def rendered(request: HttpRequest, template: str, context: dict[str, Any]) -> Rendered:
    """The template as a page that may be kept."""
    token = secrets.token_hex(32)
    return Rendered(render_to_string(template, context | {"csrf_token": token}, request), token)


def kept_page(user: User, state: str) -> Rendered | None:
    """The page kept from this state, if there is one."""
    return recall(key_of(HOME, user.pk), state) if state else None


def keep_page(user: User, state: str, page: Rendered) -> None:
    """Keep the page unless its state says that it must not be kept."""
    if state:
        keep(key_of(HOME, user.pk), state, page, HOME_SECONDS)


def state_for(request: UserRequest, on: date) -> str:
    """The state of the page that is asked for; "" if it must not be kept.

    Not kept are pages with parameters or messages, views as somebody else, and anything while its
    templates may be edited. Runs one query.
    """
    is_plain = request.method in ("GET", "HEAD") and not request.GET
    is_plain = is_plain and not len(get_messages(request))
    if settings.DEBUG or request.user.is_stand_in or not is_plain:
        return ""
    return digest_of([state_of(request.user, on), request.get_full_path()])


def tag_of(request: UserRequest, state: str, now: datetime) -> str | None:
    """The page's ETag, valid as long as the page would be kept; None if it must not be.

    Forms of a page with another CSRF secret, as before signing in anew, would be refused.
    """
    if not state:
        return None
    get_token(request)
    hour = int(now.timestamp() / HOME_SECONDS)
    return f'"{digest_of([state, request.META["CSRF_COOKIE"], hour])[:40]}"'
