"""Step-up: sensitive actions require a factor proven in the last STEP_UP_SECONDS.

On pages, the proof is allauth's record in the session. Without one, the user is sent to enter the
password or a code, and then back to the action: a POST is kept and carried out (so a form that may
be shown again names its own URL as `action`). In the API, the proof is a signed token, bound to the
user, their `session_version` and the client. Signing in is not a proof: step-up protects against
stolen sessions. Only for staff actions does a recent sign-in count (SIGN_IN_PROVES_SECONDS),
because staff sign in to perform them.
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
    """View decorator, for GET and POST: requires a fresh proof."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ask_for_step_up(request)
        return view(request, *args, **kwargs)

    return guarded


def ask_for_step_up(request: HttpRequest) -> None:
    """Leave the page for the proof unless there is a fresh one. Call it before any change."""
    if not has_fresh_proof(request):
        # allauth's middleware keeps the request and redirects to its page.
        raise ReauthenticationRequired


def ask_for_staff_step_up(request: HttpRequest) -> None:
    """As `ask_for_step_up`, before staff grant or revoke rights; a recent sign-in also counts."""
    records = get_authentication_records(request, request.user)
    if not records or not is_sign_in_fresh(records[-1]["at"], time()):
        ask_for_step_up(request)


def is_sign_in_fresh(signed_in_at: float, now: float) -> bool:
    """Whether the sign-in is recent enough to count as proof of identity (tolerates clock skew)."""
    return -5 <= now - signed_in_at < settings.SIGN_IN_PROVES_SECONDS


def lead_htmx_to_step_up(request: HttpRequest) -> HttpResponse:
    """Navigate the whole page for an htmx request; the kept request responds as a page."""
    away = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
    back = urlsplit(request.headers.get("HX-Current-URL", ""))
    for name in [name for name in request.META if name.startswith("HTTP_HX_")]:
        del request.META[name]
    if request.method == "POST" or back.netloc != request.get_host():
        return HttpResponseClientRedirect(suspend_request(request, away)["Location"])
    query = urlencode({"next": urlunsplit(("", "", back.path, back.query, ""))})
    return HttpResponseClientRedirect(f"{away}?{query}")


def has_fresh_proof(request: HttpRequest) -> bool:
    """Whether this browser session proved a factor recently."""
    proofs = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("reauthenticated")
    ]
    return bool(proofs) and 0 <= time() - proofs[-1] < settings.STEP_UP_SECONDS


def issue_token(user: User, client: str) -> str:
    """The API's proof. `client` is the token family or browser session it is valid for."""
    return signing.dumps([user.pk, user.session_version, client], salt=SALT)


def is_valid_token(token: str, user: User, client: str) -> bool:
    """Whether the token is this user's and client's own, fresh, and not from before a sign-out."""
    try:
        proven = signing.loads(token, salt=SALT, max_age=settings.STEP_UP_SECONDS)
    except signing.BadSignature:
        return False
    return proven == [user.pk, user.session_version, client]
