"""Customizes the OpenAPI schema."""

from typing import Any

from django import forms
from django.db.models import Model
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.plumbing import build_mock_request
from rest_framework.request import Request

from banking.kernel.api_parameters import DAY
from banking.kernel.filters import LARGEST_ID, CurrencyFilter
from banking.kernel.forms import YesNoField
from banking.kernel.money import active_currencies
from banking.kernel.typed_fields import AmountFilterField
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


# How a program sends a filter's bound; the forms of people's own notation are accepted too.
AMOUNT_BOUND = {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$", "example": "12.50"}
ID = {"type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_ID}


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
        _require_what_is_always_there,
        _show_bodies_of_deletes,
        _bound_ids,
        _close_bodies,
        _document_errors,
    ):
        complete(result)
    return result


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


def _close_bodies(result: dict) -> None:
    """Document that bodies, and objects nested in them, accept no other fields."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request") and schema.get("type") == "object":
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
