"""JSON serializers for rewards programs. Points are whole numbers; money is a string."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from banking.kernel.api import AmountSerializerField
from banking.kernel.api_fields import CurrencyCodeField
from banking.kernel.api_input import Input
from banking.limits import MOST_POINTS
from rewards.models import PointsEntry

_KINDS = [choice for choice in PointsEntry.Kind.choices if choice[0] != PointsEntry.Kind.EXPIRE]


@extend_schema_field({"type": "string", "example": "0.0085"})
class RateField(serializers.Field):
    """A rate, or the value of one point, with four decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> str:
        return f"{value:.4f}"


class RewardOut(serializers.Serializer):
    """A rewards program; `value` is what its points are worth in its `currency`."""

    id = serializers.IntegerField(source="reward.pk")
    user = serializers.IntegerField(source="reward.user_id")
    program_name = serializers.CharField(source="reward.program_name")
    points_balance = serializers.IntegerField(source="reward.points_balance")
    last_updated = serializers.DateTimeField(source="reward.last_updated", allow_null=True)
    point_value = RateField(source="reward.point_value")
    currency = serializers.CharField(source="reward.currency")
    value = AmountSerializerField(read_only=True, currency="reward.currency")
    earn_rate = RateField(source="reward.earn_rate")
    early_bonus_percent = serializers.IntegerField(source="reward.early_bonus_percent")
    expires_after_months = serializers.IntegerField(
        source="reward.expires_after_months", allow_null=True
    )
    earns_on_bills = serializers.BooleanField(source="reward.earns_on_bills")
    expiring_points = serializers.IntegerField()
    expires_next = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField(source="reward.created_at")
    updated_at = serializers.DateTimeField(source="reward.updated_at")


class RewardIn(Input):
    """Fields of a new or edited program. A new balance becomes an `adjust` entry."""

    program_name = serializers.CharField(max_length=120)
    points_balance = serializers.IntegerField(min_value=0, max_value=MOST_POINTS, required=False)
    point_value = AmountSerializerField(signed=False, required=False)
    currency = CurrencyCodeField(
        required=False,
        help_text="Currency of the point value. Default: your base currency.",
    )
    earn_rate = AmountSerializerField(
        signed=False, required=False, help_text="Points per whole unit of the base currency."
    )
    early_bonus_percent = serializers.IntegerField(min_value=0, max_value=1000, required=False)
    expires_after_months = serializers.IntegerField(
        min_value=1, max_value=600, required=False, allow_null=True
    )
    earns_on_bills = serializers.BooleanField(required=False)


class PointsEntryOut(serializers.ModelSerializer):
    """One points entry: positive means earned, negative spent."""

    class Meta:
        model = PointsEntry
        fields = [
            "id",
            "reward",
            "kind",
            "points",
            "occurred_on",
            "expires_on",
            "note",
            "payment",
            "created_at",
        ]


class PointsEntryIn(Input):
    """Points to earn or redeem (both positive) or adjust (either sign)."""

    kind = serializers.ChoiceField(choices=_KINDS)
    points = serializers.IntegerField(min_value=-MOST_POINTS, max_value=MOST_POINTS)
    occurred_on = serializers.DateField(
        required=False, help_text="Default: today in your time zone."
    )
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class ExpiringOut(serializers.Serializer):
    reward = serializers.IntegerField(source="reward.pk")
    program_name = serializers.CharField(source="reward.program_name")
    points = serializers.IntegerField(source="expiring_points")
    expires_next = serializers.DateField()


class RewardsTotalOut(serializers.Serializer):
    """All programs together, valued in the base currency; those without a rate are counted
    apart.
    """

    total_points = serializers.IntegerField()
    value = AmountSerializerField(read_only=True)
    currency = serializers.CharField()
    not_converted = serializers.IntegerField(source="not_converted_count")
    expiring_points = serializers.IntegerField()
    expiring = ExpiringOut(many=True)
