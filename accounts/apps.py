from django.apps import AppConfig

from banking.kernel import commands


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        commands.contend_for("accounts_account")
