"""Dashboard figures as JSON; amounts are strings with the currency's own decimals."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from threading import local
from typing import Any

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from accounts.api.serializers import AccountOut
from accounts.honesty import RatesUsed
from accounts.known_accounts import read_feeds
from accounts.models import Account
from banking.kernel.money import plain_amount
from bills.api.serializers import BillOut
from budgets.api.serializers import BudgetNotConvertedOut, ProgressOut
from insights.figures.overview import Overview
from transactions.api.serializers import TransactionOut, shown_rows


@extend_schema_field({"type": "string", "example": "1200.00"})
class FigureField(serializers.Field):
    """An amount in the overview's own currency, rounded for display."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> str:
        return plain_amount(value, self.context["currency"])


@extend_schema_field({"type": "number", "example": 41.5})
class PercentField(serializers.Field):
    """A percentage as a JSON number with one decimal; it isn't money."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> float:
        return float(round(value, 1))


@extend_schema_field({"type": "string", "example": "2025-12"})
class MonthField(serializers.Field):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str:
        return f"{value:%Y-%m}"


class NotConvertedOut(BudgetNotConvertedOut):
    """One account's amounts that are missing from all totals, because no rate is known."""


class RatesUsedOut(serializers.Serializer):
    """The stored exchange rates behind a converted figure: dates and sources."""

    base = serializers.CharField(source="from_currency")
    quote = serializers.CharField(source="to")
    rate = serializers.SerializerMethodField()
    rate_on = serializers.DateField(source="last")
    first_rate_on = serializers.DateField(source="first")
    sources = serializers.ListField(child=serializers.CharField())

    def get_rate(self, used: RatesUsed) -> str:
        """The most recent of the rates, to ten significant digits."""
        return f"{used.latest.rate:.10g}"


class AccountItemOut(AccountOut):
    """One account with its balance in the base currency; null if no rate is known."""

    converted_balance = serializers.SerializerMethodField()
    rate_on = serializers.SerializerMethodField()

    class Meta(AccountOut.Meta):
        fields = [*AccountOut.Meta.fields, "converted_balance", "rate_on"]

    def get_converted_balance(self, account: Account) -> str | None:
        worth = self.context["worths"][account.pk]
        return plain_amount(worth.amount, worth.currency) if worth else None

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_rate_on(self, account: Account) -> str | None:
        worth = self.context["worths"][account.pk]
        rate_on = worth.rate.rate_on if worth else None
        return rate_on.isoformat() if rate_on else None


class AccountsOut(serializers.Serializer):
    total_accounts = serializers.SerializerMethodField()
    total_balance = FigureField(source="total")
    currency = serializers.CharField()
    assets = FigureField()
    liabilities = FigureField()
    not_converted = serializers.IntegerField(source="not_converted_count")
    not_converted_items = NotConvertedOut(source="not_converted", many=True)
    rates = RatesUsedOut(many=True)
    items = AccountItemOut(source="accounts", many=True)

    def get_total_accounts(self, worth: Any) -> int:
        return len(worth.items)


class MonthlySpendingOut(serializers.Serializer):
    month = MonthField(source="period.start")
    total_spent = FigureField(source="expenses")
    currency = serializers.CharField()
    not_converted = serializers.IntegerField(source="not_converted_count")


class TotalsOut(serializers.Serializer):
    """A refund reduces `expenses` and isn't `income`; the gross totals include it on both sides."""

    income = FigureField()
    expenses = FigureField()
    net = FigureField()
    refunds = FigureField()
    gross_income = FigureField()
    gross_expenses = FigureField()
    currency = serializers.CharField()
    date_from = serializers.DateField(source="period.start")
    date_to = serializers.DateField(source="period.last_day")
    not_converted = serializers.IntegerField(source="not_converted_count")
    not_converted_items = NotConvertedOut(source="not_converted", many=True)
    rates = RatesUsedOut(many=True)


