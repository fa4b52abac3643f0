"""Alerts in the admin site, read-only. Their texts contain amounts, so support
does not see them.
"""

from django.contrib import admin

from alerts.models import Alert, AlertSubscription
from users.admin import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts by person, with their status."""

    group, label = "Messages", "Alerts"
    customer_path = "user"
    is_large = True
    list_display = [
        "created_at", "customer", "type", "severity", "message", "is_read", "dismissed_at",
    ]  # fmt: skip
    list_filter = ["type", "severity", "is_read", "created_at"]
    search_fields = ["user__email", "=dedupe_key"]
    list_select_related = ["user"]


@admin.register(AlertSubscription)
class AlertSubscriptionAdmin(ReadOnlyAdmin):
    """Notification settings by person and alert type."""

    group, label = "Messages", "Notification settings"
    customer_path = "user"
    list_display = ["customer", "type", "in_app", "email", "sms", "threshold", "updated_at"]
    list_filter = ["type", "email", "sms"]
    search_fields = ["user__email"]
    list_select_related = ["user"]
    ordering = ["-updated_at", "-id"]
