"""Transfers between a person's own accounts: suggested, confirmed and new ones."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from banking.kernel.forms import errors_on, say_with_undo, stay, tell_refusal
from banking.kernel.keyset import keyset_page
from banking.limits import CARDS_A_PAGE
from transactions.forms.transfers import TransferForm, new_transfer
from transactions.models import Transfer
from transactions.services.transfers import (
    confirm_transfer,
    open_suggestions,
    reject_transfer,
    suggest_transfers,
    transfer_funds,
    with_sides,
)
from users.idempotency import body_hash, run_once
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.timezones import local_date

MOST_SUGGESTED = 30
# How far back a search looks.
LOOKING_BACK = timedelta(days=400)


@require_safe
def transfer_list(request: UserRequest) -> HttpResponse:
    """Suggested transfers with both transactions side by side, and confirmed ones."""
    suggestions = with_sides(open_suggestions(request.user))
    mine = Transfer.objects.visible_to(request.user).filter(status=Transfer.Status.CONFIRMED)
    live = mine.filter(outflow_transaction__deleted_at=None, inflow_transaction__deleted_at=None)
    newest = ["-outflow_transaction__txn_date", "-id"]
    page = keyset_page(with_sides(live), newest, CARDS_A_PAGE, request.GET.get("cursor"))
    context = {
        "suggestions": suggestions[:MOST_SUGGESTED],
        "suggestion_count": suggestions.count(),
        "transfers": page.rows,
        "newer_url": f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
        "older_url": f"?cursor={page.next_cursor}" if page.next_cursor else "",
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
        "may_transfer": Account.objects.owned_by(request.user).active().count() > 1,
    }
    return render(request, "transactions/transfer_list.html", context)


@require_POST
def transfer_search(request: UserRequest) -> HttpResponse:
    """Search the last year for transfers."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    today = local_date(request.user.timezone, timezone.now())
    count = suggest_transfers(user=request.user, since=today - LOOKING_BACK)
    words = ngettext(
        "%(count)s possible transfer found.", "%(count)s possible transfers found.", count
    )
    messages.success(request, words % {"count": count} if count else _("No more transfers found."))
    return redirect("transactions:transfer_list")


@require_http_methods(["GET", "HEAD", "POST"])
def transfer_create(request: UserRequest) -> HttpResponse:
    """Transfer money from one own account to another."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    initial = new_transfer(local_date(request.user.timezone, timezone.now()))
    form = TransferForm(request.POST or None, initial=initial, user=request.user)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            outflow = _transfer_once(request, form)
            say_with_undo(
                request, _("Money transferred."), "transactions:transaction_delete", outflow
            )
            return redirect("transactions:transfer_list")
    status = 422 if form.errors else 200
    return render(request, "transactions/transfer_create.html", {"form": form}, status=status)


def _transfer_once(request: UserRequest, form: TransferForm) -> int:
    """Make the form's transfer. Submitting the same form twice transfers only once."""
    fields = dict(form.cleaned_data)
    key = fields.pop("key")
    body = {name: request.POST.getlist(name) for name in request.POST if name in form.fields}

    def command() -> tuple[int, Any]:
        made = transfer_funds(actor=request.user, **fields)
        return 201, {"id": made.outflow_transaction_id}

    key = f"form:{key}:{body_hash(body)}" if key else ""
    return run_once(user=request.user, key=key, body=body, command=command)[1]["id"]


@require_POST
def transfer_confirm(request: UserRequest, pk: int) -> HttpResponse:
    """Confirm that two transactions are one transfer."""
    return _answer(
        request,
        pk,
        confirm_transfer,
        _("Transfer confirmed. It no longer counts as income or spending."),
    )


@require_POST
def transfer_reject(request: UserRequest, pk: int) -> HttpResponse:
    """Say that two transactions are not a transfer."""
    return _answer(request, pk, reject_transfer, _("We won't suggest this pair again."))


def _answer(request: UserRequest, pk: int, command: Any, words: str) -> HttpResponse:
    transfer = get_object_or_404(Transfer.objects.visible_to(request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        command(actor=request.user, transfer=transfer)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, words)
    return stay(request, "transactions:transfer_list")
