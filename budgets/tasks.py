"""Scheduled tasks of the budgets app."""

from celery import shared_task
from django.utils import timezone

from budgets.services import purge_trash


@shared_task
def purge_expired() -> int:
    """Delete budgets that have been in the trash for 30 days."""
    return purge_trash(at=timezone.now())
