"""Scheduled work on bills, every hour, for somewhere a day begins. Safe to repeat and beside
itself: an occurrence is unique, a bill is paid once, a reminder is written once."""

from celery import shared_task
from django.utils import timezone

from bills.services.auto_paying import auto_pay_due, plan_all_ahead
from bills.services.paying import earn_for_scheduled
from bills.services.purging import purge_trash
from bills.services.reminding import send_due_reminders


@shared_task
def plan_bills_ahead() -> int:
    """Make the occurrences of the next 35 days."""
    return plan_all_ahead(at=timezone.now())


@shared_task
def auto_pay_bills() -> dict[str, int]:
    """Pay what is due by itself, in each owner's own calendar."""
    return auto_pay_due(at=timezone.now())


@shared_task
def earn_for_scheduled_payments() -> int:
    """Give the points of scheduled payments that have posted since."""
    return earn_for_scheduled(at=timezone.now())


@shared_task
def remind_of_bills() -> int:
    """Send the reminders whose day has come, in each owner's own calendar."""
    return send_due_reminders(at=timezone.now())


@shared_task
def purge_expired() -> int:
    """Empty the trash of the bills that have been there for 30 days."""
    return purge_trash(at=timezone.now())
