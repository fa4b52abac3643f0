"""Shows a page again as it was rendered, while nothing on it has changed.

A page's state is what its person may see (insights/figures/state.py), with its address, their
session and cookies, and the hour. The latest page of each kind in PAGES is kept with its state, of
which its ETag is made: whoever still has the page gets 304. The state is read before the page, so a
change in between makes it older than the page, never newer.

Kept pages have no CSRF token: each response gets one of its own. Not kept are pages with messages,
fragments, views as somebody else, and anything while its templates may be edited.
"""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.cache import get_conditional_response

from banking.kernel.keeping import keep, recall
from banking.limits import PAGE_SECONDS
from insights.figures.kept import PAGES, key_of
from insights.figures.state import digest_of, state_of
from users.signed_in import user_of
from users.timezones import local_date

# In quotes, which are found five times as fast as ends of words.
_TOKEN = re.compile(rb'"([0-9A-Za-z]{64})"')
# Where the request's key, state and ETag wait for its response; no header can have this name.
_ASKED = "insights.kept_pages"


class KeptPages:
    """Middleware, the innermost: all else happens to a kept page as to a new one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not _may_be_kept(request):
            return None
        token = get_token(request)
        key, state = _key_of(request), _state_of(request)
        tag = _tag_of(request, state)
        answer: Any = get_conditional_response(request, etag=tag)
        if answer is None:
            parts = recall(key, state)
            if parts is None:
                request.META[_ASKED] = key, state, tag
                return None
            answer = HttpResponse(token.encode().join(parts))
        answer["ETag"] = tag
        return answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        asked = request.META.get(_ASKED)
        if asked is None or answer.status_code != 200 or not isinstance(answer, HttpResponse):
            return answer
        key, state, tag = asked
        told: Any = get_messages(request)
        tokens = set(_TOKEN.findall(answer.content))
        if len(tokens) == 1 and not answer.cookies and not told.used:
            keep(key, state, answer.content.split(tokens.pop()), PAGE_SECONDS)
            answer["ETag"] = tag
        return answer


def _may_be_kept(request: HttpRequest) -> bool:
    match, user = request.resolver_match, user_of(request)
    if match is None or match.view_name not in PAGES or request.method not in ("GET", "HEAD"):
        return False
    if settings.DEBUG or not user.is_authenticated or user.is_stand_in:
        return False
    return "HX-Request" not in request.headers and not len(get_messages(request))


def _key_of(request: HttpRequest) -> str:
    match: Any = request.resolver_match
    return key_of(match.view_name, user_of(request).pk)


def _state_of(request: HttpRequest) -> str:
    user, now = user_of(request), timezone.now()
    # They change no page.
    secrets = {settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_NAME}
    return digest_of(
        [
            state_of(user, local_date(user.timezone, now)),
            (request.is_secure(), request.get_host(), request.get_full_path()),
            sorted((name, value) for name, value in request.COOKIES.items() if name not in secrets),
            sorted((name, repr(value)) for name, value in request.session.items()),
            int(now.timestamp() / PAGE_SECONDS),
        ]
    )


def _tag_of(request: HttpRequest, state: str) -> str:
    """The page's ETag. With another CSRF secret, as after signing in anew, the forms of a page that
    the browser still has would be refused. The request must have its token.
    """
    return f'"{digest_of([state, request.META["CSRF_COOKIE"]])[:40]}"'
