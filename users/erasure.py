"""Lets this app's views call the service that erases a person.

That service is in the top app, because it must know every table. Its app registers it at startup
(banking/kernel/upward.py), so this app needs no upward import.
"""

from typing import TYPE_CHECKING

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:  # Apps register their service here before models are loaded.
    from users.models import User

# The domain of erased users' addresses: reserved, so nobody can have one (RFC 2606).
_NOBODYS_HOST = "@erased.invalid"
# Each takes actor, user and confirmation.
erasers = Callbacks()


def erase_person(*, actor: "User", user: "User", confirmation: str) -> None:
    """Erase the person and end their sessions and tokens; see insights/exports/erasing.py."""
    for erase in erasers.functions():
        erase(actor=actor, user=user, confirmation=confirmation)


def nobodys_address(pk: int) -> str:
    """The placeholder address of an erased user."""
    return f"erased-{pk}{_NOBODYS_HOST}"


def is_erased(user: "User") -> bool:
    """Whether this row belongs to an erased user."""
    return user.email.endswith(_NOBODYS_HOST)
