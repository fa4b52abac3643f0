"""Read-only admin pages of the totals stored next to the transactions."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from banking.limits import CUSTOMERS_SUGGESTED
from transactions.models import ConvertedMonth, DailyTotal, MerchantTotal, MonthlyTotal
from users.admin import MerchantFilter, PickedFilter, ReadOnlyAdmin, amount, newest_rows, yes_or_no
from users.models import User


class TotalsAdmin(ReadOnlyAdmin):
    """Sums of an account's month, in the account's currency."""

    @admin.display(description="in", ordering="inflow")
    def money_in(self, total: Any) -> str:
        return amount(total.inflow, total.account.currency)

    @admin.display(description="out", ordering="outflow")
    def money_out(self, total: Any) -> str:
        return amount(total.outflow, total.account.currency)

    @admin.display(description="transactions", ordering="transaction_count")
    def rows_counted(self, total: Any) -> int:
        return total.transaction_count


@admin.register(DailyTotal)
class DailyTotalAdmin(TotalsAdmin):
    """Daily totals stored next to the transactions. `manage.py check_ledger` verifies them."""

    group, label = "Technical", "Daily totals"
    customer_path = "account__user"
    is_large = True
    found_by = ("customer", "account__id__exact")
    list_display = [
        "day", "customer", "account", "category", "money_in", "money_out", "rows_counted",
    ]  # fmt: skip
    list_filter = ["day", ("account", PickedFilter), ("category", PickedFilter)]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account__user", "category"]


@admin.register(ConvertedMonth)
class ConvertedMonthAdmin(ReadOnlyAdmin):
    """Months of foreign accounts in their owner's base currency; open ones wait for the worker."""

    group, label = "Technical", "Converted months"
    customer_path = "account__user"
    list_display = ["month", "customer", "account", "currency", "is_added_up", "rates_version"]
    list_filter = ["month", ("account", PickedFilter)]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account__user"]

    @admin.display(description="added up")
    def is_added_up(self, row: ConvertedMonth) -> str:
        return yes_or_no(bool(row.sums))


@admin.register(MonthlyTotal)
class MonthlyTotalAdmin(TotalsAdmin):
    """Monthly totals stored next to the transactions. `manage.py check_ledger` verifies them."""

    group, label = "Technical", "Monthly totals"
    customer_path = "user"
    is_large = True
    found_by = ("customer", "account__id__exact")
    list_display = [
        "month", "customer", "account", "category", "money_in", "money_out", "rows_counted",
    ]  # fmt: skip
    list_filter = ["month", ("account", PickedFilter), ("category", PickedFilter)]
    search_fields = ["user__email", "account__name"]
    list_select_related = ["user", "account", "category"]


@admin.register(MerchantTotal)
class MerchantTotalAdmin(TotalsAdmin):
    """Monthly totals by merchant. A split transaction counts once."""

    group, label = "Technical", "Merchant totals"
    customer_path = "account__user"
    is_large = True
    found_by = ("customer", "account__id__exact")
    list_display = [
        "month", "customer", "account", "merchant", "category", "money_in", "money_out",
        "rows_counted",
    ]  # fmt: skip
    list_filter = [
        "month",
        ("account", PickedFilter),
        ("category", PickedFilter),
        ("merchant", MerchantFilter),
    ]
    search_fields = ["account__user__email", "account__name", "merchant"]
    list_select_related = ["account__user", "category"]

    def suggestions(self, text: str, customer: User | None) -> list[tuple[str, str, str]]:
        """Merchants by part of the name: one customer's, or those of the newest totals."""
        rows: QuerySet[MerchantTotal] = MerchantTotal.objects.all()
        mine = rows.filter(account__user=customer) if customer else newest_rows(rows)
        named = mine.filter(merchant__icontains=text).order_by("merchant")
        names = named.values_list("merchant", flat=True).distinct()
        return [(name, name, "") for name in names[:CUSTOMERS_SUGGESTED]]
