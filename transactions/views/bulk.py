"""Bulk actions on the list: on the checked rows, or on all filter results."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from banking.kernel.forms import go_back, row_ids, say_with_undo
from banking.limits import ROWS_CHOSEN
from transactions import dispatching
from transactions.filters import TransactionFilter
from transactions.forms.bulk import BulkForm
from transactions.holds import names_of, why_held
from transactions.models import Change, Transaction, TransactionQuerySet
from transactions.services.bulk_editing import with_fixed_category
from users.policy import Ability, require
from users.signed_in import UserRequest

# The fields of a change, each with a menu of its own.
PARTS = ("category", "tags", "notes")


@require_POST
def transaction_bulk(request: UserRequest) -> HttpResponse:
    """Change or delete the selected rows. Messages offer to undo it and name those left alone.

    With `do=choose`, show what can be done: one field for htmx, or all on a page.
    """
    require(request.user, Ability.CHANGE_OWN_DATA)
    query = QueryDict(request.POST.get("query", ""))
    back = f"{reverse('transactions:transaction_list')}?{query.urlencode()}"
    if request.POST.get("do") == "choose":
        return _choices(request, back)
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
    left_alone = _left_alone(form.cleaned_data["do"], rows)
    for sentence in left_alone:
        messages.warning(request, sentence)
    if change is not None and change.is_unfinished:
        return redirect("transactions:change_detail", change.pk)
    if change is not None or not left_alone:
        _say(request, form, change)
    return redirect(back)


def _choices(request: UserRequest, back: str) -> HttpResponse:
    form = BulkForm(user=request.user)
    if request.htmx:
        part = request.POST.get("part")
        return render(request, "transactions/_bulk_part.html", {"form": form, "part": part})
    selection = [
        (name, value)
        for name in ("ids", "all", "query")
        for value in request.POST.getlist(name)[:ROWS_CHOSEN]
    ]
    context = {"form": form, "parts": PARTS, "selection": selection, "back": back}
    return render(request, "transactions/transaction_bulk.html", context)


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


def _left_alone(do: str, rows: TransactionQuerySet) -> list[str]:
    """Which of the selected rows this action cannot change, and why, a sentence each."""
    if do == "delete":
        held = why_held(rows.filter(deleted_at=None), is_named=True)
        return [_("Not deleted: %(sentence)s") % {"sentence": held}] if held else []
    if do != "category":
        return []
    split, sides = with_fixed_category(rows)
    left = []
    if split:
        words = ngettext(
            "Category not changed: %(names)s is split. Change its parts instead.",
            "Category not changed: %(names)s are split. Change their parts instead.",
            split.count(),
        )
        left.append(words % {"names": names_of(split)})
    if sides:
        words = ngettext(
            "Category not changed: %(names)s is one side of a transfer.",
            "Category not changed: %(names)s are sides of transfers.",
            sides.count(),
        )
        left.append(words % {"names": names_of(sides)})
    return left


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
    say_with_undo(
        request, words % {"count": change.row_count}, "transactions:change_undo", change.pk
    )
