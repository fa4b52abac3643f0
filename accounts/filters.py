"""Filters for the accounts list."""

from typing import Any

import django_filters
from django import forms

from accounts.models import Account
from banking.kernel.forms import YesNoField
from banking.kernel.money import active_currencies


class YesNoFilter(django_filters.BooleanFilter):
    field_class = YesNoField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=forms.TextInput, **kwargs)


class AccountFilter(django_filters.FilterSet):
    """Filter by `is_active`, `account_type` and `currency`, on the page and in the API."""

    is_active = YesNoFilter()
    account_type = django_filters.ChoiceFilter(choices=Account.Type.choices)
    currency = django_filters.ChoiceFilter(
        choices=lambda: [(code, code) for code in sorted(active_currencies())]
    )

    class Meta:
        model = Account
        fields: list[str] = []
