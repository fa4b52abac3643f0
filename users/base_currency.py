"""Lets higher apps react when a user's base currency changes (banking/kernel/upward.py)."""

from typing import TYPE_CHECKING

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:  # Apps register their function here before models are loaded.
    from users.models import User

# Each is called with the user, in the transaction of the change.
base_currency_followers = Callbacks()


def let_base_currency_followers_know(user: "User") -> None:
    """Call every follower with the user, whose new base currency is already set."""
    for follow in base_currency_followers.functions():
        follow(user)
