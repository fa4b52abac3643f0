"""Filters of a budget list."""

import django_filters

from banking.kernel.filters import IdFilter
from budgets.models import EARLIEST_YEAR, LATEST_YEAR, Budget


class BudgetFilter(django_filters.FilterSet):
    """`year`, `month` and `category` (its slug)."""

    year = IdFilter(field_name="year", min_value=EARLIEST_YEAR, max_value=LATEST_YEAR)
    month = IdFilter(field_name="month", max_value=12)
    category = django_filters.CharFilter(field_name="category__slug", max_length=60)

    class Meta:
        model = Budget
        fields: list[str] = []
