"""Filters for the accounts list."""

import django_filters

from accounts.models import Account
from banking.kernel.filters import CurrencyFilter, YesNoFilter


class AccountFilter(django_filters.FilterSet):
    """Filter by `is_active`, `account_type` and `currency`, on the page and in the API."""

    is_active = YesNoFilter()
    account_type = django_filters.ChoiceFilter(choices=Account.Type.choices)
    currency = CurrencyFilter()

    class Meta:
        model = Account
        fields: list[str] = []
