"""The home page, its arrangement, and sample data."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from banking.kernel.forms import say_with_undo, tell_refusal
from banking.kernel.outages import if_possible
from insights.figures.period_choice import choose_period
from insights.figures.questions import include_shared_in
from insights.home.arranging import arrange_cards, move_card, note_visit, reset_cards
from insights.home.cards import PLACES, layout_from
from insights.home.context import home_context
from insights.home.page import home_page
from insights.home.sampling import (
    add_sample_data,
    remove_sample_data,
    restore_sample_data,
)
from insights.models import HomeState, SampleData
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def home(request: UserRequest) -> HttpResponse:
    """How the month goes, what is safe to spend, what needs the person, and their cards."""
    user, now = request.user, timezone.now()
    on = local_date(user.timezone, now)
    status = 200
    try:
        choice, shared = choose_period(request.GET, on=on), include_shared_in(request.GET)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        choice, shared, status = choose_period({}, on=on), None, 422
    page = home_page(user=user, choice=choice, on=on, include_shared=shared)
    # This page is from before the visit; noting it changes the state of the next.
    with if_possible():
        note_visit(user=user, state=page.state, at=now, is_set_up=page.is_set_up)
    context = home_context(page)
    if not page.overview.is_empty:
        return render(request, "insights/home.html", context, status=status)
    context["may_add_sample"] = may(user, Ability.CHANGE_OWN_DATA)
    return render(request, "insights/home_empty.html", context, status=status)


def home_cards(request: UserRequest) -> HttpResponse:
    """Choose which cards the home page shows, and where.

    A form moves one card; the script sends the whole order after a drag.
    """
    if request.method == "POST":
        try:
            _arrange(request)
        except ValidationError as error:
            tell_refusal(request, error)
        if not request.htmx:
            return redirect("insights:home_cards")
    state = HomeState.objects.visible_to(request.user).first()
    template = "home/_arrange.html" if request.htmx else "home_cards.html"
    return render(request, f"insights/{template}", {"layout": layout_from(state)})


def _arrange(request: UserRequest) -> None:
    sent = request.POST
    if sent.get("act") == "reset":
        reset_cards(actor=request.user)
        messages.success(request, _("Your dashboard has its usual layout again."))
    elif "card" in sent:
        move_card(actor=request.user, card=sent["card"], act=sent.get("act", ""))
    else:
        narrow, wide, hidden = (sent.get(place, "").split() for place in PLACES)
        arrange_cards(actor=request.user, narrow=narrow, wide=wide, hidden=hidden)


@require_POST
def sample_add(request: UserRequest) -> HttpResponse:
    """Fill an empty dashboard with an invented household."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        add_sample_data(actor=request.user, on=local_date(request.user.timezone, timezone.now()))
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, _("Sample data added. Remove it whenever you like."))
    return redirect("insights:home")


@require_POST
def sample_remove(request: UserRequest) -> HttpResponse:
    """Remove the sample data; the message offers an undo."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    get_object_or_404(SampleData.objects.visible_to(request.user))
    remove_sample_data(actor=request.user, at=timezone.now())
    say_with_undo(request, _("Sample data removed."), "insights:sample_restore")
    return redirect("insights:home")


@require_POST
def sample_restore(request: UserRequest) -> HttpResponse:
    """Bring the removed sample data back."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    get_object_or_404(SampleData.objects.visible_to(request.user))
    try:
        restore_sample_data(actor=request.user)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, _("Sample data is back."))
    return redirect("insights:home")
