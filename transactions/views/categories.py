"""The category tree, and editing the user's own categories."""

from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from banking.kernel.forms import errors_on, say_with_undo
from transactions import dispatching
from transactions.forms.categories import CategoryDeleteForm, CategoryForm, entries_of
from transactions.models import Category, CategoryRule, Change, Transaction
from transactions.services.categories import create_category, edit_category
from users.policy import Ability, may, require
from users.signed_in import UserRequest

RULES_NAMED = 10


@dataclass(slots=True)
class Branch:
    """A top-level category and its children."""

    category: Category
    children: list[Category] = field(default_factory=list)


@require_safe
def category_list(request: UserRequest) -> HttpResponse:
    """Every category available to this user, by kind."""
    found = list(Category.objects.visible_to(request.user))
    branches = {category.pk: Branch(category) for category in found if category.parent_id is None}
    for category in found:
        if category.parent_id in branches:
            branches[category.parent_id].children.append(category)
    kinds = [
        (label, [branch for branch in branches.values() if branch.category.kind == kind])
        for kind, label in Category.Kind.choices
    ]
    context = {"kinds": kinds, "may_change": may(request.user, Ability.CHANGE_OWN_DATA)}
    return render(request, "transactions/category_list.html", context)


def category_create(request: UserRequest) -> HttpResponse:
    """Create a category."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    initial = {"parent": request.GET.get("parent", "")}
    form = CategoryForm(request.POST or None, initial=initial, user=request.user)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            create_category(actor=request.user, user=request.user, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("transactions:category_list")
    return _form_page(request, "transactions/category_create.html", form)


def category_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Update one of the user's categories."""
    category = _own_category(request, pk)
    form = CategoryForm(
        request.POST or None, initial=entries_of(category), user=request.user, category=category
    )
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            edit_category(actor=request.user, category=category, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("transactions:category_list")
    return _form_page(request, "transactions/category_edit.html", form, category=category)


@require_http_methods(["GET", "HEAD", "POST"])
def category_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Show what deleting a category affects, ask where its transactions go, then delete it."""
    category = _own_category(request, pk)
    rules = CategoryRule.objects.visible_to(request.user).filter(category=category)
    form = CategoryDeleteForm(
        request.POST if request.method == "POST" else None,
        category=category,
        rule_count=rules.count(),
    )
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            change = dispatching.remove_category_soon(
                request.user,
                category,
                target=form.cleaned_data["target"],
                with_rules=form.with_rules,
            )
            if change is not None and change.is_unfinished:
                return redirect("transactions:change_detail", change.pk)
            if change is not None:
                _say_deleted(request, change)
            return redirect("transactions:category_list")
    rows = Transaction.objects.filter(category=category, deleted_at=None)
    context = {
        "category": category,
        "rows_count": rows.count(),
        "rules": list(rules[:RULES_NAMED]),
        "more_rules": max(0, rules.count() - RULES_NAMED),
    }
    return _form_page(request, "transactions/category_delete.html", form, **context)


def _say_deleted(request: UserRequest, change: Change) -> None:
    words = ngettext(
        "%(name)s deleted. %(count)s transaction moved.",
        "%(name)s deleted. %(count)s transactions moved.",
        change.row_count,
    )
    sentence = words % {"name": change.title, "count": change.row_count}
    say_with_undo(request, sentence, "transactions:change_undo", change.pk)


def _own_category(request: UserRequest, pk: int) -> Category:
    visible = Category.objects.visible_to(request.user).select_related("parent")
    category = get_object_or_404(visible, pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    if category.user_id is None:
        raise PermissionDenied(_("You can't change built-in categories. Add your own instead."))
    return category


def _form_page(request: UserRequest, template: str, form: Form, **context: object) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)
