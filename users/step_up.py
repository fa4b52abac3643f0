"""Step-up: what is sensitive asks for a factor proven in the last STEP_UP_SECONDS.

A page's proof is allauth's record in the session. Whoever has none is led to its page for the
password or a code, and then on to what they asked for: a POST is kept and carried out (so a form
that may be shown again names its own address as `action`). The API's proof is a signed token,
bound to the user, their `session_version` and the client that asked. Signing in is no proof: a
stolen session is what this is about. For staff acts alone a sign-in of the last minutes is one
(SIGN_IN_PROVES_SECONDS): staff sign in to do them.
"""

from collections.abc import Callable
from functools import wraps
from time import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from users.allauth_private import get_authentication_records, suspend_request
from users.models import User

SALT = "users.step_up"


def step_up_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a page, GET and POST: nobody gets in without a fresh proof."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ask_for_step_up(request)
        return view(request, *args, **kwargs)

    return guarded


def ask_for_step_up(request: HttpRequest) -> None:
    """Inside a page: leave it for the proof, unless there is a fresh one. Ask before any change."""
    if not has_fresh_proof(request):
        # allauth's middleware keeps the request and answers with the way to its page.
        raise ReauthenticationRequired


def ask_for_staff_step_up(request: HttpRequest) -> None:
    """As `ask_for_step_up`, before staff give rights or take them; having just signed in counts."""
    records = get_authentication_records(request, request.user)
    if not records or not is_sign_in_fresh(records[-1]["at"], time()):
        ask_for_step_up(request)


def is_sign_in_fresh(signed_in_at: float, now: float) -> bool:
    """Whether a sign-in at this moment still proves who somebody is; servers' clocks differ."""
    return -5 <= now - signed_in_at < settings.SIGN_IN_PROVES_SECONDS


def lead_htmx_to_step_up(request: HttpRequest) -> HttpResponse:
    """What asked was a part of a page: the whole page goes, and what is kept answers as a page."""
    away = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
    back = urlsplit(request.headers.get("HX-Current-URL", ""))
    for name in [name for name in request.META if name.startswith("HTTP_HX_")]:
        del request.META[name]
    if request.method == "POST" or back.netloc != request.get_host():
        return HttpResponseClientRedirect(suspend_request(request, away)["Location"])
    query = urlencode({"next": urlunsplit(("", "", back.path, back.query, ""))})
    return HttpResponseClientRedirect(f"{away}?{query}")


def has_fresh_proof(request: HttpRequest) -> bool:
    """Whether this browser session proved a factor just now."""
    proofs = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("reauthenticated")
    ]
    return bool(proofs) and 0 <= time() - proofs[-1] < settings.STEP_UP_SECONDS


def issue_token(user: User, client: str) -> str:
    """The API's proof. `client` names the token family or browser session it is good for."""
    return signing.dumps([user.pk, user.session_version, client], salt=SALT)


def is_valid_token(token: str, user: User, client: str) -> bool:
    """Whether this is the user's own proof, by this client, fresh, and from before no sign-out."""
    try:
        proven = signing.loads(token, salt=SALT, max_age=settings.STEP_UP_SECONDS)
    except signing.BadSignature:
        return False
    return proven == [user.pk, user.session_version, client]
