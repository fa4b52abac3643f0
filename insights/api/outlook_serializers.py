"""Recurring payments and the forecast as JSON: amounts are strings."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from banking.kernel.api_fields import id_field
from banking.kernel.api_input import Input
from banking.kernel.money import plain_amount
from insights.api.serializers import FigureField, NotConvertedOut, PercentField, RatesUsedOut
from insights.models import RecurringDismissal, SameAnswer
from insights.recurring.cadence import Cadence
from insights.recurring.recurring import Confidence, Recurring
from transactions.models import Transaction


@extend_schema_field({"type": "string", "example": "17.99"})
class OwnAmountField(serializers.Field):
    """An amount in the currency of its object."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        return super().get_attribute(instance), instance.currency

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        return plain_amount(*value)


class PriceChangeOut(serializers.Serializer):
    """A price change within the last year: old and new amount, and since when."""

    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    since = serializers.DateField()
    percent = PercentField()

    def get_before(self, change: Any) -> str:
        return plain_amount(change.before, self.context["currency"])

    def get_after(self, change: Any) -> str:
        return plain_amount(change.after, self.context["currency"])


class RecurringOut(serializers.Serializer):
    """One recurring payment or income, in its account's currency.

    `amount` is the current price or, if amounts vary, the median of the last year. `bill` is the
    open bill for it. `late_days` counts from `next_date`. Once it counts as missed, `missed_date`
    is that date and `next_date` the one after.
    """

    account = serializers.IntegerField(source="account.pk")
    account_name = serializers.CharField(source="account.name")
    merchant = serializers.CharField(source="name")
    merchant_key = serializers.CharField(source="key")
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices, source="direction")
    cadence = serializers.ChoiceField(choices=Cadence.choices)
    currency = serializers.CharField()
    amount = OwnAmountField(source="typical_amount")
    last_amount = OwnAmountField()
    lowest_amount = OwnAmountField(source="lowest")
    highest_amount = OwnAmountField(source="highest")
    monthly = OwnAmountField()
    yearly = OwnAmountField()
    is_fixed = serializers.BooleanField()
    last_date = serializers.DateField(source="last_on")
    next_date = serializers.DateField(source="next_on", allow_null=True)
    is_late = serializers.BooleanField()
    late_days = serializers.IntegerField()
    missed_date = serializers.DateField(source="missed_on", allow_null=True)
    occurrences = serializers.IntegerField()
    missed = serializers.IntegerField()
    confidence = serializers.ChoiceField(choices=Confidence.choices)
    status = serializers.SerializerMethodField()
    price_change = serializers.SerializerMethodField()
    bill = serializers.IntegerField(source="bill_id", allow_null=True)

    @extend_schema_field(serializers.ChoiceField(choices=["active", "ended"]))
    def get_status(self, one: Recurring) -> str:
        return "active" if one.is_active else "ended"

    @extend_schema_field(PriceChangeOut(allow_null=True))
    def get_price_change(self, one: Recurring) -> dict | None:
        change = one.price_change
        context = {"currency": one.currency}
        return PriceChangeOut(change, context=context).data if change else None


class DismissalOut(serializers.ModelSerializer):
    """A merchant whose payments on an account are marked as not recurring."""

    merchant = serializers.CharField(source="name")
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices, source="direction")

    class Meta:
        model = RecurringDismissal
        fields = ["id", "account", "merchant", "merchant_key", "txn_type", "created_at"]


class DismissalIn(Input):
    """The account and merchant, as listed in the recurring payments."""

    account = id_field()
    merchant_key = serializers.CharField(max_length=120)
    txn_type = serializers.ChoiceField(choices=Transaction.Type.choices, source="direction")
    merchant = serializers.CharField(
        source="name",
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="As listed.",
    )


DECISIONS = ["same", "different"]


class SameAnswerOut(serializers.ModelSerializer):
    """An answer about a bill (by its name at the time) and a merchant's recurring payments."""

    merchant = serializers.CharField(source="name")
    decision = serializers.SerializerMethodField()

    class Meta:
        model = SameAnswer
        fields = [
            "id", "bill_name", "account", "merchant", "merchant_key", "decision", "created_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=DECISIONS))
    def get_decision(self, answer: SameAnswer) -> str:
        return "same" if answer.is_same else "different"


class SameAnswerIn(Input):
    """The bill and the recurring payment, as the doubt lists them."""

    bill = id_field()
    account = id_field()
    merchant_key = serializers.CharField(max_length=120)
    decision = serializers.ChoiceField(choices=DECISIONS)
    merchant = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="As listed.",
    )


