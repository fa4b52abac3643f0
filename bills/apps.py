from django.apps import AppConfig

from transactions.holds import hold_transactions


class BillsConfig(AppConfig):
    name = "bills"

    def ready(self) -> None:
        hold_transactions(
            "bills.Bill",
            "payment",
            "This paid a bill. Undo the payment on the bill first; if the bill is in the trash,"
            " restore it for that.",
        )
