"""Judging a request's body before any of it is read."""

from django.http import HttpRequest


def content_length(request: HttpRequest) -> int:
    """Bytes the request says it has; 0 if it says none or nonsense."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length[:20]) if length.isdecimal() and length.isascii() else 0
