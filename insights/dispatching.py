"""What runs within the request and what the worker does."""

from django.utils import timezone

from banking.kernel.waking import wake
from insights.exports import exporting
from insights.models import Export
from insights.tasks import make_export

# A statement of so few lines is drawn within a second.
MOST_LINES_AT_ONCE = 100


def make_soon(export: Export) -> Export:
    """Make a small file at once, any other in the worker."""
    if exporting.is_small(export, MOST_LINES_AT_ONCE):
        exporting.run_export(export_id=export.pk, at=timezone.now())
        export.refresh_from_db()
    else:
        wake(make_export, export.pk)
    return export
