"""Scheduled work of the accounts app."""

from celery import shared_task
from django.utils import timezone

from accounts.rates import refresh_rates


@shared_task
def refresh_exchange_rates() -> bool:
    """Fetch exchange rates when they are due. Safe to repeat and to run concurrently."""
    return refresh_rates(at=timezone.now())
