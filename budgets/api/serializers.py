"""JSON serializers for budgets; amounts are strings with the currency's own decimals."""

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from banking.kernel.api import AmountSerializerField
from banking.kernel.api_fields import CurrencyCodeField
from banking.kernel.api_input import Input
from banking.kernel.money import plain_amount
from budgets.models import EARLIEST_YEAR, LATEST_YEAR
from budgets.progress import STATUSES, BudgetProgress
from transactions.api.serializers import CategorySlugField, category_of_owner


def amount(source: str | None = None, **kwargs: Any) -> AmountSerializerField:
    """An amount in the enclosing object's `currency`."""
    return AmountSerializerField(source=source, read_only=True, **kwargs)


class BudgetNotConvertedOut(serializers.Serializer):
    """One account's amounts that are missing from `spent`, because no exchange rate is known."""

    account = serializers.IntegerField(source="account_id")
    account_name = serializers.CharField()
    currency = serializers.CharField()
    count = serializers.IntegerField()
    date_from = serializers.DateField(source="first")
    date_to = serializers.DateField(source="last")


class BudgetRateOut(serializers.Serializer):
    """The stored exchange rates behind a converted figure: dates and sources."""

    base = serializers.CharField(source="from_currency")
    quote = serializers.CharField(source="to")
    rate_on = serializers.DateField(source="last")
    first_rate_on = serializers.DateField(source="first")
    sources = serializers.ListField(child=serializers.CharField())


class BudgetOut(serializers.Serializer):
    """A budget and its progress. `limit_amount` is the limit as set; `limit` includes what was
    carried over; `remaining` = `limit` − `spent_amount`.
    """

    id = serializers.IntegerField(source="budget.pk")
    user = serializers.IntegerField(source="budget.user_id")
    category = serializers.CharField(source="budget.category.slug")
    category_name = serializers.CharField(source="budget.category.name")
    year = serializers.IntegerField(source="budget.year")
    month = serializers.IntegerField(source="budget.month")
    limit_amount = amount("budget.limit_amount")
    currency = serializers.CharField()
    rollover = serializers.BooleanField(source="budget.rollover")
    carried = amount()
    limit = amount()
    spent_amount = amount("spent")
    remaining = amount()
    percent = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STATUSES)
    exceeded = serializers.BooleanField()
    not_converted = serializers.IntegerField(source="not_converted_count")
    created_at = serializers.DateTimeField(source="budget.created_at")
    updated_at = serializers.DateTimeField(source="budget.updated_at")


class ProgressOut(serializers.Serializer):
    """One budget's progress, as in the dashboard overview and the list of a month.

    Field names match BudgetOut; `spent` repeats `spent_amount` for older clients.
    """

    budget_id = serializers.IntegerField(source="budget.pk")
    category = serializers.CharField(source="budget.category.slug")
    category_name = serializers.CharField(source="budget.category.name")
    year = serializers.IntegerField(source="budget.year")
    month = serializers.IntegerField(source="budget.month")
    currency = serializers.CharField()
    limit_amount = amount("budget.limit_amount")
    limit = amount()
    carried = amount()
    spent_amount = amount("spent")
    spent = amount()
    remaining = amount()
    percent = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STATUSES)
    exceeded = serializers.BooleanField()
    days_left = serializers.IntegerField()
    daily_allowance = AmountSerializerField(read_only=True, allow_null=True)
    pace_percent = serializers.SerializerMethodField()
    is_ahead_of_pace = serializers.BooleanField()
    not_converted = serializers.IntegerField(source="not_converted_count")

    @extend_schema_field({"type": "number", "example": 48.4})
    def get_pace_percent(self, one: BudgetProgress) -> float:
        """How much of the month has passed, in percent. A JSON number, because it isn't money."""
        return float(one.pace_percent)


class TrendMonthOut(serializers.Serializer):
    """One month of a category; `limit` is null if it had no budget in this currency."""

    month = serializers.SerializerMethodField()
    spent = amount()
    budget_id = serializers.IntegerField(allow_null=True)
    limit = AmountSerializerField(read_only=True, allow_null=True)
    exceeded = serializers.BooleanField()
    not_converted = serializers.IntegerField(source="not_converted_count")

    @extend_schema_field({"type": "string", "example": "2025-12"})
    def get_month(self, row: Any) -> str:
        return f"{row.month:%Y-%m}"


class ProgressDetailOut(ProgressOut):
    """A budget's progress, the category's last twelve months, and the exchange rates used."""

    not_converted_amounts = BudgetNotConvertedOut(source="not_converted", many=True)
    rates = BudgetRateOut(many=True)
    trend = serializers.SerializerMethodField()

    @extend_schema_field(TrendMonthOut(many=True))
    def get_trend(self, one: BudgetProgress) -> list[dict[str, Any]]:
        return list(TrendMonthOut(self.context["trend"], many=True).data)


class MonthTotalOut(serializers.Serializer):
    """Totals of one month's budgets in one currency; a budget inside another isn't counted
    twice.
    """

    currency = serializers.CharField()
    limit = amount()
    spent = amount()
    remaining = amount()
    percent = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STATUSES)
    exceeded = serializers.BooleanField()
    budget_count = serializers.IntegerField()
    not_converted = serializers.IntegerField(source="not_converted_count")


class BudgetMonthOut(serializers.Serializer):
    """The progress of every budget in a month."""

    year = serializers.IntegerField(source="start.year")
    month = serializers.IntegerField(source="start.month")
    totals = MonthTotalOut(many=True)
    budgets = ProgressOut(source="progresses", many=True)


class BudgetIn(Input):
    """Fields of a new or edited budget."""

    category = CategorySlugField(
        is_needed="Choose a category.", help_text="The slug of an expense category."
    )
    month = serializers.IntegerField(
        min_value=1,
        max_value=12,
        required=False,
        help_text="Default: this month in your time zone.",
    )
    year = serializers.IntegerField(
        min_value=EARLIEST_YEAR, max_value=LATEST_YEAR, required=False, help_text="Default: this."
    )
    limit_amount = AmountSerializerField(
        signed=False, help_text="Enter 0 if you don't want to spend anything."
    )
    currency = CurrencyCodeField(required=False, help_text="Default: your base currency.")
    rollover = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "category" in attrs:
            owner_id: int = self.context["owner_id"]
            attrs["category"] = category_of_owner(owner_id, attrs["category"])
        return attrs


class MonthIn(Input):
    """The month to act on; by default the current month in the user's time zone."""

    month = serializers.IntegerField(min_value=1, max_value=12, required=False)
    year = serializers.IntegerField(min_value=EARLIEST_YEAR, max_value=LATEST_YEAR, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        today: date = self.context["today"]
        return {"year": today.year, "month": today.month} | attrs


class AdoptIn(MonthIn):
    """Categories whose suggestions become budgets; by default all of them."""

    categories = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=500, required=False
    )


class SuggestionOut(serializers.Serializer):
    """The median of a category's spending over the last six full months."""

    category = serializers.CharField(source="category.slug")
    category_name = serializers.CharField(source="category.name")
    limit_amount = amount("amount")
    currency = serializers.CharField()
    history = serializers.SerializerMethodField()
    not_converted = serializers.IntegerField(source="not_converted_count")

    @extend_schema_field(
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"month": {"type": "string"}, "spent": {"type": "string"}},
            },
        }
    )
    def get_history(self, one: Any) -> list[dict[str, str]]:
        return [
            {"month": f"{month:%Y-%m}", "spent": plain_amount(spent, one.currency)}
            for month, spent in zip(one.months, one.history, strict=True)
        ]
