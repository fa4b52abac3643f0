"""Decides what runs in the request and what runs in the worker."""

from django.utils import timezone

from banking.kernel.waking import wake
from banking.limits import STATEMENT_LINES_INLINE
from insights.exports import exporting
from insights.models import Export
from insights.tasks import make_export


def make_soon(export: Export) -> Export:
    """Make a small file in the request, and any other in the worker."""
    if exporting.is_small(export, STATEMENT_LINES_INLINE):
        exporting.run_export(export_id=export.pk, at=timezone.now())
        export.refresh_from_db()
    else:
        wake(make_export, export.pk)
    return export
