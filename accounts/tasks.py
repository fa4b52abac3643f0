"""Scheduled work of the accounts app."""

from contextlib import suppress
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from accounts.rates import refresh_rates
from banking.kernel.waking import BrokerAwayError, publish


@shared_task
def refresh_exchange_rates() -> bool:
    """Fetch exchange rates when they are due. Safe to repeat and to run concurrently."""
    return refresh_rates(at=timezone.now())


@worker_ready.connect
def refresh_rates_at_start(**_: Any) -> None:
    """A new installation has rates as soon as its worker runs, and does not wait for the job."""
    with suppress(BrokerAwayError):
        publish(refresh_exchange_rates)
