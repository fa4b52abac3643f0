"""DRF integration: errors in one shape, keyset paging, money as strings."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.drainage import set_override
from drf_spectacular.plumbing import build_parameter_type
from drf_spectacular.utils import extend_schema_field
from drf_standardized_errors.handler import exception_handler as standardized_handler
from rest_framework import serializers
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotFound,
    ParseError,
    PermissionDenied,
    ValidationError,
)
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from banking.kernel.api_parameters import CURSOR, PAGE_SIZE, page_size_in
from banking.kernel.keyset import NO_SUCH_PAGE, full_ordering, keyset_page
from banking.kernel.money import plain_amount
from banking.kernel.outages import is_outage
from banking.kernel.refusals import REFUSED
from banking.kernel.region import region, region_tag

# Money in API requests and responses: twelve digits and, after a point, at most four decimals.
AMOUNT_PATTERN = r"^-?\d{1,12}(\.\d{1,4})?$"
SUM_PATTERN = r"^-?\d+(\.\d{1,4})?$"
_UNSIGNED_PATTERN = AMOUNT_PATTERN.replace("-?", "")
_POSITIVE_PATTERN = (
    r"^([1-9]\d{0,11}(\.\d{1,4})?|0\.([1-9]\d{0,3}|0[1-9]\d{0,2}|00[1-9]\d?|000[1-9]))$"
)
_AMOUNT = re.compile(r"-?(?P<whole>\d+)(?:\.(?P<decimals>\d+))?", re.ASCII)


class Unavailable(APIException):
    """503: the database is down or busy; nothing was changed."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The service is briefly unavailable. Please try again."
    wait = 5  # Sent as Retry-After.


class TooLarge(APIException):
    """413: the body is larger than the server accepts."""

    status_code = 413
    default_code = "too_large"
    default_detail = "That's too much data for one request."


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn a service's refusal into a 400 or 403 in DRF's shape."""
    if isinstance(exc, DjangoValidationError):
        exc = ValidationError(_details_of(exc))
    elif is_outage(exc):
        exc = Unavailable()
    elif isinstance(exc, RequestDataTooBig):
        exc = TooLarge()
    elif isinstance(exc, SuspiciousOperation):
        # Thousands of fields or files, or a forged host: refused before reading any data.
        exc = ParseError("We can't process this request.")
    elif isinstance(exc, RecursionError):
        # Only request bodies can be nested this deeply.
        exc = ParseError("The data is nested too deeply.")
    elif isinstance(exc, DjangoPermissionDenied) and exc.args:
        exc = PermissionDenied(exc.args[0])
    return standardized_handler(exc, cast(Any, context))


def _details_of(error: DjangoValidationError) -> dict[str, list[ErrorDetail]]:
    by_field = getattr(error, "error_dict", None) or {NON_FIELD_ERRORS: error.error_list}
    return {
        (api_settings.NON_FIELD_ERRORS_KEY if name == NON_FIELD_ERRORS else name): [
            ErrorDetail(sentence, code=error.code or REFUSED)
            for error in errors
            for sentence in error.messages
        ]
        for name, errors in by_field.items()
    }


@extend_schema_field({"type": "string", "pattern": AMOUNT_PATTERN, "example": "12.50"})
class AmountSerializerField(serializers.Field):  # type: ignore[type-arg]  # not generic at run time
    """Money in JSON: a string with the currency's own number of decimals, never a float.

    For output, `currency` is the (dotted) attribute that holds the currency. Input must match
    AMOUNT_PATTERN; the service that knows the currency refuses too many decimals.
    """

    default_error_messages = {
        "number": "Send the amount as a string such as “12.50”, not as a JSON number.",
        "invalid": "Send an amount such as “12.50”: digits, and a point before the decimals.",
        "too_many_decimals": "An amount has at most four decimals.",
        "too_large": "This amount is too large.",
        "not_positive": "Enter an amount above zero.",
        "negative": "Enter an amount of zero or more.",
    }

    def __init__(
        self,
        *,
        currency: str = "currency",
        positive: bool = False,
        signed: bool = True,
        **kwargs: Any,
    ) -> None:
        self.currency = currency
        self.signed = signed
        self.positive = positive
        super().__init__(**kwargs)
        if positive or not signed:
            pattern = _POSITIVE_PATTERN if positive else _UNSIGNED_PATTERN
            set_override(self, "field", {"type": "string", "pattern": pattern, "example": "12.50"})

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, int | float) and not isinstance(data, bool):
            self.fail("number")
        match = _AMOUNT.fullmatch(data) if isinstance(data, str) else None
        if match is None:
            self.fail("invalid")
        if len(match["whole"]) > 12:
            self.fail("too_large")
        if len(match["decimals"] or "") > 4:
            self.fail("too_many_decimals")
        amount = Decimal(data) + 0  # Avoid negative zero.
        if self.positive and amount <= 0:
            self.fail("not_positive")
        if not self.signed and amount < 0:
            self.fail("negative")
        return amount

    def get_attribute(self, instance: Any) -> Any:
        value = super().get_attribute(instance)
        if value is None:
            return None
        holder = instance
        for name in self.currency.split("."):
            holder = holder[name] if isinstance(holder, dict) else getattr(holder, name)
        return plain_amount(value, holder)

    def to_representation(self, value: str) -> str:
        return value


class KeysetPagination(BasePagination):
    """Keyset pagination (see banking/kernel/keyset.py); adds the primary key to the ordering if
    missing.
    """

    page_size = settings.API_PAGE_ROWS

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.request = request
        self.page_size = page_size_in(request.query_params, default=self.page_size)
        rows = cast(QuerySet[Any], queryset)
        self.ordering = full_ordering(rows)
        cursor = request.query_params.get("cursor")
        try:
            page = keyset_page(rows, self.ordering, self.page_size, cursor)
        except Http404 as error:
            raise NotFound(NO_SUCH_PAGE) from error
        self.next_cursor, self.previous_cursor = page.next_cursor, page.previous_cursor
        return page.rows

    def get_paginated_response(self, data: list[Any]) -> Response:
        return Response(
            {
                "next": self._link(self.next_cursor),
                "previous": self._link(self.previous_cursor),
                "results": data,
            }
        )

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = self.request.query_params.copy()
        query["cursor"] = cursor
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = build_parameter_type(
            name=PAGE_SIZE.name,
            location=PAGE_SIZE.location,
            description=PAGE_SIZE.description,
            schema=cast(dict[str, Any], PAGE_SIZE.type) | {"default": self.page_size},
        )
        cursor = build_parameter_type(
            name=CURSOR.name,
            location=CURSOR.location,
            description=CURSOR.description,
            schema={"type": "string"},
        )
        return [cursor, size]


class InReadersRegion(serializers.BaseSerializer):  # type: ignore[type-arg]  # as above
    """Writes the sentences of rows in the region format of who asks."""

    def to_representation(self, instance: Any) -> Any:
        request = self.context.get("request")
        with region(request.user.locale if request is not None else region_tag()):
            return super().to_representation(instance)
