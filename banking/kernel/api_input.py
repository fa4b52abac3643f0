"""What the API takes: the fields, parameters and bodies it documents, and nothing else.

Three names for every door: `Input` is the base of every body, `operation` describes a method to
the schema and to the view alike, and `ApiView` or `GenericApiView` is the base of every view.
What a client misspells is a 400 that names it; nothing is dropped on the way.
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

_Method = TypeVar("_Method", bound=Callable[..., Any])
# A body of thousands of unknown names is answered with the first few of them.
_MOST_NAMED, _LONGEST_NAME = 20, 100


# What the schema calls a type, and what JSON makes of it. The first that fits the field counts.
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
    """A request body. A field it does not have is an error of code `unknown_field`.

    JSON types are those of the schema: text is not taken for a number, nor a number for text.
    Serializers nested in it must be Inputs too; tests/test_strict_api.py looks.
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
            return {}  # In a form everything is text.
        found = {
            name: _wrong_type(field, data[name])
            for name, field in self.fields.items()
            if name in data and not field.read_only
        }
        return {name: error for name, error in found.items() if error}


def _wrong_type(field: Any, value: Any) -> Any:
    """The error of a value of another JSON type than the field's; of a list, by its index."""
    if value is None:
        return None
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        found = {at: _wrong_type(field.child, one) for at, one in enumerate(value)}
        return {at: error for at, error in found.items() if error}
    for kinds, wanted, sentence in _TYPES:
        if isinstance(field, kinds):
            is_right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
            return None if is_right else [ErrorDetail(sentence, code="invalid")]
    return None


def unknown_fields(sent: Iterable[Any], known: Sequence[str]) -> dict[str, list[ErrorDetail]]:
    """An error for each name that is sent but not known; empty if there is none."""
    there = (
        f"The allowed fields are: {', '.join(known)}." if known else "This endpoint takes no body."
    )
    return {
        name: [ErrorDetail(f"Unknown field “{name}”. {there}", code="unknown_field")]
        for name in _shown(one for one in sent if one not in known)
    }


def _shown(names: Iterable[Any]) -> list[str]:
    # Half a surrogate pair can be sent in JSON and cannot be answered.
    texts = [str(name)[:_LONGEST_NAME].encode(errors="replace").decode() for name in names]
    return texts[:_MOST_NAMED]


@dataclass(frozen=True)
class Operation:
    """What one method of a view takes."""

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
    """drf-spectacular's `extend_schema`, which the view obeys: what is not named is refused.

    A list (`responses=….(many=True)` of a GET) takes the view's paging and filters as well.
    """

    def mark(method: _Method) -> _Method:
        named = [*parameters, *getattr(method, "headers", ())]
        cast(Any, method).operation = Operation(
            parameters=tuple(one.name for one in named if one.location == OpenApiParameter.QUERY),
            has_body=request is not None and request is not empty,
            is_list=isinstance(responses, serializers.ListSerializer),
            is_filtered=filters is not False,
        )
        told = {"parameters": named, "responses": responses, "filters": filters, **options}
        if request is not empty:
            told["request"] = request
        return extend_schema(**told)(method)

    return mark


def accepted_parameters(view: APIView, method: str) -> list[str]:
    """The names a query string may have for this method of the view."""
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

    It asks after authentication, permissions and limits, before anything is looked up or changed.
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
        for name in _shown(one for one in sent if one not in known)
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
    """The base of a view of single things and commands."""

    request: Any  # users/signed_in.py knows whose it is; the kernel knows no users.


class GenericApiView(StrictInput, GenericAPIView):  # type: ignore[type-arg]  # not generic at run time
    """The base of a view of a list, with filters and paging."""

    request: Any  # As above.
