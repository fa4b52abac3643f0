"""Receipts of one transaction."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import require_change
from banking.kernel.forms import tell_refusal
from banking.limits import RECEIPT_BYTES
from transactions.attachment_answers import attachment_answer
from transactions.models import Attachment, Transaction
from transactions.services.attaching import attach, detach
from users.signed_in import UserRequest


@require_safe
def attachment_file(request: UserRequest, pk: int, attachment_pk: int) -> HttpResponse:
    """Serve the receipt to anyone who can see the transaction."""
    return attachment_answer(_find(request, pk, attachment_pk))


@require_POST
def attachment_create(request: UserRequest, pk: int) -> HttpResponse:
    """Add a receipt."""
    row = get_object_or_404(
        Transaction.objects.visible_to(request.user).select_related("account"), pk=pk
    )
    require_change(request.user, row.account)
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, _("Choose a file first."))
        return redirect("transactions:transaction_detail", pk)
    try:
        content = file.read(RECEIPT_BYTES + 1)
        attach(actor=request.user, transaction=row, file_name=file.name or "", content=content)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, _("Receipt added."))
    return redirect("transactions:transaction_detail", pk)


@require_POST
def attachment_delete(request: UserRequest, pk: int, attachment_pk: int) -> HttpResponse:
    """Remove a receipt."""
    found = _find(request, pk, attachment_pk)
    require_change(request.user, found.transaction.account)
    detach(actor=request.user, attachment=found)
    messages.success(request, _("Receipt removed."))
    return redirect("transactions:transaction_detail", pk)


def _find(request: UserRequest, pk: int, attachment_pk: int) -> Attachment:
    visible = Transaction.objects.visible_to(request.user).filter(pk=pk)
    found = Attachment.objects.filter(transaction__in=visible.values("pk"))
    return get_object_or_404(found.select_related("transaction__account"), pk=attachment_pk)
