"""The way from the doors of this app to the service that erases a person.

That service stands at the top, because it must know every table; its app names it when it starts
(banking/kernel/upward.py), and the doors need not know it.
"""

from typing import TYPE_CHECKING

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:  # Apps name their service here before there are models.
    from users.models import User

# What is left for an address: nobody can have one there (RFC 2606).
_NOBODYS_HOST = "@erased.invalid"
# Each takes actor, user and confirmation.
erasers = Callbacks()


def erase_person(*, actor: "User", user: "User", confirmation: str) -> None:
    """Erase the person and end what they are signed in to; see insights/exports/erasing.py."""
    for erase in erasers.functions():
        erase(actor=actor, user=user, confirmation=confirmation)


def nobodys_address(pk: int) -> str:
    """The address of what is left of a person."""
    return f"erased-{pk}{_NOBODYS_HOST}"


def is_erased(user: "User") -> bool:
    """Whether this row is what is left of somebody."""
    return user.email.endswith(_NOBODYS_HOST)
