"""Categorize by merchant: one choice settles all uncategorized transactions of a merchant."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from banking.kernel.forms import errors_on, row_ids
from banking.limits import GROUPS_A_PAGE
from transactions import dispatching
from transactions.forms.choosing import category_choices
from transactions.forms.merchant_groups import GroupForm
from transactions.known_categories import categories_of
from transactions.merchant_groups import (
    GroupPage,
    find_group,
    give_examples,
    give_suggestions,
    group_page,
    merchant_groups,
)
from transactions.models import Change
from transactions.rules.rule_proposals import is_worth_a_rule
from users.policy import Ability, may, require
from users.signed_in import UserRequest


@require_safe
def group_list(request: UserRequest) -> HttpResponse:
    """The merchants with uncategorized transactions, the most frequent first."""
    after = request.GET.get("after", "")
    page = group_page(request.user, after=after, page_size=GROUPS_A_PAGE)
    context = {
        "page": page,
        "after": after,
        "category_options": _category_options(request),
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
        **_settled(request, row_ids([request.GET.get("settled", "")])),
    }
    return render(request, "transactions/group_list.html", context)


@require_POST
def group_settle(request: UserRequest) -> HttpResponse:
    """Set the category of every uncategorized transaction of one merchant, as one change."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    form = GroupForm(request.POST, user=request.user)
    group = find_group(request.user, form.group())
    if group is None:
        messages.info(request, _("There was nothing to change."))
        return _back(request)
    if form.is_valid():
        with errors_on(form):
            category = form.cleaned_data["category"]
            change = dispatching.settle_group_soon(
                request.user, group, category=category, at=timezone.now()
            )
            return _after(request, change)
    if not request.htmx:
        messages.error(request, " ".join(map(str, form.errors.get("category", ()))))
        return _back(request)
    give_examples(request.user, [group])
    give_suggestions(request.user, [group])
    context = {
        "group": group,
        "form": form,
        "category_options": _category_options(request),
        "may_change": True,
    }
    return render(request, "transactions/_group.html", context, status=422)


def _category_options(request: UserRequest) -> SafeString:
    choices = category_choices(categories_of(request.user.pk), "")[1:]
    return render_to_string("transactions/_group_options.html", {"choices": choices})


def _after(request: UserRequest, change: Change | None) -> HttpResponse:
    """With htmx, the remaining groups and offers; otherwise the page again."""
    settled = [change.pk] if change else []
    if not request.htmx:
        return _back(request, *settled)
    groups = merchant_groups(request.user)
    left = GroupPage([], "", len(groups), sum(group.count for group in groups))
    context = {"page": left, **_settled(request, settled)}
    return render(request, "transactions/_group_settled.html", context)


def _settled(request: UserRequest, ids: list[int]) -> dict[str, Any]:
    """The change that categorized a group, and the transaction to base a rule on."""
    change = Change.objects.visible_to(request.user).filter(pk__in=ids, undone_at=None).first()
    if change is None:
        return {"settled": None}
    first = change.rows.select_related("transaction__category").first()
    row = first.transaction if first else None
    return {"settled": change, "row": row, "offers_rule": row is not None and is_worth_a_rule(row)}


def _back(request: UserRequest, settled: int | None = None) -> HttpResponse:
    query = QueryDict(mutable=True)
    if after := request.POST.get("after"):
        query["after"] = after
    if settled:
        query["settled"] = str(settled)
    return redirect(f"{reverse('transactions:group_list')}?{query.urlencode()}")
