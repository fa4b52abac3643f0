"""Lets apps above move their references when a category is deleted, and move them back on undo.

Budgets and bills follow the transactions to their new category, so nothing references a deleted
one, and the ledger does not depend on budgets.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:
    # Apps above register functions by name at start, before models are loaded.
    from transactions.models import Category, ReferenceChange

# Each takes (category=, target=, at=), moves its references to `target` (None: no category) in the
# same database transaction, and returns what it did as unsaved ReferenceChanges.
followers = Callbacks()
# Each takes (moved=, at=), a ReferenceChange of any app, and undoes it where nothing else has
# changed since. It returns the ids it left alone, or None for another app's model.
restorers = Callbacks()


def let_holders_follow(
    *, category: "Category", target: "Category | None", at: datetime
) -> list["ReferenceChange"]:
    """Let every app above move its references. Returns what they did, unsaved."""
    return [
        moved
        for follow in followers.functions()
        for moved in follow(category=category, target=target, at=at)
    ]


def give_back_to_holders(*, moved: "ReferenceChange", at: datetime) -> list[int] | None:
    """Let the app of these rows undo what it did. Returns the ids left alone, or None if no app
    above has such rows.
    """
    for restore in restorers.functions():
        left: list[int] | None = restore(moved=moved, at=at)
        if left is not None:
            return left
    return None
