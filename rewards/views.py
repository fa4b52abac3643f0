"""Pages of reward programs. Other people's programs are a 404."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from banking.kernel.forms import errors_on, say_with_undo, stay
from banking.kernel.keyset import keyset_page
from banking.limits import LINES_A_PAGE
from rewards.forms import EntryForm, RewardForm, entries_of, new_entries
from rewards.models import Reward
from rewards.services import (
    add_entry,
    create_program,
    delete_program,
    edit_program,
    restore_program,
)
from rewards.totals import best_alternative, rewards_total
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def reward_list(request: UserRequest) -> HttpResponse:
    """All programs: value, expiring points, and what another program would have earned."""
    user, on = request.user, _today(request)
    total = rewards_total(user=user, on=on)
    context = {
        "total": total,
        "alternative": best_alternative(total, on=on),
        "may_change": may(user, Ability.CHANGE_OWN_DATA),
        "trash": Reward.objects.filter(user=user).exclude(deleted_at=None).order_by("-deleted_at"),
    }
    return render(request, "rewards/reward_list.html", context)


@require_safe
def reward_detail(request: UserRequest, pk: int) -> HttpResponse:
    """One program with its points history."""
    reward = _find(request, pk)
    form = EntryForm(initial={"kind": "redeem", "on": _today(request)})
    return _detail(request, reward, form)


def reward_create(request: UserRequest) -> HttpResponse:
    """Open a program."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    user = request.user
    form = RewardForm(request.POST or None, initial=new_entries(user))
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            reward = create_program(actor=user, user=user, on=_today(request), **form.cleaned_data)
            messages.success(request, _("%(name)s added.") % {"name": reward.program_name})
            return redirect("rewards:reward_detail", reward.pk)
    status = 422 if form.errors else 200
    return render(request, "rewards/reward_create.html", {"form": form}, status=status)


def reward_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Change a program's terms."""
    reward = _find_to_change(request, pk)
    form = RewardForm(request.POST or None, initial=entries_of(reward))
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            edit_program(actor=request.user, reward=reward, on=_today(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("rewards:reward_detail", pk)
    status, context = 422 if form.errors else 200, {"form": form, "reward": reward}
    return render(request, "rewards/reward_edit.html", context, status=status)


@require_POST
def entry_create(request: UserRequest, pk: int) -> HttpResponse:
    """Earn, redeem or adjust points."""
    reward = _find_to_change(request, pk)
    form = EntryForm(request.POST)
    if form.is_valid():
        with errors_on(form):
            add_entry(actor=request.user, reward=reward, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("rewards:reward_detail", pk)
    return _detail(request, reward, form, status=422)


@require_POST
def reward_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Move a program to the trash; the message offers an undo."""
    reward = _find_to_change(request, pk)
    delete_program(actor=request.user, reward=reward)
    say_with_undo(
        request,
        _("%(name)s moved to the trash.") % {"name": reward.program_name},
        "rewards:reward_restore",
        pk,
    )
    return redirect("rewards:reward_list")


@require_POST
def reward_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Take a program out of the trash."""
    reward = get_object_or_404(Reward.objects.filter(user=request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    restore_program(actor=request.user, reward=reward)
    messages.success(request, _("%(name)s restored.") % {"name": reward.program_name})
    return stay(request, "rewards:reward_list")


def _detail(
    request: UserRequest, reward: Reward, form: EntryForm, status: int = 200
) -> HttpResponse:
    total = rewards_total(user=request.user, on=_today(request))
    page = keyset_page(
        reward.entries.all(), ["-occurred_on", "-id"], LINES_A_PAGE, request.GET.get("cursor")
    )
    context = {
        "reward": reward,
        "holding": next(holding for holding in total.holdings if holding.reward.pk == reward.pk),
        "page": page,
        "form": form,
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
    }
    return render(request, "rewards/reward_detail.html", context, status=status)


def _today(request: UserRequest) -> date:
    return local_date(request.user.timezone, timezone.now())


def _find(request: UserRequest, pk: int) -> Reward:
    return get_object_or_404(Reward.objects.visible_to(request.user), pk=pk)


def _find_to_change(request: UserRequest, pk: int) -> Reward:
    reward = _find(request, pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    return reward
