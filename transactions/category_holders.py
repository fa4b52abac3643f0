"""Lets apps above move their references when a category is deleted.

Budgets and bills follow the transactions to their new category, so nothing references a deleted
one, and the ledger does not depend on budgets.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:
    # Apps above register functions by name at start, before models are loaded.
    from transactions.models import Category

# Each takes (category=, target=, at=), moves its references to `target` (None: no category) in the
# same database transaction, and returns counts by name, such as {"budgets_moved": 2}.
followers = Callbacks()


def let_holders_follow(
    *, category: "Category", target: "Category | None", at: datetime
) -> dict[str, int]:
    """Let every app above move its references. Returns the combined counts."""
    counts: dict[str, int] = {}
    for follow in followers.functions():
        counts |= follow(category=category, target=target, at=at)
    return counts
