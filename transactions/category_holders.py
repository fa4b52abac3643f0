"""What apps above hold of a category that goes: budgets and bills follow where it leads.

So nothing is left pointing at a category that is gone, and the ledger knows nothing of budgets.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:
    # Apps above name their function at start, before there are models.
    from transactions.models import Category

# Each takes (category=, target=, at=), moves what it holds to `target` (None: to no category) in
# the same database transaction, and returns counts by name, such as {"budgets_moved": 2}.
followers = Callbacks()


def let_holders_follow(
    *, category: "Category", target: "Category | None", at: datetime
) -> dict[str, int]:
    """Let every holder above follow; the counts they answer, together."""
    counts: dict[str, int] = {}
    for follow in followers.functions():
        counts |= follow(category=category, target=target, at=at)
    return counts
