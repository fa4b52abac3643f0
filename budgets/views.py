"""Budget pages. What the user may not see is a 404; a role without budgets gets 403."""

import re
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from banking.kernel.forms import errors_on, go_back, say_with_undo, stay, tell_refusal, yes_or_no
from banking.kernel.periods import first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from budgets.forms import BudgetForm, entries_of, new_entries
from budgets.models import Budget, asking_owners, check_month
from budgets.month_page import month_page
from budgets.page import detail_context, list_context, list_url
from budgets.progress import progress_and_trend
from budgets.services import (
    adopt_suggestions,
    copy_last_month,
    create_budget,
    delete_budget,
    edit_budget,
    require_change,
    restore_budget,
)
from budgets.suggestions import suggestions
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.timezones import local_date

_MONTH = re.compile(r"(\d{4})-(\d{1,2})", re.ASCII)


@require_safe
def budget_list(request: UserRequest) -> HttpResponse:
    """One month's budgets with what is left of each; the current month by default."""
    require(request.user, Ability.SEE_BUDGETS)
    user, on, status = request.user, _today(request), 200
    try:
        start = _chosen_month(request.GET.get("month", ""), on)
    except ValidationError as error:
        tell_refusal(request, error)
        start, status = first_of_month(on), 422
    try:
        asked = yes_or_no(request.GET, "include_shared")
    except ValidationError as error:
        tell_refusal(request, error)
        asked, status = None, 422
    page = month_page(user=user, start=start, on=on, include_shared=asked)
    extra = {} if asked is None else {"include_shared": str(int(asked))}
    context = list_context(page.shown, extra) | {
        "may_change": may(user, Ability.CHANGE_OWN_DATA),
        "suggestions": page.suggestions,
        "copy_count": page.copy_count,
        "trash": page.trash,
    }
    return render(request, "budgets/budget_list.html", context, status=status)


@require_safe
def budget_detail(request: UserRequest, pk: int) -> HttpResponse:
    """One budget's progress, and its category's last twelve months."""
    with read_snapshot():
        read_together(*asking_owners(request.user))
        budget = _find(request, pk)
        context = detail_context(*progress_and_trend(budget, on=_today(request)))
    context["may_change"] = budget.user_id == request.user.pk and may(
        request.user, Ability.CHANGE_OWN_DATA
    )
    return render(request, "budgets/budget_detail.html", context)


def budget_create(request: UserRequest) -> HttpResponse:
    """Set a limit for one category in one month."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    user = request.user
    try:
        month = _chosen_month(request.GET.get("month", ""), _today(request))
    except ValidationError:
        month = first_of_month(_today(request))
    initial = new_entries(user, month, request.GET.get("category", ""))
    form = BudgetForm(request.POST or None, initial=initial, owner=user)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            budget = create_budget(actor=user, user=user, **form.cleaned_data)
            messages.success(
                request, _("Budget for %(name)s added.") % {"name": budget.category.name}
            )
            return redirect(list_url(budget.starts_on, _today(request)))
    return _form_page(request, "budgets/budget_create.html", form, month_value=f"{month:%Y-%m}")


def budget_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Change a budget."""
    budget = _find_to_change(request, pk)
    form = BudgetForm(
        request.POST or None, initial=entries_of(budget), owner=budget.user, budget=budget
    )
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            edit_budget(actor=request.user, budget=budget, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("budgets:budget_detail", pk)
    return _form_page(request, "budgets/budget_edit.html", form, budget=budget)


@require_POST
def budget_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Move a budget to the trash."""
    budget = _find_to_change(request, pk)
    delete_budget(actor=request.user, budget=budget)
    say_with_undo(
        request,
        _("Budget for %(name)s moved to the trash.") % {"name": budget.category.name},
        "budgets:budget_restore",
        pk,
    )
    return redirect(list_url(budget.starts_on, _today(request)))


@require_POST
def budget_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Take a budget out of the trash."""
    budget = get_object_or_404(Budget.objects.in_reach_of(request.user).for_list(), pk=pk)
    require_change(request.user, budget)
    try:
        restore_budget(actor=request.user, budget=budget)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        name = budget.category.name
        messages.success(request, _("Budget for %(name)s restored.") % {"name": name})
    return stay(request, list_url(budget.starts_on, _today(request)))


@require_POST
def budget_copy(request: UserRequest) -> HttpResponse:
    """Copy the previous month's budgets into a month."""
    return _add_to_month(
        request,
        lambda month: copy_last_month(
            actor=request.user, user=request.user, year=month.year, month=month.month
        ),
    )


@require_POST
def budget_adopt(request: UserRequest) -> HttpResponse:
    """Create a budget from one suggestion (`category`), or from all."""
    chosen = set(request.POST.getlist("category"))

    def adopt(month: date) -> int:
        names: dict[str, Any] = {"year": month.year, "month": month.month}
        found = suggestions(user=request.user, on=_today(request), **names)
        wanted = [
            (suggestion.category, suggestion.amount, suggestion.currency)
            for suggestion in found
            if not chosen or suggestion.category.slug in chosen
        ]
        return adopt_suggestions(actor=request.user, user=request.user, suggestions=wanted, **names)

    return _add_to_month(request, adopt)


def _add_to_month(request: UserRequest, add: Any) -> HttpResponse:
    require(request.user, Ability.CHANGE_OWN_DATA)
    on = _today(request)
    try:
        month = _chosen_month(request.POST.get("month", ""), on)
        count = add(month)
    except ValidationError as error:
        return go_back(request, error, "budgets:budget_list")
    if count:
        sentence = ngettext("%(count)d budget added.", "%(count)d budgets added.", count)
        messages.success(request, sentence % {"count": count})
    else:
        messages.info(request, _("There was nothing to add."))
    return redirect(list_url(month, on))


def _today(request: UserRequest) -> date:
    return local_date(request.user.timezone, timezone.now())


def _chosen_month(text: str, on: date) -> date:
    """The first day of "2026-03"; of `on`'s month if absent."""
    if not text:
        return first_of_month(on)
    match = _MONTH.fullmatch(text)
    if match is None:
        raise ValidationError({"month": _("Send a month such as 2025-12.")})
    year, month = int(match[1]), int(match[2])
    check_month(year, month)
    return date(year, month, 1)


def _find(request: UserRequest, pk: int) -> Budget:
    budget = get_object_or_404(Budget.objects.visible_to(request.user).for_list(), pk=pk)
    require(request.user, Ability.SEE_BUDGETS)
    return budget


def _find_to_change(request: UserRequest, pk: int) -> Budget:
    budget = _find(request, pk)
    require_change(request.user, budget)
    return budget


def _form_page(
    request: UserRequest, template: str, form: BudgetForm, **context: Any
) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)
