"""Four eyes: with FOUR_EYES on, some acts of an admin wait until a second admin agrees.

The services of those acts call `require_second_admin`; it lets them pass only inside
`with_second_admin`, which the approval of exactly this act on exactly this object opens
(insights/staff/approving.py). So no door can forget it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:  # Apps register their function here before models are loaded.
    from users.models import User

GRANT_ADMIN = "grant_admin"
RELEASE_RATE = "release_rate"
EDIT_SCHEDULE = "edit_schedule"
RESET_FACTORS = "reset_factors"
ERASE_PERSON = "erase_person"
WAITS = "This needs a second admin. Request approval on the staff site."

# Each takes actor, action, target, words and params, and stores a request for approval.
askers = Callbacks()
_agreed: ContextVar[tuple[str, str, int | None] | None] = ContextVar("agreed", default=None)


def is_needed() -> bool:
    """Whether this installation requires a second admin."""
    return bool(settings.FOUR_EYES)


def ask_second_admin(
    *, actor: "User", action: str, target: Model, words: str, params: dict[str, Any] | None = None
) -> None:
    """Store the action for a second admin. Raises ValidationError if the same one is waiting.

    Anybody may ask for their own erasure; everything else is for admins.
    """
    for ask in askers.functions():
        ask(actor=actor, action=action, target=target, words=words, params=params or {})


def require_second_admin(action: str, target: Model) -> None:
    """Raise ValidationError unless a second admin has agreed to this act on this object."""
    key = (action, target._meta.label_lower, target.pk)
    if is_needed() and _agreed.get() != key:
        raise ValidationError(WAITS)


@contextmanager
def with_second_admin(action: str, target_type: str, target_id: int | None) -> Iterator[None]:
    """The block in which an action that two admins agreed to is carried out."""
    token = _agreed.set((action, target_type, target_id))
    try:
        yield
    finally:
        _agreed.reset(token)
