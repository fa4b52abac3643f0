"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The product's name, and whether this is a demo."""
    return {"site_name": settings.SITE_NAME, "is_demo": settings.DEMO, "debug": settings.DEBUG}
