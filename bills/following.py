"""Updates bills when their category is removed, and when that is undone."""

from datetime import datetime

from bills.models import Bill
from transactions.models import Category, ReferenceChange
from transactions.services.references import follow, give_back


def follow_category(
    *, category: Category, target: Category | None, at: datetime
) -> list[ReferenceChange]:
    """Move bills to the category that replaces it, or clear their category."""
    return follow(Bill.objects.filter(category=category), at=at, category=target)


def give_back_category(*, moved: ReferenceChange, at: datetime) -> list[int] | None:
    """Return bills to their restored category, except those given another one since."""
    return give_back(Bill.objects.all(), moved, at)
