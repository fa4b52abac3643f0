"""Strict API input: the documented fields, parameters and bodies, and nothing else.

Three names are used everywhere: `Input` is the base of every body, `operation` describes a method
to both the schema and the view, and `ApiView` or `GenericApiView` is the base of every view. A
misspelled name is a 400 that names it; nothing is silently ignored.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.fields import empty
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.views import APIView

from banking.kernel.filters import DAY_WANTED, read_day

_Method = TypeVar("_Method", bound=Callable[..., Any])
# A body with thousands of unknown names gets errors for the first few only.
_MOST_NAMED, _LONGEST_NAME = 20, 100


# The schema's type names and their Python types. The first match for a field counts.
_TYPES: list[tuple[tuple[type, ...], type, str]] = [
    ((serializers.BooleanField,), bool, "Send true or false, without quotes."),
    ((serializers.IntegerField,), int, "Send a whole number, without quotes."),
    ((serializers.PrimaryKeyRelatedField,), int, "Send an id: a whole number, without quotes."),
    (
        (serializers.CharField, serializers.ChoiceField, serializers.DateField),
        str,
        "Send text, in quotes.",
    ),
]


class Input(serializers.Serializer):  # type: ignore[type-arg]  # not generic at run time
    """A request body. An unknown field is an error with code `unknown_field`.

    JSON types must match the schema: a string is not accepted as a number, nor a number as a
    string. Nested serializers must be Inputs too; tests/test_strict_api.py checks this.
    """

    def to_internal_value(self, data: Any) -> Any:
        errors = self._unknown(data) | self._wrong_types(data)
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**cast(dict[str, Any], error.detail), **errors}) from error
        if errors:
            raise ValidationError(errors)
        return value

    def _unknown(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            return {}
        known = [name for name, field in self.fields.items() if not field.read_only]
        return unknown_fields(data, known)

    def _wrong_types(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping) or isinstance(data, QueryDict):
            return {}  # Form data is always text.
        found = {
            name: _wrong_type(field, data[name])
            for name, field in self.fields.items()
            if name in data and not field.read_only
        }
        return {name: error for name, error in found.items() if error}


def _wrong_type(field: Any, value: Any) -> Any:
    """The error for a value of the wrong JSON type; for a list, by its index."""
    if value is None:
        return None
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        found = {at: _wrong_type(field.child, one) for at, one in enumerate(value)}
        return {at: error for at, error in found.items() if error}
    if isinstance(field, serializers.DateField) and isinstance(value, str):
        return _not_a_day(value)
    for kinds, wanted, sentence in _TYPES:
        if isinstance(field, kinds):
            is_right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
            return None if is_right else [ErrorDetail(sentence, code="invalid")]
    return None


def _not_a_day(text: str) -> list[ErrorDetail] | None:
    """DRF's own field reads 20260331 and 2026-W14-2 as well."""
    try:
        read_day(text)
    except ValueError:
        return [ErrorDetail(DAY_WANTED, code="invalid")]
    return None


def unknown_fields(sent: Iterable[Any], known: Sequence[str]) -> dict[str, list[ErrorDetail]]:
    """An error for each unknown name in the request; empty if there is none."""
    there = (
        f"The allowed fields are: {', '.join(known)}." if known else "This endpoint takes no body."
    )
    return {
        name: [ErrorDetail(f"Unknown field “{name}”. {there}", code="unknown_field")]
        for name in _shown(key for key in sent if key not in known)
    }


def _shown(names: Iterable[Any]) -> list[str]:
    # JSON can contain half a surrogate pair, but the response cannot.
    texts = [str(name)[:_LONGEST_NAME].encode(errors="replace").decode() for name in names]
    return texts[:_MOST_NAMED]


@dataclass(frozen=True)
class Operation:
    """The input one method of a view accepts."""

    parameters: tuple[str, ...] = ()
    has_body: bool = False
    is_list: bool = False
    is_filtered: bool = True


def operation(
    *,
    parameters: Sequence[OpenApiParameter] = (),
    request: Any = empty,
    responses: Any = empty,
    filters: bool | None = None,
    **options: Any,
) -> Callable[[_Method], _Method]:
    """drf-spectacular's `extend_schema`, enforced by the view: undocumented input is refused.

    A list (`responses=….(many=True)` of a GET) also accepts the view's paging and filters.
    """

    def mark(method: _Method) -> _Method:
        named = [*parameters, *getattr(method, "headers", ())]
        cast(Any, method).operation = Operation(
            parameters=tuple(
                parameter.name
                for parameter in named
                if parameter.location == OpenApiParameter.QUERY
            ),
            has_body=request is not None and request is not empty,
            is_list=isinstance(responses, serializers.ListSerializer),
            is_filtered=filters is not False,
        )
        documented = {"parameters": named, "responses": responses, "filters": filters, **options}
        if request is not empty:
            documented["request"] = request
        return extend_schema(**documented)(method)

    return mark


def accepted_parameters(view: APIView, method: str) -> list[str]:
    """The query parameters this method of the view accepts."""
    known = getattr(getattr(view, method.lower()), "operation", Operation())
    names = list(known.parameters)
    if method in ("GET", "HEAD") and known.is_list:
        if known.is_filtered:
            names += _filters_of(view)
        if getattr(view, "pagination_class", None):
            names += ["cursor", "page_size"]
    return names


def _filters_of(view: Any) -> list[str]:
    filterset = getattr(view, "filterset_class", None)
    return list(filterset.base_filters if filterset else getattr(view, "filterset_fields", ()))


class StrictInput:
    """Refuses query parameters and bodies that the method does not document.

    This runs after authentication, permissions and limits, before anything is looked up or changed.
    """

    is_strict = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        cast(Any, super()).initial(request, *args, **kwargs)
        method = request.method or ""
        handler = getattr(self, method.lower(), None)
        if method == "OPTIONS" or handler is None or not self.is_strict:
            return
        _refuse_parameters(request, accepted_parameters(cast(APIView, self), method))
        has_body = getattr(handler, "operation", Operation()).has_body
        if not has_body and request.method not in ("GET", "HEAD"):
            _refuse_body(request)


def _refuse_parameters(request: Request, known: list[str]) -> None:
    sent = request.query_params
    there = (
        f"The allowed parameters are: {', '.join(known)}." if known else "This endpoint takes none."
    )
    errors = {
        name: [ErrorDetail(f"Unknown parameter “{name}”. {there}", code="unknown_parameter")]
        for name in _shown(key for key in sent if key not in known)
    }
    for name in known:
        if len(sent.getlist(name)) > 1:
            sentence = f"Send “{name}” once."
            errors[name] = [ErrorDetail(sentence, code="repeated_parameter")]
    if errors:
        raise ValidationError(errors)


def _refuse_body(request: Request) -> None:
    body = request.data
    if not isinstance(body, Mapping):
        raise ParseError("Send no body, or an empty object.")
    if unknown := unknown_fields(body, []):
        raise ValidationError(unknown)


class ApiView(StrictInput, APIView):
    """The base of views for single objects and commands."""

    request: Any  # users/signed_in.py declares the user type; the kernel does not know users.


class GenericApiView(StrictInput, GenericAPIView):  # type: ignore[type-arg]  # not generic at run time
    """The base of list views with filters and paging."""

    request: Any  # As above.
