"""Reward programs and points in the admin site, read-only; people change their own."""

from django.contrib import admin

from rewards.models import PointsEntry, Reward
from users.admin import ReadOnlyAdmin, SetFilter, TypedFilter


@admin.register(Reward)
class RewardAdmin(ReadOnlyAdmin):
    """Programs by person, including those in the trash."""

    group, label = "Money", "Rewards programs"
    customer_path = "user"
    list_display = ["program_name", "customer", "points_balance", "earns_on_bills", "last_updated"]
    list_filter = [
        "earns_on_bills",
        ("currency", TypedFilter),
        ("deleted_at", SetFilter),
    ]
    search_fields = ["program_name", "user__email"]
    list_select_related = ["user"]


@admin.register(PointsEntry)
class PointsEntryAdmin(ReadOnlyAdmin):
    """The points ledger, newest first."""

    group, label = "Money", "Points"
    customer_path = "reward__user"
    list_display = [
        "occurred_on", "customer", "reward", "kind", "points", "expires_on", "note",
    ]  # fmt: skip
    list_filter = ["kind", "occurred_on"]
    search_fields = ["reward__program_name", "reward__user__email", "note"]
    list_select_related = ["reward__user"]
