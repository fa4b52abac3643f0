"""Set a transaction's category by hand."""

from transactions.models import Category, Transaction
from transactions.services.posting import edit_transaction
from users.models import User


def set_category(
    *, actor: User, transaction: Transaction, category: Category | None
) -> Transaction:
    """Set a category by hand. Rules no longer change it until it is removed."""
    return edit_transaction(actor=actor, transaction=transaction, category=category)
