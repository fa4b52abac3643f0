"""Export the list: exactly the rows that the URL selects, in the same order."""

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from transactions.filters import TransactionFilter
from transactions.journals import CSV, FILE_FORMATS, file_answer
from transactions.models import Transaction
from transactions.services.exporting import note_export
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def transaction_export(request: UserRequest) -> HttpResponseBase:
    """Export the filtered list as a file. A malformed filter is shown on the list.

    `format` is "csv" (the default) or one of the journal formats.
    """
    visible = Transaction.objects.visible_to(request.user)
    filters = TransactionFilter(request.GET, queryset=visible, request=request)
    name = request.GET.get("format", CSV)
    if not filters.is_valid() or name not in FILE_FORMATS:
        return redirect(f"{reverse('transactions:transaction_list')}?{request.GET.urlencode()}")
    note_export(actor=request.user, filters=request.GET.dict())
    on = local_date(request.user.timezone, timezone.now())
    return file_answer(filters.qs, request.user, on, name)
