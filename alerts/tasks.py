"""Scheduled looks at everybody's money. Each may run twice, late or beside itself."""

from celery import shared_task
from django.utils import timezone

from alerts.scanning import scan_everybody, sweep


@shared_task
def scan_for_alerts() -> int:
    """Raise what no sweep has raised; returns how many alerts that were."""
    return scan_everybody(at=timezone.now())


@shared_task
def sweep_postings() -> int:
    """Look at those whose ledger was touched since the last sweep."""
    return sweep(at=timezone.now())
