"""Scheduled alert scans. Each may run twice, late or concurrently."""

from celery import shared_task
from django.utils import timezone

from alerts.scanning import scan_everybody, sweep


@shared_task
def scan_for_alerts() -> int:
    """Raise alerts that no sweep has raised; returns how many."""
    return scan_everybody(at=timezone.now())


@shared_task
def sweep_postings() -> int:
    """Scan users whose ledger changed since the last sweep."""
    return sweep(at=timezone.now())
