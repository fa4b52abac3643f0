"""Lets this app's views call the services that erase a person, or keep who asked for it.

Those services are in the top app, because they must know every table. Their app registers them at
startup (banking/kernel/upward.py), so this app needs no upward import.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:  # Apps register their service here before models are loaded.
    from users.models import User

# The domain of erased users' addresses: reserved, so nobody can have one (RFC 2606).
_NOBODYS_HOST = "@erased.invalid"
# Each takes actor, user, confirmation and at, and returns whether the person is erased.
erasers = Callbacks()
# Each takes a user and at, and returns the request for their erasure that waits, or None.
waiting_erasures = Callbacks()
# Each takes user and at, and withdraws what they asked for.
erasure_withdrawers = Callbacks()


def erase_person(*, actor: "User", user: "User", confirmation: str, at: datetime) -> bool:
    """Erase the person and end their sessions and tokens; see insights/staff/erasures.py.

    Returns False if the erasure waits for an admin first (FOUR_EYES).
    """
    done = [
        erase(actor=actor, user=user, confirmation=confirmation, at=at)
        for erase in erasers.functions()
    ]
    return all(done)


def waiting_erasure(user: "User", at: datetime) -> Any:
    """The request to erase this person that waits for an admin, or None."""
    found = [find(user, at) for find in waiting_erasures.functions()]
    return next((request for request in found if request is not None), None)


def withdraw_erasure(*, user: "User", at: datetime) -> None:
    """Keep the account after all. Raises ValidationError if they haven't asked to erase it."""
    for withdraw in erasure_withdrawers.functions():
        withdraw(user=user, at=at)


def nobodys_address(pk: int) -> str:
    """The placeholder address of an erased user."""
    return f"erased-{pk}{_NOBODYS_HOST}"


def is_erased(user: "User") -> bool:
    """Whether this row belongs to an erased user."""
    return user.email.endswith(_NOBODYS_HOST)
