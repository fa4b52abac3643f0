"""The demo's users share a public password, so no visitor may lock the others out.

This applies only if DEMO is on: otherwise the same addresses may belong to anybody. A demo
reachable only on the local machine has a single user, who may try everything.
"""

from django.conf import settings
from django.core.exceptions import PermissionDenied

from users.models import User

PUBLISHED = frozenset(
    f"{name}@example.com" for name in ("demo", "viewer", "analyst", "support", "auditor", "admin")
)
OWN_MACHINE = frozenset(("localhost", "127.0.0.1", "[::1]"))
REFUSAL = (
    "This demo sign-in is shared, so you can't change its password, email or two-step "
    "verification, or delete it. Create your own account to try that."
)


def is_for_everybody(user: User) -> bool:
    """Whether this is one of the demo's published sign-ins."""
    is_public = settings.DEMO and not OWN_MACHINE.issuperset(settings.ALLOWED_HOSTS)
    return is_public and user.email in PUBLISHED


def require_own_sign_in(user: User) -> None:
    """Raise PermissionDenied (403) before a change that would lock others out of a demo sign-in."""
    if is_for_everybody(user):
        raise PermissionDenied(REFUSAL)