class CategoryRowOut(serializers.Serializer):
    """Spending in one category less refunds; `category` is its slug, or null for none."""

    category = serializers.CharField(source="slug", allow_null=True)
    name = serializers.CharField()
    color = serializers.CharField()
    icon = serializers.CharField()
    total = FigureField()
    refunds = FigureField()
    gross_total = FigureField()
    percent = PercentField()
    transaction_count = serializers.IntegerField(source="count")
    previous_total = FigureField()
    change = FigureField()
    change_percent = PercentField(allow_null=True)


class CategoryTotalOut(CategoryRowOut):
    """A top-level category including its subcategories, and each subcategory."""

    children = CategoryRowOut(many=True)


class MonthFlowOut(serializers.Serializer):
    month = MonthField()
    income = FigureField()
    expenses = FigureField()
    net = FigureField()
    not_converted = serializers.IntegerField(source="not_converted_count")


class ChangeOut(serializers.Serializer):
    category = serializers.CharField(source="slug", allow_null=True)
    name = serializers.CharField()
    change = FigureField()
    change_percent = PercentField(allow_null=True)


class InsightsOut(serializers.Serializer):
    """Observations about the figures; omitted for viewers."""

    savings_rate_percent = serializers.SerializerMethodField()
    previous = TotalsOut(source="before")
    largest_changes = ChangeOut(many=True)

    def get_savings_rate_percent(self, overview: Overview) -> float | None:
        rate = overview.totals.savings_rate
        return None if rate is None else float(round(rate * 100, 1))


class PeriodOut(serializers.Serializer):
    name = serializers.CharField()
    date_from = serializers.DateField(source="period.start")
    date_to = serializers.DateField(source="period.last_day")


_Rewards = inline_serializer("OverviewRewards", {"total_points": serializers.IntegerField()})


class OverviewOut(serializers.Serializer):
    """Everything the home page needs. Viewers don't get `budgets` and `insights`."""

    period = PeriodOut(source="choice")
    accounts = AccountsOut(source="net_worth")
    monthly_spending = MonthlySpendingOut(source="month")
    totals = TotalsOut()
    budgets = ProgressOut(many=True, required=False)
    category_totals = CategoryTotalOut(source="spending", many=True)
    monthly_trends = MonthFlowOut(source="trend", many=True)
    recent_transactions = serializers.SerializerMethodField()
    upcoming_bills = serializers.SerializerMethodField()
    rewards = serializers.SerializerMethodField()
    alerts_count = serializers.IntegerField()
    insights = InsightsOut(source="*", required=False)

    @extend_schema_field(TransactionOut(many=True))
    def get_recent_transactions(self, overview: Overview) -> list[dict[str, Any]]:
        return shown_rows(overview.recent)

    @extend_schema_field(BillOut(many=True))
    def get_upcoming_bills(self, overview: Overview) -> list:
        """Up to five bills that are overdue or due within 30 days."""
        bill_out = _kept.bill
        return [bill_out.to_representation(line.bill) for line in overview.bills]

    @extend_schema_field(_Rewards)
    def get_rewards(self, overview: Overview) -> dict[str, int]:
        return {"total_points": overview.rewards.total_points}

    def to_representation(self, overview: Overview) -> dict[str, Any]:
        data = super().to_representation(overview)
        if not overview.sees_insights:
            del data["budgets"], data["insights"]
        return data


def overview_data(overview: Overview, request: Any) -> dict[str, Any]:
    """The overview as JSON-ready data, with amounts in its own currency."""
    read_feeds(overview.net_worth.accounts)
    with _kept.context_of(
        request=request,
        today=overview.on,
        currency=overview.currency,
        worths={item.account.pk: item.converted for item in overview.net_worth.items},
    ):
        return _kept.overview.to_representation(overview)


class _Kept(local):
    """Serializers of one thread, which take longer to make than to use."""

    def __init__(self) -> None:
        self.context: dict[str, Any] = {}
        self.overview = OverviewOut(context=self.context)
        self.bill = BillOut(context=self.context)

    @contextmanager
    def context_of(self, **context: Any) -> Iterator[None]:
        """Their context inside of the block."""
        self.context.update(context)
        try:
            yield
        finally:
            self.context.clear()


_kept = _Kept()
