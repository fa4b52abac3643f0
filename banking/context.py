"""Context available in every template."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from users.demo import is_for_everybody
from users.policy import Ability, may


def abilities(request: HttpRequest) -> dict[str, Any]:
    """`may.see_insights` and so on: what the user's role allows, for menus and buttons.

    `is_for_everybody`: a published demo sign-in, which cannot change its password and the like.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"may": {}}
    return {
        "may": {ability.name.lower(): may(user, ability) for ability in Ability},
        "is_for_everybody": is_for_everybody(user),
    }


def site(request: HttpRequest) -> dict[str, Any]:
    """The product's name, and whether this is a demo."""
    return {"site_name": settings.SITE_NAME, "is_demo": settings.DEMO, "debug": settings.DEBUG}
