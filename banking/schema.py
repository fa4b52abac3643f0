"""Customizes the OpenAPI schema."""

import functools
from typing import Any

from django import forms
from django.db.models import Model
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import build_mock_request
from rest_framework.request import Request

from banking.kernel.api import AMOUNT_PATTERN, SUM_PATTERN
from banking.kernel.api_parameters import CURRENCY_LIST, CURSOR, DAY, ID, MONTH, PAGE_SIZE
from banking.kernel.filters import CurrencyFilter
from banking.kernel.forms import YesNoField
from banking.kernel.money import active_currencies
from banking.kernel.typed_fields import AmountFilterField
from transactions.journals import FILE_FORMATS
from users.models import User

ERROR = {
    "type": "object",
    "required": ["type", "errors"],
    "properties": {
        "type": {"type": "string", "enum": ["validation_error", "client_error", "server_error"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail", "attr"],
                "properties": {
                    "code": {"type": "string", "example": "required"},
                    "detail": {"type": "string", "example": "This field is required."},
                    "attr": {"type": "string", "nullable": True, "example": "amount"},
                },
            },
        },
    },
}
REFUSALS = {
    "400": "The request is invalid; `attr` names the field.",
    "401": "Not signed in, or the sign-in has expired.",
    "403": "You can view it but not change it, your role doesn't allow it, or it needs a step-up.",
    "404": "Not found, or not visible to you.",
    "409": "The same request is still being processed.",
    "413": "The request is too large.",
    "415": "Unsupported content type.",
    "422": "This Idempotency-Key was already used for a different request.",
    "429": "Too many requests. Wait for the time given in Retry-After.",
    "default": "Any other error, in the same shape.",
}


class OneSchema(SchemaGenerator):
    """The schema, made once in each process: code doesn't change while it runs.

    Making it takes a second of CPU time, and anybody may ask for it.
    """

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """The schema of all operations, whoever asks. Shared: don't change what it returns."""
        return _made_schema()


@functools.cache
def _made_schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


