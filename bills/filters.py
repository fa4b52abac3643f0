"""Filters of a bill list."""

import django_filters
from django.utils import timezone

from banking.kernel.filters import IdFilter, IsoDateFilter
from bills.models import Bill, BillQuerySet
from users.timezones import local_date


class BillFilter(django_filters.FilterSet):
    """`status` (in the user's time zone), `due_from`, `due_to` and `account`."""

    status = django_filters.ChoiceFilter(choices=Bill.Status.choices, method="by_status")
    due_from = IsoDateFilter(field_name="due_date", lookup_expr="gte")
    due_to = IsoDateFilter(field_name="due_date", lookup_expr="lte")
    account = IdFilter(field_name="account")

    class Meta:
        model = Bill
        fields: list[str] = []

    def by_status(self, bills: BillQuerySet, name: str, status: str) -> BillQuerySet:
        return bills.with_status(status, local_date(self.request.user.timezone, timezone.now()))
