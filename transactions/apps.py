from django.apps import AppConfig

from users.base_currency import base_currency_followers


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        base_currency_followers.add("transactions.services.converting.reopen_for_new_base")
