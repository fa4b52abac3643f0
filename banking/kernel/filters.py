"""Filters that pages and the API share, each as strict as the schema says.

banking/schema.py reads the bounds off the form field behind a filter, so what a filter takes and
what the schema allows are one thing.
"""

import re
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError

from banking.kernel.forms import YesNoField
from banking.kernel.money import active_currencies

LARGEST_ID = 2**63 - 1
DAY_WANTED = "Send a date such as 2026-03-31."
_WHOLE_NUMBER = re.compile(r"-?\d+", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_day(text: str) -> date:
    """A date as YYYY-MM-DD and in no other form of ISO 8601. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


class IsoDateField(forms.DateField):
    def to_python(self, value: Any) -> date | None:
        if not isinstance(value, str):
            return super().to_python(value)
        text = value.strip()
        try:
            return read_day(text) if text else None
        except ValueError:
            raise ValidationError(DAY_WANTED, code="invalid") from None


class IsoDateFilter(django_filters.DateFilter):
    field_class = IsoDateField


class WholeNumberField(forms.IntegerField):
    """Digits alone; Django's own reads 1.0 as well."""

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str) and not _WHOLE_NUMBER.fullmatch(value.strip() or "0"):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class IdFilter(django_filters.Filter):
    field_class = WholeNumberField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"min_value": 1, "max_value": LARGEST_ID} | kwargs))


class YesNoFilter(django_filters.BooleanFilter):
    field_class = YesNoField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **kwargs)


def _currency_choices() -> list[tuple[str, str]]:
    return [(code, code) for code in sorted(active_currencies())]


class CurrencyFilter(django_filters.ChoiceFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, choices=_currency_choices, **kwargs)
