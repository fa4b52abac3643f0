"""Saved views of the list: made from the address, taken away again."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from transactions.models import SavedView
from transactions.services.saved_views import delete_view, save_view
from users.policy import Ability, require


@require_POST
def view_create(request: HttpRequest) -> HttpResponse:
    """Keep the list's present address by a name."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    query = QueryDict(request.POST.get("query", "")).urlencode()
    try:
        view = save_view(actor=request.user, name=request.POST.get("name", ""), query=query)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return redirect(f"{reverse('transactions:transaction_list')}?{query}")


@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a view."""
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    delete_view(actor=request.user, view=view)
    messages.success(request, _("The view “%(name)s” is gone.") % {"name": view.name})
    return redirect("transactions:transaction_list")
