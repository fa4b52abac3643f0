"""Hourly tasks of the bills app, because a day begins somewhere every hour.

Safe to repeat and to run concurrently: an occurrence is unique, a bill is paid once, a reminder is
written once.
"""

from celery import shared_task
from django.utils import timezone

from bills.services.auto_paying import auto_pay_due, plan_all_ahead
from bills.services.paying import earn_for_scheduled
from bills.services.purging import purge_trash
from bills.services.reminding import send_due_reminders


@shared_task
def plan_bills_ahead() -> int:
    """Create the occurrences of the next 35 days."""
    return plan_all_ahead(at=timezone.now())


@shared_task
def auto_pay_bills() -> dict[str, int]:
    """Auto-pay bills that are due in each owner's time zone."""
    return auto_pay_due(at=timezone.now())


@shared_task
def earn_for_scheduled_payments() -> int:
    """Award points for scheduled payments that have posted since."""
    return earn_for_scheduled(at=timezone.now())


@shared_task
def remind_of_bills() -> int:
    """Send reminders that are due in each owner's time zone."""
    return send_due_reminders(at=timezone.now())


@shared_task
def purge_expired() -> int:
    """Delete bills that have been in the trash for 30 days."""
    return purge_trash(at=timezone.now())
