"""Query parameters shared by several endpoints, with their bounds."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter

from banking.kernel.filters import LARGEST_ID
from banking.kernel.money import active_currencies

# Of a row: the largest one is the database's.
ID: dict[str, Any] = {"type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_ID}
DAY = {"type": "string", "format": "date"}
MONTH = {"type": "string", "pattern": r"^(19[5-9]\d|20\d\d|2100)-(0[1-9]|1[0-2])$"}
CURRENCY_LIST: dict[str, Any] = {
    "type": "string",
    "pattern": "^[A-Z]{3}(,[A-Z]{3})*$",
    "maxLength": 800,
}
CURSOR = OpenApiParameter("cursor", str, description="From `next` or `previous` of another page.")
PAGE_SIZE = OpenApiParameter(
    "page_size",
    {"type": "integer", "default": settings.API_PAGE_ROWS},
    description=f"1 to {settings.API_PAGE_MAX_ROWS}; other values become the nearest limit.",
)
_WHOLE_NUMBER = re.compile(r"-?\d+", re.ASCII)


def currency_parameter(name: str, description: str) -> OpenApiParameter:
    """A currency-code parameter; `description` should name its default."""
    return OpenApiParameter(name, str, enum=sorted(active_currencies()), description=description)


def whole_number(minimum: int, maximum: int) -> dict[str, Any]:
    """The schema of a whole number between two bounds, both inclusive."""
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def page_size_in(params: Mapping[str, str], *, default: int = settings.API_PAGE_ROWS) -> int:
    """`page_size` limited to its bounds. Raises ValidationError for that parameter."""
    text = params.get("page_size", str(default))
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValidationError({"page_size": "Send a whole number."})
    # Numbers too long for int() are out of range anyway.
    return max(1, min(int(text[:12]), settings.API_PAGE_MAX_ROWS))
