"""Serve an export's file: always as a download, never cached."""

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from insights.exports.export_files import CONTENT_TYPES
from insights.exports.exporting import fetch_export
from insights.models import Export
from users.models import User


def export_answer(actor: User, export: Export) -> StreamingHttpResponse:
    """Stream the file in pieces; the download is recorded in the audit trail."""
    pieces = fetch_export(actor=actor, export=export)
    answer = StreamingHttpResponse(pieces, content_type=CONTENT_TYPES[Export.Kind(export.kind)])
    answer["Content-Length"] = export.size
    answer["Content-Disposition"] = content_disposition_header(True, export.file_name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer
