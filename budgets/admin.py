"""Budgets in the admin site, read-only; people change their own."""

from django.contrib import admin

from budgets.models import Budget
from users.admin import IN_TRASH, PickedFilter, ReadOnlyAdmin, SetFilter, TypedFilter, amount


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    """Limits by person, category and month, including those in the trash."""

    group, label = "Money", "Budgets"
    customer_path = "user"
    is_large = True
    list_display = [
        "category", "customer", "period_text", "limit", "rollover", "state", "updated_at",
    ]  # fmt: skip
    list_filter = [
        ("category", PickedFilter),
        ("year", TypedFilter),
        ("month", TypedFilter),
        "rollover",
        ("currency", TypedFilter),
        ("deleted_at", SetFilter),
    ]
    search_fields = ["user__email", "category__name", "category__slug"]
    list_select_related = ["user", "category"]
    ordering = ["-year", "-month", "-id"]

    @admin.display(description="month", ordering="year")
    def period_text(self, budget: Budget) -> str:
        return f"{budget.year}-{budget.month:02}"

    @admin.display(description="limit", ordering="limit_amount")
    def limit(self, budget: Budget) -> str:
        return amount(budget.limit_amount, budget.currency)

    @admin.display(description="status", ordering="deleted_at")
    def state(self, budget: Budget) -> str:
        return IN_TRASH if budget.deleted_at else "In use"
