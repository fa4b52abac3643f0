"""Filters of a budget list."""

import django_filters

from budgets.models import EARLIEST_YEAR, LATEST_YEAR, Budget


class BudgetFilter(django_filters.FilterSet):
    """`year`, `month` and `category` (its slug)."""

    year = django_filters.NumberFilter(
        field_name="year", min_value=EARLIEST_YEAR, max_value=LATEST_YEAR, decimal_places=0
    )
    month = django_filters.NumberFilter(
        field_name="month", min_value=1, max_value=12, decimal_places=0
    )
    category = django_filters.CharFilter(field_name="category__slug", max_length=60)

    class Meta:
        model = Budget
        fields: list[str] = []
