from django.apps import AppConfig

from transactions.category_holders import followers, restorers
from transactions.category_moves import readers


class BudgetsConfig(AppConfig):
    name = "budgets"

    def ready(self) -> None:
        readers.add("budgets.what_if.budget_effects")
        followers.add("budgets.following.follow_category")
        restorers.add("budgets.following.give_back_category")
