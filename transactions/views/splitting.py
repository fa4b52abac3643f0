"""Split one transaction into parts with their own categories."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import require_change
from banking.kernel.forms import say_with_undo, stay, tell_refusal
from transactions.forms.splitting import parts_formset, parts_of
from transactions.models import Transaction
from transactions.services.splitting import split_transaction, unsplit_transaction
from users.signed_in import UserRequest


@require_http_methods(["GET", "HEAD", "POST"])
def transaction_split(request: UserRequest, pk: int) -> HttpResponse:
    """Enter the parts of a transaction. They must add up to it."""
    row = _find_to_change(request, pk)
    formset = parts_formset(request.POST or None, row)
    errors: list[str] = []
    if request.method == "POST" and formset.is_valid():
        try:
            split_transaction(actor=request.user, transaction=row, parts=parts_of(formset, row))
        except ValidationError as error:
            errors = error.messages
        else:
            say_with_undo(request, _("Split saved."), "transactions:transaction_unsplit", pk)
            return redirect("transactions:transaction_detail", pk)
    status = 422 if errors or (formset.is_bound and not formset.is_valid()) else 200
    context = {"row": row, "formset": formset, "errors": errors}
    return render(request, "transactions/transaction_split.html", context, status=status)


@require_POST
def transaction_unsplit(request: UserRequest, pk: int) -> HttpResponse:
    """Undo a split."""
    row = _find_to_change(request, pk)
    try:
        unsplit_transaction(actor=request.user, transaction=row)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, _("Split undone."))
    return stay(request, "transactions:transaction_detail", pk)


def _find_to_change(request: UserRequest, pk: int) -> Transaction:
    visible = Transaction.objects.visible_to(request.user).for_list()
    row = get_object_or_404(visible, pk=pk)
    require_change(request.user, row.account)
    return row
