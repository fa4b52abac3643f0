"""Filters of an alert list, for the page and the API."""

import django_filters

from alerts.models import Alert, AlertQuerySet, AlertType
from banking.kernel.filters import YesNoFilter


class AlertFilter(django_filters.FilterSet):
    """`is_read`, `type`, and `dismissed`: dismissed alerts are hidden by default."""

    is_read = YesNoFilter()
    type = django_filters.ChoiceFilter(choices=AlertType.choices)
    dismissed = YesNoFilter(method="are_dismissed")

    class Meta:
        model = Alert
        fields: list[str] = []

    def are_dismissed(self, rows: AlertQuerySet, name: str, value: bool) -> AlertQuerySet:
        return rows.exclude(dismissed_at=None) if value else rows.current()

    def filter_queryset(self, queryset: AlertQuerySet) -> AlertQuerySet:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("dismissed") is not None else rows.current()
