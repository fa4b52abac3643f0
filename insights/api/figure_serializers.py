"""Insights as JSON: each includes its period, currency, unconverted amounts and rates."""

from decimal import Decimal
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insights.api.serializers import (
    CategoryTotalOut,
    FigureField,
    MonthField,
    NotConvertedOut,
    PercentField,
    PeriodOut,
    RatesUsedOut,
    TotalsOut,
)
from insights.figures.burn_rate import BurnRate, BurnWindow


@extend_schema_field({"type": "number", "nullable": True, "example": 25.5})
class RateField(serializers.Field):
    """A share of one as a percentage with one decimal: 0.255 becomes 25.5."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> float:
        return float(round(value * 100, 1))


@extend_schema_field({"type": "number", "nullable": True, "example": 7.4})
class MonthsField(serializers.Field):
    """A number of months with one decimal."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> float:
        return float(round(value, 1))


class ConvertedOut(serializers.Serializer):
    """Fields that every converted figure has."""

    currency = serializers.CharField(source="question.currency")
    not_converted = serializers.IntegerField(source="not_converted_count")
    not_converted_items = NotConvertedOut(source="not_converted", many=True)
    rates = RatesUsedOut(many=True)


class MonthOut(serializers.Serializer):
    month = MonthField()
    income = FigureField()
    expenses = FigureField()
    net = FigureField()
    refunds = FigureField()
    gross_income = FigureField()
    gross_expenses = FigureField()
    savings_rate_percent = RateField(source="savings_rate", allow_null=True)
    not_converted = serializers.IntegerField(source="not_converted_count")


class FlowTotalsOut(TotalsOut):
    savings_rate_percent = RateField(source="savings_rate", allow_null=True)


class CashFlowOut(serializers.Serializer):
    """Income, expenses, net and savings rate: total, previous period, and by month."""

    period = PeriodOut(source="question.choice")
    currency = serializers.CharField(source="question.currency")
    not_converted = serializers.IntegerField(source="total.not_converted_count")
    not_converted_items = NotConvertedOut(source="total.not_converted", many=True)
    rates = RatesUsedOut(source="total.rates", many=True)
    totals = FlowTotalsOut(source="total")
    previous = FlowTotalsOut(source="before")
    months = MonthOut(many=True)


class CategoriesOut(serializers.Serializer):
    """Spending by category with subcategories rolled up. A category with only past spending has
    0.
    """

    period = PeriodOut(source="question.choice")
    currency = serializers.CharField(source="question.currency")
    not_converted = serializers.IntegerField(source="total.not_converted_count")
    not_converted_items = NotConvertedOut(source="total.not_converted", many=True)
    rates = RatesUsedOut(source="total.rates", many=True)
    total = FigureField(source="total.expenses")
    previous_total = FigureField(source="before.expenses")
    categories = CategoryTotalOut(source="rows", many=True)


class MerchantOut(serializers.Serializer):
    """One merchant; `merchant` is "" for transactions without one."""

    merchant = serializers.CharField(source="name")
    category = serializers.CharField(source="category.slug", allow_null=True)
    total = FigureField()
    refunds = FigureField()
    gross_total = FigureField()
    transaction_count = serializers.IntegerField(source="count")
    average = FigureField()
    percent = PercentField()
    previous_total = FigureField()
    change = FigureField()
    change_percent = PercentField(allow_null=True)


class MerchantsOut(ConvertedOut):
    """The top merchants by spending, and the total of all others."""

    period = PeriodOut(source="question.choice")
    total = FigureField()
    previous_total = FigureField()
    merchants = MerchantOut(source="rows", many=True)
    others_count = serializers.IntegerField()
    others_total = FigureField()


class BurnWindowOut(serializers.Serializer):
    """The last `months` full months, of which `month_count` have transactions."""

    months = serializers.IntegerField()
    month_count = serializers.IntegerField()
    date_from = serializers.DateField(source="flow.period.start")
    date_to = serializers.DateField(source="flow.period.last_day")
    monthly_expenses = FigureField(source="monthly")
    daily_expenses = FigureField(source="daily")
    monthly_income = FigureField()
    net_burn = FigureField()
    runway_months = serializers.SerializerMethodField()

    @extend_schema_field({"type": "number", "nullable": True})
    def get_runway_months(self, window: BurnWindow) -> float | None:
        """Null if income covers expenses, so cash doesn't run out."""
        months = window.runway_months(self.context["liquid"])
        return None if months is None else float(round(months, 1))


class BurnRateOut(ConvertedOut):
    """Average monthly expenses, their trend, and how long liquid funds would last."""

    liquid_funds = FigureField(source="liquid.total")
    liquid_not_converted = serializers.IntegerField(source="liquid.not_converted_count")
    runway_months = MonthsField(allow_null=True)
    months_without_income = MonthsField(allow_null=True)
    trend = serializers.ChoiceField(choices=["rising", "falling", "steady"], allow_null=True)
    trend_percent = PercentField(allow_null=True)
    windows = BurnWindowOut(many=True)
    months = MonthOut(many=True)

    def to_representation(self, figure: BurnRate) -> dict[str, Any]:
        cast(dict, self.context)["liquid"] = figure.liquid.total
        return super().to_representation(figure)


class WorthPointOut(serializers.Serializer):
    date = serializers.DateField(source="on")
    assets = FigureField()
    liabilities = FigureField()
    net_worth = FigureField(source="total")
    not_converted = serializers.IntegerField(source="not_converted_count")


class NetWorthOut(ConvertedOut):
    """Net worth at the start and end of the period and at month ends between, each at that day's
    rates. `net_worth` is the last value and `change` the difference from the first.
    """

    period = PeriodOut(source="question.choice")
    net_worth = FigureField(source="last.total")
    assets = FigureField(source="last.assets")
    liabilities = FigureField(source="last.liabilities")
    change = FigureField(allow_null=True)
    change_percent = PercentField(allow_null=True)
    points = WorthPointOut(many=True)


class YearMonthOut(serializers.Serializer):
    """A month and the same month a year earlier; no change until the month is over."""

    month = MonthField()
    is_ahead = serializers.BooleanField()
    income = FigureField(source="now.income")
    expenses = FigureField(source="now.expenses")
    net = FigureField(source="now.net")
    previous_income = FigureField(source="before.income")
    previous_expenses = FigureField(source="before.expenses")
    previous_net = FigureField(source="before.net")
    income_change_percent = PercentField(source="income_change", allow_null=True)
    expenses_change_percent = PercentField(source="expenses_change", allow_null=True)


class YearlyOut(serializers.Serializer):
    """A year to date compared with the previous year: `previous` covers the same days,
    `previous_year` the whole year.
    """

    year = serializers.IntegerField()
    currency = serializers.CharField(source="question.currency")
    not_converted = serializers.IntegerField(source="total.not_converted_count")
    not_converted_items = NotConvertedOut(source="total.not_converted", many=True)
    rates = RatesUsedOut(source="total.rates", many=True)
    totals = FlowTotalsOut(source="total")
    previous = FlowTotalsOut(source="before")
    previous_year = FlowTotalsOut(source="whole_before")
    months = YearMonthOut(many=True)
    categories = CategoryTotalOut(many=True)
