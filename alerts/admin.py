"""Alerts in the admin site, read-only. Their texts contain amounts, so support
does not see them.
"""

from django.contrib import admin

from alerts.models import Alert, AlertSubscription
from users.admin import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts by person, with their status."""

    list_display = ["created_at", "user", "type", "severity", "message", "is_read", "dismissed_at"]
    list_filter = ["type", "severity", "is_read", "created_at"]
    search_fields = ["user__email", "=dedupe_key"]
    list_select_related = ["user"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(AlertSubscription)
class AlertSubscriptionAdmin(ReadOnlyAdmin):
    """Notification settings by person and alert type."""

    list_display = ["user", "type", "in_app", "email", "sms", "threshold", "updated_at"]
    list_filter = ["type", "email", "sms"]
    search_fields = ["user__email"]
    list_select_related = ["user"]
    ordering = ["user_id", "type"]
