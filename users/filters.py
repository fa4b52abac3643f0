"""Staff filters for users, messages and the audit trail."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import django_filters
from django.db.models import QuerySet

from banking.kernel.filters import IdFilter, IsoDateFilter, YesNoFilter
from banking.limits import SEARCH_LENGTH
from users.models import AuditEvent, Notification, User
from users.policy import Ability, may
from users.services.staffing import found_people

_UTC = ZoneInfo("UTC")


class PersonFilter(django_filters.FilterSet):
    """`search` by email, name or phone (exact match for staff who see masked
    values), role, active.
    """

    search = django_filters.CharFilter(method="search_people", max_length=SEARCH_LENGTH)
    role = django_filters.ChoiceFilter(choices=User.Role.choices)
    is_active = YesNoFilter()

    class Meta:
        model = User
        fields: list[str] = []

    def search_people(self, people: QuerySet, name: str, text: str) -> QuerySet:
        sees_all = may(self.request.user, Ability.READ_EVERYTHING)
        return found_people(people, text, exactly=not sees_all)


class ReceiptFilter(django_filters.FilterSet):
    """Recipient, channel, status."""

    user = IdFilter(field_name="recipient_id")
    channel = django_filters.ChoiceFilter(choices=Notification.Channel.choices)
    status = django_filters.ChoiceFilter(choices=Notification.Status.choices)
    kind = django_filters.CharFilter(max_length=SEARCH_LENGTH)

    class Meta:
        model = Notification
        fields: list[str] = []


class AuditFilter(django_filters.FilterSet):
    """Actor (id or email), action (or its prefix), target, and dates (UTC)."""

    actor = django_filters.CharFilter(method="by_actor", max_length=254)
    action = django_filters.CharFilter(lookup_expr="startswith", max_length=SEARCH_LENGTH)
    target_type = django_filters.CharFilter(max_length=SEARCH_LENGTH)
    target_id = IdFilter()
    request_id = django_filters.CharFilter(max_length=SEARCH_LENGTH)
    date_from = IsoDateFilter(method="since")
    date_to = IsoDateFilter(method="until")

    class Meta:
        model = AuditEvent
        fields: list[str] = []

    def by_actor(self, events: QuerySet, name: str, value: str) -> QuerySet:
        if value.isdecimal() and value.isascii() and len(value) < 19:
            return events.filter(actor_id=int(value))
        return events.filter(actor__email=value.strip().lower())

    def since(self, events: QuerySet, name: str, value: datetime) -> QuerySet:
        return events.filter(created_at__gte=datetime.combine(value, time.min, _UTC))

    def until(self, events: QuerySet, name: str, value: datetime) -> QuerySet:
        return events.filter(created_at__lte=datetime.combine(value, time.max, _UTC))
