"""Bulk actions on the list: on the checked rows, or on all filter results."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from banking.kernel.forms import go_back, row_ids
from banking.limits import ROWS_CHOSEN
from transactions import dispatching
from transactions.filters import TransactionFilter
from transactions.forms.bulk import BulkForm
from transactions.models import Change, Transaction, TransactionQuerySet
from users.policy import Ability, require
from users.signed_in import UserRequest


@require_POST
def transaction_bulk(request: UserRequest) -> HttpResponse:
    """Change or delete the selected rows. The message offers to undo it."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    query = QueryDict(request.POST.get("query", ""))
    back = f"{reverse('transactions:transaction_list')}?{query.urlencode()}"
    form = BulkForm(request.POST, user=request.user)
    if not form.is_valid():
        sentences = [str(sentence) for errors in form.errors.values() for sentence in errors]
        messages.error(request, " ".join(sentences))
        return redirect(back)
    rows = _chosen(request, query)
    if rows is None:
        messages.info(request, _("Choose some transactions first."))
        return redirect(back)
    try:
        change = _carry_out(request, form, rows)
    except ValidationError as error:
        return go_back(request, error, back)
    if change is not None and change.is_unfinished:
        return redirect("transactions:change_detail", change.pk)
    _say(request, form, change)
    return redirect(back)


def _chosen(request: UserRequest, query: QueryDict) -> TransactionQuerySet | None:
    """The user's own checked rows or filter results, or None if nothing is selected."""
    own = Transaction.objects.visible_to(request.user).filter(user=request.user)
    if "all" in request.POST:
        filters = TransactionFilter(query, queryset=own, request=request)
        return filters.qs if filters.is_valid() else None
    ids = row_ids(request.POST.getlist("ids"))
    return own.filter(pk__in=ids[:ROWS_CHOSEN]) if ids else None


def _carry_out(request: UserRequest, form: BulkForm, rows: TransactionQuerySet) -> Change | None:
    now = timezone.now()
    if form.cleaned_data["do"] == "delete":
        return dispatching.delete_soon(request.user, rows, at=now)
    return dispatching.edit_soon(request.user, rows, at=now, **form.changes())


def _say(request: UserRequest, form: BulkForm, change: Change | None) -> None:
    if change is None:
        messages.info(request, _("Nothing to change. The selected transactions already match."))
        return
    if form.cleaned_data["do"] == "delete":
        words = ngettext(
            "%(count)s transaction moved to the trash.",
            "%(count)s transactions moved to the trash.",
            change.row_count,
        )
    else:
        words = ngettext(
            "%(count)s transaction changed.", "%(count)s transactions changed.", change.row_count
        )
    undo = reverse("transactions:change_undo", args=[change.pk])
    messages.success(request, words % {"count": change.row_count}, extra_tags=f"undo:{undo}")
