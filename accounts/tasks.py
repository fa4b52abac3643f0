"""Scheduled work of the accounts app."""

from celery import shared_task
from django.utils import timezone

from accounts.rates import refresh_rates


@shared_task
def refresh_exchange_rates() -> bool:
    """Ask for exchange rates when it is time to; safe to repeat and beside itself."""
    return refresh_rates(at=timezone.now())
