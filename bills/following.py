"""Bills of a category that goes."""

from datetime import datetime

from bills.models import Bill
from transactions.models import Category


def follow_category(*, category: Category, target: Category | None, at: datetime) -> dict[str, int]:
    """Bills go to the category that takes the transactions, or have none; returns how many."""
    bills = Bill.objects.filter(category=category)
    return {"bills_moved": bills.update(category=target, updated_at=at)}
