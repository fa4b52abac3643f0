"""Budgets in the admin site, read-only; people change their own."""

from django.contrib import admin

from banking.kernel.money import plain_amount
from budgets.models import Budget
from users.admin import ReadOnlyAdmin


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    """Limits by person, category and month, including those in the trash."""

    list_display = ["user", "category", "period_text", "limit", "rollover", "is_live", "updated_at"]
    list_filter = [
        "year",
        "month",
        "rollover",
        "currency",
        ("deleted_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["user__email", "category__name", "category__slug"]
    list_select_related = ["user", "category"]
    ordering = ["-year", "-month", "user_id"]
    show_full_result_count = False

    @admin.display(description="month", ordering="year")
    def period_text(self, budget: Budget) -> str:
        return f"{budget.year}-{budget.month:02}"

    @admin.display(description="limit", ordering="limit_amount")
    def limit(self, budget: Budget) -> str:
        return f"{plain_amount(budget.limit_amount, budget.currency)} {budget.currency}"

    @admin.display(description="live", boolean=True)
    def is_live(self, budget: Budget) -> bool:
        return budget.deleted_at is None
