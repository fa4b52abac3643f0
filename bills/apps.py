from django.apps import AppConfig

from transactions.holds import holds


class BillsConfig(AppConfig):
    name = "bills"

    def ready(self) -> None:
        holds.add("bills.holding.payment_hold")
