"""Fields of request bodies, each with a schema of exactly what it accepts."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from banking.kernel.api_parameters import ID
from banking.kernel.money import validate_currency


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z]{3}$", "example": "EUR"})
class CurrencyCodeField(serializers.CharField):
    """An ISO 4217 code, in either case. There are too many codes to list in a client's types."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=3, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data).upper()
        if code:
            validate_currency(code)
        return code


@extend_schema_field(ID)
class RelatedIdField(serializers.PrimaryKeyRelatedField):  # type: ignore[type-arg]  # as in api.py
    """The id of one of the user's objects; subclasses say which."""


def id_field(**kwargs: Any) -> serializers.IntegerField:
    """An id that the view looks up."""
    return serializers.IntegerField(min_value=ID["minimum"], max_value=ID["maximum"], **kwargs)
