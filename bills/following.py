"""What happens to bills when their category is removed."""

from datetime import datetime

from bills.models import Bill
from transactions.models import Category


def follow_category(*, category: Category, target: Category | None, at: datetime) -> dict[str, int]:
    """Move bills to the category that takes over, or clear their category; returns how many."""
    bills = Bill.objects.filter(category=category)
    return {"bills_moved": bills.update(category=target, updated_at=at)}
