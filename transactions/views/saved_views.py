"""Save, rename and delete views of the list."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from banking.kernel.forms import errors_on, tell_refusal
from transactions.filters import with_plain_amounts
from transactions.forms.saved_views import SavedViewForm
from transactions.models import SavedView
from transactions.services.saved_views import delete_view, edit_view, save_view
from users.policy import Ability, require
from users.signed_in import UserRequest


@require_POST
def view_create(request: UserRequest) -> HttpResponse:
    """Save the list's current URL under a name."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    query = with_plain_amounts(QueryDict(request.POST.get("query", ""), mutable=True)).urlencode()
    try:
        view = save_view(actor=request.user, name=request.POST.get("name", ""), query=query)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
    return redirect(_address(query))


@require_http_methods(["GET", "HEAD", "POST"])
def view_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Rename a view."""
    view = _find_to_change(request, pk)
    form = SavedViewForm(request.POST or None, initial={"name": view.name})
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            view = edit_view(actor=request.user, view=view, **form.cleaned_data)
            messages.success(request, _("View renamed to “%(name)s”.") % {"name": view.name})
            return redirect(_address(view.query))
    status = 422 if form.errors else 200
    context = {"form": form, "view": view}
    return render(request, "transactions/view_edit.html", context, status=status)


@require_POST
def view_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Delete a view."""
    view = _find_to_change(request, pk)
    delete_view(actor=request.user, view=view)
    messages.success(request, _("View “%(name)s” deleted.") % {"name": view.name})
    return redirect("transactions:transaction_list")


def _find_to_change(request: UserRequest, pk: int) -> SavedView:
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    return view


def _address(query: str) -> str:
    return f"{reverse('transactions:transaction_list')}?{query}"
