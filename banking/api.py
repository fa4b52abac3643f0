"""DRF's share of what every door does: errors in one shape, keyset paging, money as strings."""

import base64
import binascii
import json
from decimal import Decimal
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import Q, QuerySet
from drf_standardized_errors.handler import exception_handler as standardized_handler
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from banking.money import LARGEST_AMOUNT, parse_amount, plain_amount


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn a rule broken inside a service into the same 400 a serializer would give."""
    if isinstance(exc, DjangoValidationError):
        exc = ValidationError(_details_of(exc))
    return standardized_handler(exc, context)


def _details_of(error: DjangoValidationError) -> dict[str, list[ErrorDetail]]:
    by_field = getattr(error, "error_dict", None) or {NON_FIELD_ERRORS: error.error_list}
    return {
        (api_settings.NON_FIELD_ERRORS_KEY if name == NON_FIELD_ERRORS else name): [
            ErrorDetail(sentence, code=one.code or "invalid")
            for one in errors
            for sentence in one.messages
        ]
        for name, errors in by_field.items()
    }


class AmountSerializerField(serializers.Field):
    """Money in JSON: a string with the digits of the row's own currency, never a float.

    `currency` names the attribute (dotted) that holds the currency, for showing.
    """

    default_error_messages = {
        "invalid": "Send an amount as a string such as “12.50”.",
        "too_large": "That is more than one posting can hold.",
        "not_positive": "Enter an amount above zero.",
    }

    def __init__(
        self, *, currency: str = "currency", positive: bool = False, **kwargs: Any
    ) -> None:
        self.currency = currency
        self.positive = positive
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float | Decimal):
            self.fail("invalid")
        # A JSON number is taken at its shortest text: 12.5 means "12.5".
        try:
            amount = parse_amount(str(data))
        except DjangoValidationError as error:
            raise ValidationError(error.messages[0], code="invalid") from error
        if abs(amount) > LARGEST_AMOUNT:
            self.fail("too_large")
        if self.positive and amount <= 0:
            self.fail("not_positive")
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
    """Pages by key: page 10,000 costs as much as page 1, and a new row shifts nothing.

    The cursor holds the last row's ordering values. The queryset must be ordered by columns that
    are never null and end in its primary key; a missing final key is added.
    """

    page_size = 50
    max_page_size = 200

    def paginate_queryset(
        self, queryset: QuerySet, request: Request, view: Any = None
    ) -> list[models.Model]:
        self.request = request
        self.page_size = self._page_size(request)
        self.ordering = full_ordering(queryset)
        cursor = request.query_params.get("cursor")
        page = keyset_page(queryset, self.ordering, self.page_size, cursor)
        self.next_cursor, self.previous_cursor = page.next_cursor, page.previous_cursor
        return page.rows

    def _page_size(self, request: Request) -> int:
        try:
            wanted = int(request.query_params.get("page_size", self.page_size))
        except ValueError:
            raise ValidationError({"page_size": "Send a whole number."}) from None
        return max(1, min(wanted, self.max_page_size))

    def get_paginated_response(self, data: list) -> Response:
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

    def get_paginated_response_schema(self, schema: dict) -> dict:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict]:
        text, number = {"type": "string"}, {"type": "integer", "minimum": 1, "maximum": 200}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": text},
            {"name": "page_size", "in": "query", "required": False, "schema": number},
        ]


class KeysetPage:
    """One page of rows and the cursors of its neighbours (None at the ends)."""

    def __init__(
        self, rows: list[models.Model], next_cursor: str | None, previous_cursor: str | None
    ) -> None:
        self.rows = rows
        self.next_cursor = next_cursor
        self.previous_cursor = previous_cursor


def full_ordering(queryset: QuerySet) -> list[str]:
    """The queryset's ordering as field names, ending in the primary key."""
    names = list(queryset.query.order_by) or list(queryset.model._meta.ordering) or ["-pk"]
    if names[-1].lstrip("-") not in ("pk", "id"):
        names.append("-id" if names[-1].startswith("-") else "id")
    return ["-id" if name == "-pk" else "id" if name == "pk" else name for name in names]


def keyset_page(
    queryset: QuerySet, ordering: list[str], page_size: int, cursor: str | None
) -> KeysetPage:
    """The page after (or before) the cursor's row. Raises NotFound on a cursor that is not ours."""
    backwards, position = _decode(cursor, queryset.model, ordering) if cursor else (False, None)
    directed = [_flip(name) for name in ordering] if backwards else ordering
    rows_query = queryset.order_by(*directed)
    if position is not None:
        rows_query = rows_query.filter(_beyond(directed, position))
    rows = list(rows_query[: page_size + 1])
    has_more = len(rows) > page_size
    rows = rows[:page_size]
    if backwards:
        rows.reverse()
    has_next = has_more if not backwards else True
    has_previous = (position is not None) if not backwards else has_more
    return KeysetPage(
        rows,
        _encode(rows[-1], ordering, False) if rows and has_next else None,
        _encode(rows[0], ordering, True) if rows and has_previous else None,
    )


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(ordering: list[str], position: list[Any]) -> Q:
    """(a, b, c) beyond the position, column by column, with a bound on the first for the index."""
    condition, equal = Q(), Q()
    for name, value in zip(ordering, position, strict=True):
        field = name.lstrip("-")
        lookup = f"{field}__lt" if name.startswith("-") else f"{field}__gt"
        condition |= equal & Q(**{lookup: value})
        equal &= Q(**{field: value})
    first = ordering[0]
    bound = f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}"
    return Q(**{bound: position[0]}) & condition


def _encode(row: models.Model, ordering: list[str], backwards: bool) -> str:
    values = []
    for name in ordering:
        holder: Any = row
        for part in name.lstrip("-").split("__"):
            holder = getattr(holder, part)
        values.append(str(holder))
    packed = json.dumps([int(backwards), *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _decode(cursor: str, model: type[models.Model], ordering: list[str]) -> tuple[bool, list[Any]]:
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        backwards, *values = json.loads(packed)
        if len(values) != len(ordering) or not all(isinstance(value, str) for value in values):
            raise ValueError("not this list's cursor")
        position = [
            _field(model, name).to_python(value)
            for name, value in zip(ordering, values, strict=True)
        ]
    except (ValueError, TypeError, binascii.Error, DjangoValidationError) as error:
        raise NotFound("This page does not exist. Start again from the first.") from error
    return bool(backwards), position


def _field(model: type[models.Model], name: str) -> models.Field:
    *path, last = name.lstrip("-").split("__")
    for part in path:
        model = model._meta.get_field(part).related_model
    field = model._meta.get_field(last)
    return field.output_field if isinstance(field, models.GeneratedField) else field
