"""Encrypt every stored secret with the current FIELD_ENCRYPTION_KEY."""

from typing import Any

from django.core.management.base import BaseCommand

from transactions.services.connecting import renew_secrets
from users.services.factors import renew_factor_secrets


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret anew with FIELD_ENCRYPTION_KEY. Afterwards the keys in"
        " FIELD_ENCRYPTION_KEY_FALLBACKS are not needed anymore. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{renew_secrets()} bank connections")
        self.stdout.write(f"{renew_factor_secrets()} second factors")
