"""Reward programs and points in the admin site, read-only; people change their own."""

from django.contrib import admin

from rewards.models import PointsEntry, Reward
from users.admin import ReadOnlyAdmin


@admin.register(Reward)
class RewardAdmin(ReadOnlyAdmin):
    """Programs by person, including those in the trash."""

    list_display = ["program_name", "user", "points_balance", "earns_on_bills", "last_updated"]
    list_filter = ["earns_on_bills", "currency", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["program_name", "user__email"]
    list_select_related = ["user"]
    ordering = ["user_id", "program_name", "id"]
    show_full_result_count = False


@admin.register(PointsEntry)
class PointsEntryAdmin(ReadOnlyAdmin):
    """The points ledger, newest first."""

    list_display = ["occurred_on", "reward", "kind", "points", "expires_on", "note", "payment_id"]
    list_filter = ["kind", "occurred_on"]
    search_fields = ["reward__program_name", "reward__user__email", "note"]
    list_select_related = ["reward"]
    ordering = ["-id"]
    show_full_result_count = False