class DoubtOut(serializers.Serializer):
    """A bill and a recurring payment that may be the same. Both count until it is answered."""

    bill = serializers.IntegerField(source="bill.pk")
    bill_name = serializers.CharField(source="bill.name")
    bill_currency = serializers.CharField(source="bill.currency")
    bill_amount = serializers.SerializerMethodField()
    due_date = serializers.DateField(source="bill.due_date")
    account = serializers.IntegerField(source="recurring.account.pk")
    merchant = serializers.CharField(source="recurring.name")
    merchant_key = serializers.CharField(source="recurring.key")
    amount = serializers.SerializerMethodField()
    currency = serializers.CharField(source="recurring.currency")
    next_date = serializers.DateField(source="recurring.next_on")

    def get_bill_amount(self, doubt: Any) -> str:
        return plain_amount(doubt.bill.amount, doubt.bill.currency)

    def get_amount(self, doubt: Any) -> str:
        return plain_amount(doubt.recurring.expected_amount, doubt.recurring.currency)


class RecurringSummaryOut(serializers.Serializer):
    """Recurring payments; totals cover active ones that convert into `currency`, except those whose
    confidence is low.
    """

    on = serializers.DateField()
    currency = serializers.CharField()
    monthly_cost = FigureField(source="cost.monthly")
    yearly_cost = FigureField(source="cost.yearly")
    monthly_income = FigureField(source="income.monthly")
    yearly_income = FigureField(source="income.yearly")
    not_converted = serializers.IntegerField(source="not_converted_count")
    not_converted_items = NotConvertedOut(source="not_converted", many=True)
    rates = RatesUsedOut(many=True)
    payments = RecurringOut(many=True)
    incomes = RecurringOut(many=True)
    ended = RecurringOut(many=True)
    dismissed = DismissalOut(many=True)
    doubts = DoubtOut(many=True)
    same_answers = SameAnswerOut(many=True)


class ForecastPointOut(serializers.Serializer):
    """The balance at the end of a day; it should be between low and high 80% of the time."""

    date = serializers.DateField(source="on")
    low = FigureField()
    expected = FigureField()
    high = FigureField()


class ForecastEventOut(serializers.Serializer):
    """A payment (negative) or income expected on a day. `bill` is set if it comes from a bill,
    `transaction` if it is already posted for that day. A late recurring payment is expected
    tomorrow and was due on `due_date`; `missed_date` is an earlier date it missed.
    """

    date = serializers.DateField(source="on")
    name = serializers.CharField()
    amount = FigureField()
    own_amount = serializers.SerializerMethodField()
    own_currency = serializers.CharField()
    bill = serializers.IntegerField(source="bill_id", allow_null=True)
    transaction = serializers.IntegerField(source="transaction_id", allow_null=True)
    is_pay_day = serializers.BooleanField()
    due_date = serializers.DateField(source="due", allow_null=True)
    late_days = serializers.IntegerField()
    missed_date = serializers.DateField(source="missed_on", allow_null=True)

    def get_own_amount(self, event: Any) -> str:
        return plain_amount(event.own_amount, event.own_currency)


class LowestPointOut(ForecastPointOut):
    """The lowest expected balance before the next payday; null if no payday is known."""

    pay_day = serializers.DateField(allow_null=True)

    def to_representation(self, lowest: Any) -> dict[str, Any]:
        data = ForecastPointOut(lowest.point, context=self.context).data
        return data | {"pay_day": lowest.pay_day.on.isoformat() if lowest.pay_day else None}


class HitRateOut(serializers.Serializer):
    """How accurate the forecast would have been over the last six months.

    The balance was in the band on `inside` of `days` compared; `origins` are the dates the
    forecasts were made on.
    """

    days = serializers.IntegerField()
    inside = serializers.IntegerField()
    percent = PercentField()
    mean_error = FigureField()
    origins = serializers.ListField(child=serializers.DateField())


class ForecastOut(serializers.Serializer):
    """A forecast in the base currency."""

    on = serializers.DateField(source="forecast.on")
    days = serializers.IntegerField(source="forecast.days")
    currency = serializers.CharField(source="forecast.currency")
    accounts = serializers.SerializerMethodField()
    balance = FigureField(source="forecast.balance")
    history_days = serializers.IntegerField(source="forecast.history_days")
    everyday = FigureField(source="forecast.everyday")
    points = ForecastPointOut(source="forecast.points", many=True)
    events = ForecastEventOut(source="forecast.events", many=True)
    doubts = DoubtOut(source="forecast.doubts", many=True)
    lowest = LowestPointOut(source="forecast.lowest", allow_null=True)
    hit_rate = HitRateOut(allow_null=True)
    not_converted = serializers.IntegerField(source="forecast.not_converted_count")
    not_converted_items = NotConvertedOut(source="forecast.not_converted", many=True)
    rates = RatesUsedOut(source="forecast.rates", many=True)

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_accounts(self, summary: Any) -> list[int]:
        return [account.pk for account in summary.forecast.accounts]