# How a program sends a filter's bound; the forms of people's own notation are accepted too.
AMOUNT_BOUND = {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$", "example": "12.50"}


class BoundedFilters(DjangoFilterExtension):
    """Describes a filter with the bounds of the form field that parses it.

    By default drf-spectacular describes the model field, whose bounds may differ.
    """

    priority = 1

    def resolve_filter_field(
        self,
        auto_schema: Any,
        model: type[Model],
        filterset_class: Any,
        field_name: str,
        filter_field: Any,
    ) -> list[dict[str, Any]]:
        parameters = super().resolve_filter_field(
            auto_schema, model, filterset_class, field_name, filter_field
        )
        for parameter in parameters:
            parameter["schema"] |= _bounds_of(filter_field)
            parameter["schema"].pop("nullable", None)
            parameter["allowEmptyValue"] = True
        return parameters


def _bounds_of(filter_field: Any) -> dict[str, Any]:
    field: forms.Field = filter_field.field
    if isinstance(filter_field, CurrencyFilter):
        return {"type": "string", "enum": sorted(active_currencies())}
    if isinstance(field, forms.DateField):
        return DAY
    if isinstance(field, AmountFilterField):
        return AMOUNT_BOUND
    if isinstance(field, YesNoField):
        return {"type": "boolean"}
    if isinstance(field, forms.IntegerField):
        return ID | {"minimum": field.min_value, "maximum": field.max_value}
    if isinstance(field, forms.CharField) and field.max_length:
        return {"type": "string", "maxLength": field.max_length}
    return {}


def schema_request(method: str, path: str, view: Any, original: Any, **kwargs: Any) -> Request:
    """A fake request for reading views' querysets, by a user who owns and shares nothing.

    Querysets start with `visible_to(user)`, and nobody is signed in while the schema is generated.
    """
    request = build_mock_request(method, path, view, original, **kwargs)
    request.user = User(pk=0)
    request.user._shared_account_ids = {}  # Preset, so that no database query is needed.
    return request


def complete_schema(result: dict, **kwargs: Any) -> dict:
    """Add what drf-spectacular can't know about our responses, bodies and errors."""
    for complete in (
        _loosen_unions,
        _unbound_sums,
        _describe_filters_in_bodies,
        _require_what_is_always_there,
        _show_bodies_of_deletes,
        _bound_ids,
        _allow_empty_values,
        _refuse_blank_texts,
        _close_bodies,
        _document_errors,
    ):
        complete(result)
    return result


def _unbound_sums(result: dict) -> None:
    """Amounts in answers may be sums, which have no largest number of digits."""
    for name, schema in result["components"]["schemas"].items():
        for described in schema.get("properties", {}).values() if not _is_body(name) else ():
            if described.get("pattern") == AMOUNT_PATTERN:
                described["pattern"] = SUM_PATTERN


# They take the transaction list's filters as an object.
_FILTERS = "TransactionFiltersRequest"


def _describe_filters_in_bodies(result: dict) -> None:
    paths, schemas = result["paths"], result["components"]["schemas"]
    parameters = paths["/api/transactions"]["get"]["parameters"]
    filters = {
        parameter["name"]: _or_null(parameter["schema"])
        for parameter in parameters
        if parameter["name"] not in (CURSOR.name, PAGE_SIZE.name)
    }
    schemas[_FILTERS] = {"type": "object", "properties": filters}
    schemas["BulkCategorizeInRequest"]["properties"]["filter"] = {
        "$ref": f"#/components/schemas/{_FILTERS}"
    }
    schemas["CsvExportRequest"] = {
        "type": "object",
        "properties": filters | {"format": {"type": "string", "enum": list(FILE_FORMATS)}},
    }
    body = paths["/api/export/csv"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {"$ref": "#/components/schemas/CsvExportRequest"}


def _or_null(schema: dict) -> dict:
    nullable = schema | {"nullable": True}
    return nullable | {"enum": [*schema["enum"], None]} if "enum" in schema else nullable


def _loosen_unions(result: dict) -> None:
    """Replace `oneOf` if one shape contains the other: it would refuse objects that match both."""
    for schema in result["components"]["schemas"].values():
        if "oneOf" in schema and "discriminator" not in schema:
            schema["anyOf"] = schema.pop("oneOf")


# Fields hidden from some roles are left out of a response; all others are always present.
SOMETIMES = {"OverviewOut": {"budgets", "insights"}}


def _require_what_is_always_there(result: dict) -> None:
    """Mark all fields of each `…Out` as required: clients need not check whether they exist."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Out") and "properties" in schema:
            schema["required"] = sorted(set(schema["properties"]) - SOMETIMES.get(name, set()))


def _show_bodies_of_deletes(result: dict) -> None:
    """Add the bodies of DELETE, which drf-spectacular omits; erasing an account needs one."""
    paths = result["paths"]
    paths["/api/users/me"]["delete"]["requestBody"] = paths["/api/users/me/erase"]["post"][
        "requestBody"
    ]


def _bound_ids(result: dict) -> None:
    """Document ids in paths as whole numbers from 1."""
    for methods in result["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["schema"] == {"type": "integer"}:
                    parameter["schema"] = ID


# Read as if they were not sent, as a form sends what was left empty.
_MAY_BE_EMPTY = (DAY, MONTH, CURRENCY_LIST)


def _allow_empty_values(result: dict) -> None:
    for methods in result["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                described = parameter["schema"]
                is_currency = described.get("enum") == sorted(active_currencies())
                if parameter["in"] == "query" and (is_currency or described in _MAY_BE_EMPTY):
                    parameter["allowEmptyValue"] = True


def _refuse_blank_texts(result: dict) -> None:
    """A text that may not be empty may not be blank either: spaces around it are cut off."""
    for name, schema in result["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items() if _is_body(name) else ():
            is_text = described.get("type") == "string" and described.get("minLength") == 1
            if (
                is_text
                and not {"pattern", "format", "enum"} & set(described)
                and "password" not in field
            ):
                described["pattern"] = r"\S"


def _is_body(name: str) -> bool:
    return name.endswith("Request")


def _close_bodies(result: dict) -> None:
    """Document that bodies, and objects nested in them, accept no other fields."""
    for name, schema in result["components"]["schemas"].items():
        if _is_body(name) and schema.get("type") == "object":
            schema["additionalProperties"] = False


def _document_errors(result: dict) -> None:
    """Document the errors of every operation; they have one shape."""
    components = result["components"]
    components["schemas"]["Error"] = ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    components["responses"] = {
        f"Error{status.capitalize()}": {"description": description, "content": content}
        for status, description in REFUSALS.items()
    }
    for path, methods in result["paths"].items():
        for operation in methods.values():
            for status in _refusals(path, operation):
                refusal = {"$ref": f"#/components/responses/Error{status.capitalize()}"}
                operation["responses"].setdefault(status, refusal)


def _refusals(path: str, operation: dict) -> list[str]:
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    body, by_key = "requestBody" in operation, "Idempotency-Key" in parameters
    applies = {
        "404": "{" in path,
        "409": by_key,
        "413": body,
        "415": body,
        "422": by_key,
    }
    return [status for status in REFUSALS if applies.get(status, True)]
