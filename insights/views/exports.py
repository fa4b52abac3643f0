"""Statements and exports: request files, watch their progress, download them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from banking.kernel.forms import errors_on
from banking.limits import EXPORTS_KEPT
from insights.dispatching import make_soon
from insights.exports.export_answers import export_answer
from insights.exports.exporting import (
    delete_export,
    request_everything,
    request_monthly_report,
    request_statement,
)
from insights.forms import MonthlyReportForm, StatementForm
from insights.models import Export
from users import limits
from users.policy import Ability, may
from users.signed_in import UserRequest
from users.step_up import ask_for_step_up, step_up_required
from users.timezones import local_date


@require_safe
def export_list(request: UserRequest) -> HttpResponse:
    """The request forms, and the user's files."""
    number = _number(request.GET.get("account"))
    chosen = Account.objects.visible_to(request.user).filter(pk__in=[number] if number else [])
    return _page(request, statement=_statement_form(request, initial={"account": chosen.first()}))


@require_POST
def export_statement(request: UserRequest) -> HttpResponse:
    """Request an account's statement as a PDF."""
    form = _statement_form(request, request.POST)
    if form.is_valid():
        with errors_on(form):
            limits.consume("export-pdf", f"user {request.user.pk}")
            export = request_statement(
                actor=request.user,
                account=form.cleaned_data["account"],
                period=form.cleaned_data["chosen"],
                at=timezone.now(),
            )
            return _asked(request, make_soon(export))
    return _page(request, statement=form, status=422)


@require_POST
def export_report(request: UserRequest) -> HttpResponse:
    """Request a monthly report as a PDF."""
    form = MonthlyReportForm(request.POST, on=_today(request))
    if form.is_valid():
        with errors_on(form):
            limits.consume("export-pdf", f"user {request.user.pk}")
            export = request_monthly_report(
                actor=request.user, month=form.cleaned_data["month"], at=timezone.now()
            )
            return _asked(request, make_soon(export))
    return _page(request, report=form, status=422)


@require_POST
@step_up_required
def export_everything(request: UserRequest) -> HttpResponse:
    """Request an archive of all the user's data."""
    limits.consume("export-all", f"user {request.user.pk}")
    return _asked(request, make_soon(request_everything(actor=request.user, at=timezone.now())))


@require_safe
def export_progress(request: UserRequest, pk: int) -> HttpResponse:
    """One file's row, polled by the page while the file is being made."""
    context = {"export": _mine(request, pk), "now": timezone.now()}
    return render(request, "insights/_export_row.html", context)


@require_safe
def export_file(request: UserRequest, pk: int) -> HttpResponseBase:
    """Download a finished file; the full archive requires recent re-authentication."""
    export = _mine(request, pk)
    if not export.is_ready(timezone.now()):
        raise Http404
    if export.kind == Export.Kind.EVERYTHING:
        ask_for_step_up(request)
    return export_answer(request.user, export)


@require_POST
def export_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Delete a file before it expires."""
    delete_export(actor=request.user, export=_mine(request, pk))
    messages.success(request, _("File deleted."))
    return redirect("insights:export_list")


def _mine(request: UserRequest, pk: int) -> Export:
    return get_object_or_404(Export.objects.visible_to(request.user), pk=pk)


def _asked(request: UserRequest, export: Export) -> HttpResponse:
    if export.status == Export.Status.FAILED:
        messages.error(request, export.error)
    elif export.status == Export.Status.DONE:
        messages.success(request, _("Your file is ready."))
    else:
        messages.success(request, _("We're creating your file."))
    return redirect("insights:export_list")


def _page(request: UserRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    exports = list(Export.objects.visible_to(request.user)[:EXPORTS_KEPT])
    context = {
        "statement_form": forms.get("statement") or _statement_form(request),
        "report_form": forms.get("report") or MonthlyReportForm(on=_today(request)),
        "may_see_insights": may(request.user, Ability.SEE_INSIGHTS),
        "exports": exports,
        "is_waiting": any(not export.is_finished for export in exports),
        "now": timezone.now(),
    }
    return render(request, "insights/export_list.html", context, status=status)


def _statement_form(request: UserRequest, data: Any = None, **options: Any) -> StatementForm:
    return StatementForm(data, user=request.user, on=_today(request), **options)


def _today(request: UserRequest) -> Any:
    return local_date(request.user.timezone, timezone.now())


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
