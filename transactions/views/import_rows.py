"""Review an import line by line: the original text, the values read, and the planned outcome."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may_change
from banking.kernel.forms import errors_on, row_ids, tell_refusal
from banking.kernel.keyset import keyset_page
from banking.limits import LINES_A_PAGE
from transactions.forms.importing import ImportRowForm
from transactions.models import ImportBatch, ImportRow
from transactions.services.import_reviewing import (
    accept_matches,
    fix_row,
    include_rows,
    leave_out_rows,
)
from transactions.views.importing import (
    find,
    find_to_change,
    is_waiting,
    others_of,
    progress_page,
)
from users.signed_in import UserRequest

Verdict = ImportRow.Verdict


@require_safe
def import_check(request: UserRequest, pk: int) -> HttpResponse:
    """Every line with its verdict, in tabs. Nothing has been posted yet."""
    batch = find(request, pk)
    if batch.is_confirmed and "verdict" not in request.GET:
        return redirect("transactions:import_receipt", pk)
    if batch.needs_mapping:
        return redirect("transactions:import_map", pk)
    if batch.needs_accounts:
        return redirect("transactions:import_accounts", pk)
    if is_waiting(batch):
        return render(request, *progress_page(batch))
    verdict = request.GET.get("verdict", "")
    rows = ImportRow.objects.filter(batch=batch).select_related("category", "match__category")
    if verdict in Verdict.values:
        rows = rows.filter(verdict=verdict)
    page = keyset_page(rows, ["id"], LINES_A_PAGE, request.GET.get("cursor"))
    context = {
        "batch": batch,
        "others": others_of(batch),
        "rows": page.rows,
        "newer": page.previous_cursor,
        "older": page.next_cursor,
        "verdict": verdict,
        "tabs": _tabs(batch, verdict),
        "may_change": may_change(request.user, batch.account) and not batch.is_confirmed,
    }
    return render(request, "transactions/import_check.html", context)


def _tabs(batch: ImportBatch, current: str) -> list[dict[str, Any]]:
    counts = [
        ("", _("All"), batch.read_count),
        ("new", _("New"), batch.new_count),
        ("added", _("Added"), batch.added_count),
        ("duplicate", _("Duplicates"), batch.duplicate_count),
        ("review", _("Needs review"), batch.review_count),
        ("invalid", _("Errors"), batch.invalid_count),
        ("skipped", _("Skipped"), batch.skipped_count),
    ]
    return [
        {"value": value, "label": label, "count": count, "is_current": value == current}
        for value, label, count in counts
        if count or value in ("", current)
    ]


def import_row_edit(request: UserRequest, pk: int, row_pk: int) -> HttpResponse:
    """Correct one line: its date, amount or description."""
    batch = find_to_change(request, pk)
    row = get_object_or_404(ImportRow, batch=batch, pk=row_pk)
    form = ImportRowForm.of(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            values = form.cleaned_data
            fix_row(
                actor=request.user,
                batch=batch,
                row_id=row.pk,
                txn_date=values["txn_date"],
                signed_amount=values["amount"],
                description=values["description"],
            )
            messages.success(request, _("Line %(number)s updated.") % {"number": row.row_number})
            return redirect(_back(request, batch))
    context = {
        "batch": batch,
        "row": row,
        "form": form,
        "back": _back(request, batch),
        "verdict": request.GET.get("verdict", ""),
    }
    status = 422 if form.errors else 200
    return render(request, "transactions/import_row_edit.html", context, status=status)


@require_POST
def import_rows_choose(request: UserRequest, pk: int) -> HttpResponse:
    """Include rows that look like duplicates, or exclude rows: single ones or a whole tab."""
    batch = find_to_change(request, pk)
    rows = ImportRow.objects.filter(batch=batch)
    ids = row_ids(request.POST.getlist("ids"))
    if ids:
        rows = rows.filter(pk__in=ids)
    elif request.POST.get("all") in (Verdict.REVIEW, Verdict.DUPLICATE, Verdict.NEW):
        rows = rows.filter(verdict=request.POST["all"])
    else:
        rows = rows.none()
    change = _CHOICES.get(request.POST.get("choice", ""), leave_out_rows)
    try:
        count = change(actor=request.user, batch=batch, rows=rows)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, _done_message(change, count) % {"count": count})
    return redirect(_back(request, batch))


_CHOICES = {"add": include_rows, "same": accept_matches}


def _done_message(change: Any, count: int) -> str:
    if change is include_rows:
        return ngettext("%(count)s line will be added.", "%(count)s lines will be added.", count)
    if change is accept_matches:
        return ngettext(
            "%(count)s line is one you already have.",
            "%(count)s lines are ones you already have.",
            count,
        )
    return ngettext("%(count)s line will be skipped.", "%(count)s lines will be skipped.", count)


def _back(request: UserRequest, batch: ImportBatch) -> str:
    url = reverse("transactions:import_check", args=[batch.pk])
    verdict = request.GET.get("verdict", "")
    return f"{url}?verdict={verdict}" if verdict in Verdict.values else url
