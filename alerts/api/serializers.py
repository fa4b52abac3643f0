"""Alerts in JSON."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import Resolver404, resolve
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.models import Alert, AlertType
from alerts.services import check_threshold
from alerts.subscriptions import AMOUNT, RULES, Choice, default_threshold, problems_of
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import Input
from banking.kernel.money import plain_amount

CHANNELS = ("in_app", "email", "sms")


# Page an alert links to -> type of the object.
_TARGETS = {
    "accounts:account_detail": "account",
    "bills:bill_detail": "bill",
    "budgets:budget_detail": "budget",
    "rewards:reward_detail": "reward",
    "transactions:import_receipt": "import",
    "transactions:transaction_detail": "transaction",
}


class TargetedOut(serializers.Serializer):
    """The object an alert is about, for clients that don't open web pages: `/api/{type}s/{id}`."""

    target_type = serializers.SerializerMethodField()
    target_id = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=[*_TARGETS.values()], allow_null=True))
    def get_target_type(self, alert: Any) -> str | None:
        return _target_of(alert.link)[0]

    def get_target_id(self, alert: Any) -> int | None:
        return _target_of(alert.link)[1]


def _target_of(link: str) -> tuple[str | None, int | None]:
    try:
        found = resolve(link.partition("?")[0])
    except Resolver404:
        return None, None
    kind = _TARGETS.get(found.view_name)
    return (kind, found.kwargs["pk"]) if kind else (None, None)


class AlertOut(TargetedOut, serializers.ModelSerializer):
    """One alert, in the region format of its owner. `transactions_link` leads to the transactions
    behind it.
    """

    message = serializers.CharField(source="text")

    class Meta:
        model = Alert
        fields = [
            "id", "type", "message", "severity", "is_read", "dismissed_at", "target_type",
            "target_id", "link", "transactions_link", "dedupe_key", "occurred_on", "created_at",
            "updated_at",
        ]  # fmt: skip


class TypeIn(Input):
    type = serializers.ChoiceField(choices=AlertType.choices)
    threshold = AmountSerializerField(
        positive=True,
        required=False,
        allow_null=True,
        default=None,
        help_text="An amount in your base currency, or a percentage. null: the default rule.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        currency = self.context["request"].user.base_currency
        check_threshold(data["type"], data["threshold"], currency)
        return data


class SubscribeIn(TypeIn):
    """List the channels to use in `channels`, or set each one by name. Omitted fields don't
    change.
    """

    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=CHANNELS), required=False
    )
    in_app = serializers.BooleanField(required=False)
    email = serializers.BooleanField(required=False)
    sms = serializers.BooleanField(required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        if "threshold" not in self.initial_data:
            del data["threshold"]
        listed = data.pop("channels", None)
        if listed is not None:
            data = {name: name in listed for name in CHANNELS} | data
        return data


class SubscriptionOut(serializers.Serializer):
    """How you are notified of one alert type. `unavailable` says why a channel can't deliver
    now.
    """

    type = serializers.CharField()
    label = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field of that name
    help = serializers.SerializerMethodField()
    channels = serializers.SerializerMethodField()
    in_app = serializers.BooleanField()
    email = serializers.BooleanField()
    sms = serializers.BooleanField()
    threshold = serializers.SerializerMethodField()
    default_threshold = serializers.SerializerMethodField()
    threshold_unit = serializers.SerializerMethodField()
    currency = serializers.SerializerMethodField()
    unavailable = serializers.SerializerMethodField()

    def get_label(self, choice: Choice) -> str:
        return str(AlertType(choice.type).label)

    def get_help(self, choice: Choice) -> str:
        return RULES[choice.type].help

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_channels(self, choice: Choice) -> list[str]:
        return [name for name in CHANNELS if getattr(choice, name)]

    def get_threshold(self, choice: Choice) -> str | None:
        return self._shown(choice, choice.threshold)

    def get_default_threshold(self, choice: Choice) -> str | None:
        currency = self.context["user"].base_currency
        default = default_threshold(choice.type, currency)
        return self._shown(choice, default)

    def get_threshold_unit(self, choice: Choice) -> str:
        """ "amount", "percent", or "" if this type has no threshold."""
        return RULES[choice.type].unit

    def get_currency(self, choice: Choice) -> str | None:
        is_amount = RULES[choice.type].unit == AMOUNT
        return self.context["user"].base_currency if is_amount else None

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_unavailable(self, choice: Choice) -> dict[str, str]:
        return {name: why for name, why in self.context["problems"].items() if why}

    def _shown(self, choice: Choice, value: Decimal | None) -> str | None:
        return shown_threshold(choice.type, value, self.context["user"].base_currency)


def shown_threshold(kind: str, value: Decimal | None, currency: str) -> str | None:
    """A threshold for display: money with the currency's decimals, percent without trailing
    zeros.
    """
    if value is None:
        return None
    if RULES[kind].unit == AMOUNT:
        return plain_amount(value, currency)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def subscription_context(user: Any) -> dict[str, Any]:
    return {"user": user, "problems": problems_of(user)}


class FactOut(TargetedOut):
    """An alert that would have been raised: when, what, and the transactions behind it."""

    date = serializers.DateField(source="on")
    type = serializers.CharField()
    message = serializers.CharField()
    severity = serializers.CharField()
    link = serializers.CharField()
    transactions_link = serializers.CharField()
    dedupe_key = serializers.CharField(source="key")


class BacktestOut(serializers.Serializer):
    type = serializers.CharField()
    threshold = serializers.CharField(allow_null=True)
    date_from = serializers.DateField()
    date_to = serializers.DateField()
    count = serializers.IntegerField()
    alerts = FactOut(many=True)


def backtest_data(command: dict[str, Any], facts: list, days: tuple[date, date], user: Any) -> dict:
    shown = shown_threshold(command["type"], command["threshold"], user.base_currency)
    return BacktestOut(
        {
            "type": command["type"],
            "threshold": shown,
            "date_from": days[0],
            "date_to": days[1],
            "count": len(facts),
            "alerts": facts,
        }
    ).data
