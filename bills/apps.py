from django.apps import AppConfig

from transactions.category_holders import followers
from transactions.holds import holds


class BillsConfig(AppConfig):
    name = "bills"

    def ready(self) -> None:
        holds.add("bills.holding.payment_hold")
        followers.add("bills.following.follow_category")
