"""The user's activity list in the API."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from banking.kernel.api_input import GenericApiView, operation
from users.audit.activity import activity_of, describe
from users.audit.activity_words import KINDS
from users.models import AuditEvent
from users.signed_in import UserApiRequest, user_of


class ActivityOut(serializers.Serializer):
    """One event: when, what, by whom, from where. `by` is empty for automatic events."""

    id = serializers.IntegerField(source="event.id")
    at = serializers.DateTimeField(source="event.created_at")
    action = serializers.CharField(source="event.action")
    kind = serializers.ChoiceField(choices=[*KINDS, ""])
    what = serializers.CharField()
    by = serializers.CharField()
    is_own = serializers.BooleanField()
    ip = serializers.CharField()
    device = serializers.CharField()
    target_type = serializers.CharField(source="event.target_type")
    target_id = serializers.IntegerField(source="event.target_id", allow_null=True)
    details = serializers.SerializerMethodField()

    def get_details(self, entry: dict[str, Any]) -> dict[str, str]:
        return dict(entry["details"])


class ActivityApi(GenericApiView):
    serializer_class = ActivityOut
    queryset = AuditEvent.objects.none()

    @operation(
        operation_id="users_me_activity",
        parameters=[OpenApiParameter("kind", str, enum=list(KINDS))],
        responses=ActivityOut(many=True),
    )
    def get(self, request: UserApiRequest) -> Response:
        """Your account's activity, newest first."""
        kind = request.query_params.get("kind", "")
        if kind and kind not in KINDS:
            raise ValidationError({"kind": f"Choose one of {', '.join(KINDS)}."})
        page = self.paginate_queryset(activity_of(user_of(request), kind))
        entries = [describe(event, user_of(request)) for event in page or []]
        return self.get_paginated_response(ActivityOut(entries, many=True).data)
