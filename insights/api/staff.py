"""`GET /api/admin/overview`: platform figures for auditors and admins."""

from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import ApiView, operation
from insights.models import JobState
from insights.staff.figures import Counts, Health, Month, health_now
from insights.staff.platform_counts import last_counts
from users.api.staff import Needs
from users.policy import Ability
from users.signed_in import UserApiRequest


class PeopleCountOut(serializers.Serializer):
    """Users; `active` were seen, and `signed_up` joined, in the last 30 days."""

    total = serializers.IntegerField()
    active = serializers.IntegerField()
    signed_up = serializers.IntegerField()
    deactivated = serializers.IntegerField()
    by_role = serializers.DictField(child=serializers.IntegerField())


class VolumeOut(serializers.Serializer):
    """Money moved this month in one currency."""

    currency = serializers.CharField()
    inflow = AmountSerializerField()
    outflow = AmountSerializerField()
    transactions = serializers.IntegerField()


class PlatformMonthOut(serializers.Serializer):
    """One month on the platform."""

    month = serializers.SerializerMethodField()
    transactions = serializers.IntegerField()
    sign_ups = serializers.IntegerField()

    def get_month(self, row: Month) -> str:
        return f"{row.month:%Y-%m}"


class TroubleOut(serializers.Serializer):
    """What needs attention; dated items cover the last 7 days."""

    failed_jobs = serializers.IntegerField()
    failed_imports = serializers.IntegerField()
    failed_changes = serializers.IntegerField()
    failed_exports = serializers.IntegerField()
    failed_notifications = serializers.IntegerField()
    overdue_notifications = serializers.IntegerField()
    sync_errors = serializers.IntegerField()
    held_rates = serializers.IntegerField()


class JobOut(serializers.ModelSerializer):
    """The latest result of one job."""

    class Meta:
        model = JobState
        fields = [
            "name", "outcome", "result", "finished_at", "duration_ms", "run_count",
            "failure_count", "failed_at", "error",
        ]  # fmt: skip


class CheckOut(serializers.Serializer):
    """A nightly check; `passed` is null before its first run."""

    passed = serializers.BooleanField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()


class AuditStateOut(CheckOut):
    """The nightly audit trail check, and the trail's length when it was counted."""

    chains = serializers.IntegerField(allow_null=True)
    events = serializers.IntegerField(allow_null=True)


@dataclass(frozen=True, slots=True)
class Platform:
    """What was counted last, None before the first time, and the state of the jobs now."""

    counts: Counts | None
    health: Health


class PlatformOut(serializers.Serializer):
    """Platform figures.

    A job counts every 15 minutes; `at` is when it last did. Before its first run, `at` and all that
    it counts are null: users, accounts, volume, months, notifications, trouble, and the length of
    the audit trail. Jobs, queue and nightly checks are as they are now.
    """

    at = serializers.DateTimeField(source="counts.at", allow_null=True)
    users = PeopleCountOut(source="counts.people", allow_null=True)
    accounts = serializers.IntegerField(source="counts.accounts", allow_null=True)
    volume = VolumeOut(many=True, source="counts.volume", allow_null=True)
    months = PlatformMonthOut(many=True, source="counts.months", allow_null=True)
    notifications = serializers.DictField(
        child=serializers.IntegerField(), source="counts.notifications", allow_null=True
    )
    trouble = TroubleOut(source="counts.trouble", allow_null=True)
    jobs = JobOut(many=True, source="health.jobs")
    queue = serializers.IntegerField(
        source="health.queue", allow_null=True, help_text="null if the broker didn't respond."
    )
    ledger = CheckOut(source="health.ledger")
    audit = serializers.SerializerMethodField()

    @extend_schema_field(AuditStateOut)
    def get_audit(self, platform: Platform) -> dict[str, Any]:
        counts = platform.counts
        return {
            **CheckOut(platform.health.audit).data,
            "chains": counts and counts.chains,
            "events": counts and counts.events,
        }


class PlatformOverviewApi(ApiView):
    permission_classes = [Needs]
    reading = Ability.READ_EVERYTHING
    writing = Ability.MANAGE_USERS

    @operation(operation_id="admin_overview", responses=PlatformOut)
    def get(self, request: UserApiRequest) -> Response:
        """Users, accounts, volume by currency, jobs, messages, queue and nightly checks."""
        return Response(PlatformOut(Platform(last_counts(), health_now())).data)
