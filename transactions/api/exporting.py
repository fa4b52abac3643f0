"""Transaction exports in the API."""

from typing import Any, cast

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from banking.kernel.api_input import ApiView, operation, unknown_fields
from transactions.filters import TransactionFilter
from transactions.journals import CSV, FILE_FORMATS, file_answer
from transactions.models import Transaction, TransactionQuerySet
from transactions.services.exporting import note_export
from users.signed_in import UserApiRequest
from users.timezones import local_date


class CsvRenderer(BaseRenderer):
    """Lets a client request text/csv, which is streamed instead of rendered."""

    media_type = "text/csv"
    # Clients select it through the Accept header. A format name would add a `format` parameter.
    format = JSONRenderer.format


class CsvExportApi(ApiView):
    renderer_classes = [JSONRenderer, CsvRenderer]

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Set the JSON content type on everything except the file, whatever type was requested."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(answer, Response):
            answer.accepted_renderer = JSONRenderer()
            answer.accepted_media_type = JSONRenderer.media_type
        return answer

    @operation(
        request={"application/json": {"type": "object", "additionalProperties": {}}},
        responses={
            (200, "text/csv"): OpenApiTypes.BINARY,
            (200, "text/plain"): OpenApiTypes.BINARY,
        },
    )
    def post(self, request: UserApiRequest) -> StreamingHttpResponse:
        """Download transactions as a file. The body takes the filters of `GET /api/transactions`.

        `format` is `csv` (default), `hledger` or `beancount`.
        """
        wanted = request.data
        name = CSV
        if isinstance(wanted, dict):
            wanted = dict(wanted)
            name = wanted.pop("format", CSV)
        if name not in FILE_FORMATS:
            raise ValidationError({"format": [f"Use one of {', '.join(FILE_FORMATS)}."]})
        rows = filtered_rows(request, wanted)
        note_export(actor=request.user, filters=cast(dict[str, str], request.data))
        on = local_date(request.user.timezone, timezone.now())
        return file_answer(rows, request.user, on, name)


def filtered_rows(request: UserApiRequest, wanted: Any) -> TransactionQuerySet:
    """The visible transactions that match these filters, which have the same names as in
    the list.
    """
    if not hasattr(wanted, "items"):
        raise ValidationError({"non_field_errors": ["Send an object with the filters."]})
    known = TransactionFilter.base_filters
    if unknown := unknown_fields(wanted, list(known)):
        raise ValidationError(unknown)
    for name, value in wanted.items():
        if isinstance(value, dict | list):
            raise ValidationError({name: ["Send one value."]})
    data = {name: str(value) for name, value in wanted.items() if value is not None}
    visible = Transaction.objects.visible_to(request.user)
    filters = TransactionFilter(data, queryset=visible, request=request)
    if not filters.is_valid():
        raise ValidationError(filters.errors)
    return filters.qs
