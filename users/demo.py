"""The people of the demo: everybody knows their password, so nobody may shut the others out.

Only where DEMO is on: the same addresses elsewhere are anybody's.
"""

from django.conf import settings
from django.core.exceptions import PermissionDenied

from users.models import User

PUBLISHED = frozenset(
    f"{name}@example.com" for name in ("demo", "viewer", "analyst", "support", "auditor", "admin")
)
REFUSAL = (
    "Everybody uses this demo sign-in, so its password, address and second factor stay as they "
    "are, and it cannot be erased. Sign up with an address of your own to try that."
)


def is_for_everybody(user: User) -> bool:
    """Whether this is one of the demo's published sign-ins."""
    return settings.DEMO and user.email in PUBLISHED


def require_own_sign_in(user: User) -> None:
    """Raise PermissionDenied (403) before a change that would shut others out of a sign-in."""
    if is_for_everybody(user):
        raise PermissionDenied(REFUSAL)
