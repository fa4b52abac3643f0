"""Sharing pages: who can see the user's accounts, and what others share with them."""

from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import viewing_as
from accounts.forms import InviteForm
from accounts.models import Account, AccountShare
from accounts.sharing import (
    accept_share,
    change_level,
    end_share,
    has_unconfirmed_address,
    invite,
)
from banking.kernel.forms import errors_on, go_back, row_ids
from users import limits
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.step_up import ask_for_step_up


def share_list(request: UserRequest) -> HttpResponse:
    """Invitations, accounts shared with the user, people the user shares with, and the
    invite form.
    """
    user = request.user
    asked = row_ids(request.GET.getlist("account"))
    form = InviteForm(request.POST or None, user=user, initial={"accounts": asked})
    if request.method == "POST":
        require(user, Ability.CHANGE_OWN_DATA)
        if form.is_valid():
            ask_for_step_up(request)
            limits.consume("share-invitation", str(user.pk))
            with errors_on(form):
                invite(actor=user, at=timezone.now(), **form.cleaned_data)
                sentence = _("Invitation sent to %(email)s.")
                messages.success(request, sentence % form.cleaned_data)
                return redirect("accounts:share_list")
    received = AccountShare.objects.received_by(user).select_related("account", "user")
    given = AccountShare.objects.given_by(user).select_related("account", "member")
    context = {
        "form": form,
        "invitations": _by_person(share for share in received if share.status == "invited"),
        "received": _by_person(share for share in received if share.status == "accepted"),
        "given": _by_person(given.order_by("invited_email", "account__name", "pk")),
        "is_unconfirmed": has_unconfirmed_address(user),
        "has_accounts": Account.objects.owned_by(user).exists(),
        "may_share": may(user, Ability.CHANGE_OWN_DATA),
        "levels": AccountShare.Level.choices,
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/share_list.html", context, status=status)


@require_POST
def share_accept(request: UserRequest, pk: int) -> HttpResponse:
    """Accept an invitation; with `all`, every invitation from the same owner."""
    try:
        for share in _asked_for(request, pk):
            accept_share(actor=request.user, share=share)
    except ValidationError as error:
        # The owner revoked it at the same moment.
        return go_back(request, error, "accounts:share_list")
    messages.success(request, _("Accepted. You'll see these accounts marked as shared."))
    return redirect("accounts:share_list")


@require_POST
def share_end(request: UserRequest, pk: int) -> HttpResponse:
    """Decline, leave or revoke a share; with `all`, every share with the same person."""
    try:
        for share in _asked_for(request, pk):
            end_share(actor=request.user, share=share)
    except ValidationError as error:
        return go_back(request, error, "accounts:share_list")
    messages.success(request, _("Sharing stopped."))
    return redirect("accounts:share_list")


@require_POST
def share_level(request: UserRequest, pk: int) -> HttpResponse:
    """Make a viewer an analyst, or an analyst a viewer."""
    share = _share(request, pk)
    if share.user_id != request.user.pk:
        raise PermissionDenied("Only the account's owner can change how it's shared.")
    require(request.user, Ability.CHANGE_OWN_DATA)
    ask_for_step_up(request)
    try:
        changed = change_level(actor=request.user, share=share, level=request.POST.get("level", ""))
    except ValidationError as error:
        return go_back(request, error, "accounts:share_list")
    names = {"person": changed.email, "level": changed.get_level_display().lower()}
    messages.success(request, _("%(person)s is now %(level)s.") % names)
    return redirect("accounts:share_list")


@require_POST
def share_view_as(request: UserRequest, pk: int) -> HttpResponse:
    """View the dashboard as this person would see it."""
    viewing_as.start(actor=request.user, share=_share(request, pk), session=request.session)
    return redirect("insights:home")


@require_POST
def share_view_as_stop(request: UserRequest) -> HttpResponse:
    """Stop viewing as another person."""
    viewing_as.stop(actor=request.user, session=request.session)
    return redirect("accounts:share_list")


def _share(request: UserRequest, pk: int) -> AccountShare:
    return get_object_or_404(AccountShare.objects.visible_to(request.user), pk=pk)


def _asked_for(request: UserRequest, pk: int) -> list[AccountShare]:
    """The share; with `all`, every share between the same two people in the same state."""
    share = _share(request, pk)
    if "all" not in request.POST:
        return [share]
    same = AccountShare.objects.visible_to(request.user).filter(user=share.user_id)
    if share.user_id != request.user.pk:
        same = same.filter(status=share.status)
    elif share.member_id is None:
        same = same.filter(member=None, invited_email=share.invited_email)
    else:
        same = same.filter(member=share.member_id)
    return list(same.order_by("pk"))


def _by_person(shares: Iterable[AccountShare]) -> list[list[AccountShare]]:
    """Group the shares by the two people involved."""
    people: dict[tuple, list[AccountShare]] = {}
    for share in shares:
        people.setdefault((share.user_id, share.member_id or share.invited_email), []).append(share)
    return list(people.values())
