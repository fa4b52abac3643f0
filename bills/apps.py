from django.apps import AppConfig

from transactions.category_holders import followers, restorers
from transactions.holds import holds


class BillsConfig(AppConfig):
    name = "bills"

    def ready(self) -> None:
        holds.add("bills.holding.payment_hold")
        followers.add("bills.following.follow_category")
        restorers.add("bills.following.give_back_category")
