"""Serve receipts so that they can only be viewed or saved."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from transactions.models import Attachment

# Images may be shown in our own pages; PDFs are always downloaded.
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")


def attachment_answer(attachment: Attachment) -> HttpResponse:
    """The file with its own content type, no sniffing, and no permission to run or load
    anything.
    """
    answer = HttpResponse(bytes(attachment.content), content_type=attachment.content_type)
    is_saved = attachment.content_type not in SHOWN
    disposition = content_disposition_header(is_saved, attachment.file_name)
    answer["Content-Disposition"] = disposition or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer
