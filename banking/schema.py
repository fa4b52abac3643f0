"""How the OpenAPI schema is made."""

from typing import Any

from drf_spectacular.plumbing import build_mock_request
from rest_framework.request import Request

from users.models import User


def schema_request(method: str, path: str, view: Any, original: Any, **kwargs: Any) -> Request:
    """A request to look at a view's querysets with, by a person who owns and shares nothing.

    Querysets start at a person (`visible_to`), and nobody is signed in where a schema is made.
    """
    request = build_mock_request(method, path, view, original, **kwargs)
    request.user = User(pk=0)
    request.user._shared_account_ids = {}  # known, so that no database is asked
    return request
