""" "View as": an owner sees the pages as a person they share accounts with would.

The stand-in user owns nothing and sees only the owner's accounts shared with that person, at that
level, so never more than the owner sees anyway. Nothing can be changed meanwhile: unsafe methods
and any statement that would write to the database are refused.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import AccountShare
from banking.kernel.refusals import api_refusal, is_api
from users.audit import trail
from users.models import User
from users.policy import Ability, require
from users.signed_in import user_of

KEY = "viewing_as"
# It has no row in the database.
NOBODY = -1
SAFE = ("GET", "HEAD", "OPTIONS")
_READING = ("SELECT", "(SELECT", "WITH", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
# Settings, files and permissions stay private even while viewing as someone else.
_OWN = (
    *("/users/", "/admin/", "/accounts/sharing/", "/api/shares"),
    *("/exports/", "/alerts/subscriptions/", "/transactions/export/", "/dashboard/cards/"),
)
REFUSAL = Ability.ACT.value


@dataclass(frozen=True, slots=True)
class ViewedAs:
    """The person being viewed as, for the banner on every page."""

    name: str
    level: str

    def shows(self, path: str) -> bool:
        """Whether the menu offers this page. Pages that would be refused are left out."""
        return is_page_to_look_at(path)


def start(*, actor: User, share: AccountShare, session: Any) -> None:
    """View the pages as this share's member until stopped."""
    require(actor, Ability.CHANGE_OWN_DATA)
    if share.user_id != actor.pk or not share.is_open:
        raise PermissionDenied("You can only view as someone you share accounts with.")
    session[KEY] = {"member": share.member_id, "email": share.email}
    trail.record(actor=actor, action="accounts.view_as.started", target=share, owner_id=actor.pk)


def stop(*, actor: User, session: Any) -> None:
    """Stop viewing as another person."""
    if session.pop(KEY, None) is not None:
        trail.record(actor=actor, action="accounts.view_as.stopped", owner_id=actor.pk)


def stand_in(owner: User, person: dict[str, Any]) -> User | None:
    """A user who sees what the owner shares with this person, or None if nothing is shared."""
    shares = AccountShare.objects.given_by(owner).filter(
        status__in=[AccountShare.Status.INVITED, AccountShare.Status.ACCEPTED]
    )
    if person["member"] is None:
        shares = shares.filter(member=None, invited_email=person["email"])
    else:
        shares = shares.filter(member=person["member"])
    found = list(shares.select_related("member"))
    levels = {share.account_id: share.level for share in found}
    if not found:
        return None
    known = next(
        (share.member for share in found if share.status == AccountShare.Status.ACCEPTED), None
    )
    is_analyst = AccountShare.Level.ANALYST in levels.values()
    user = User(
        pk=NOBODY,
        email=person["email"],
        # The owner learns the other person's name only after they accept.
        name=known.name if known else "",
        role=User.Role.ANALYST if is_analyst else User.Role.VIEWER,
        base_currency=owner.base_currency,
        timezone=owner.timezone,
        locale=owner.locale,
        theme=owner.theme,
    )
    user.is_stand_in = True
    user._shared_account_ids = levels
    return user


class ViewingAs:
    """Middleware that swaps the signed-in user for the stand-in. This is the only place
    that does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        owner = user_of(request)
        person = request.session.get(KEY) if owner.is_authenticated else None
        if person is None or request.path in (stop_url(), reverse("account_logout")):
            return self.get_response(request)
        user = stand_in(owner, person)
        if user is None:
            stop(actor=owner, session=request.session)
            messages.info(
                request,
                _(
                    "You no longer share anything with this person, so we "
                    "switched you back to your own view."
                ),
            )
            return redirect("accounts:share_list")
        request.user = user
        cast(Any, request).viewing_as = ViewedAs(user.get_full_name(), user.role)
        try:
            if request.method not in SAFE or not is_page_to_look_at(request.path):
                return refuse(request)
            with ExitStack() as stack:
                for connection in connections.all():
                    stack.enter_context(connection.execute_wrapper(only_reading))
                return self.get_response(request)
        finally:
            # The surrounding middleware writes audit events and sessions for the signed-in user.
            request.user = owner


def stop_url() -> str:
    return reverse("accounts:share_view_as_stop")


def is_page_to_look_at(path: str) -> bool:
    """Whether the page may be viewed as another person: not settings, sign-in, sharing, files or
    staff pages.
    """
    return not path.startswith(_OWN)


def refuse(request: HttpRequest) -> HttpResponse:
    """Answer 403 in the format of the page or API."""
    if is_api(request):
        return api_refusal(status=403, code="viewing_as", detail=REFUSAL)
    return render(request, "403.html", {"exception": REFUSAL}, status=403)


def only_reading(execute: Any, sql: Any, params: Any, many: bool, context: dict) -> Any:
    """Check every SQL statement and refuse those not known to be read-only."""
    if not str(sql).lstrip().upper().startswith(_READING):
        raise PermissionDenied(REFUSAL)
    return execute(sql, params, many, context)
