"""Encrypt every stored secret with the current FIELD_ENCRYPTION_KEY."""

from typing import Any

from django.core.management.base import BaseCommand

from transactions.services.connecting import renew_secrets
from users.services.factors import renew_factor_secrets


class Command(BaseCommand):
    help = (
        "Re-encrypt every stored secret with FIELD_ENCRYPTION_KEY. After that, the keys in"
        " FIELD_ENCRYPTION_KEY_FALLBACKS are no longer needed. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{renew_secrets()} bank connections")
        self.stdout.write(f"{renew_factor_secrets()} second factors")
