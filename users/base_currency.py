"""Lets apps above follow a change of somebody's base currency (banking/kernel/upward.py)."""

from typing import TYPE_CHECKING

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:  # Apps register their function here before models are loaded.
    from users.models import User

# Each takes the user, in the database transaction of the change.
base_currency_followers = Callbacks()


def let_base_currency_followers_know(user: "User") -> None:
    """Call every follower with the user, who already has the new base currency."""
    for follow in base_currency_followers.functions():
        follow(user)
