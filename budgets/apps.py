from django.apps import AppConfig

from transactions.category_moves import read_moves_by


class BudgetsConfig(AppConfig):
    name = "budgets"

    def ready(self) -> None:
        read_moves_by("budgets.what_if.budget_effects")
