"""Links from each figure to the list of transactions that adds up to it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts.honesty import NotConverted
from banking.kernel.periods import Period
from insights.figures.coverage import Coverage
from insights.figures.spending import CategorySpending
from transactions.filters import NO_MERCHANT
from transactions.models import Transaction
from transactions.predefined import UNCATEGORIZED


# A page has a hundred of these links, and most of them again the next time.
@lru_cache(maxsize=4096)
def _address(query: tuple[tuple[str, str], ...]) -> SafeString:
    address = reverse("transactions:transaction_list")
    # Encoded, it has nothing to escape: "&" is as good as "&amp;" in an attribute, and shorter.
    return mark_safe(f"{address}?{urlencode(query)}" if query else address)


@dataclass(frozen=True, slots=True)
class Links:
    """Links for one coverage: figures about own accounts link to lists of own accounts."""

    coverage: Coverage

    def transactions(self, period: Period | None = None, **filters: Any) -> str:
        """Transactions of a period (both dates inclusive, as in the list's filters)."""
        query: dict[str, Any] = {}
        if period is not None:
            query = {"date_from": period.start, "date_to": period.last_day}
        query |= {name: value for name, value in filters.items() if value not in (None, "")}
        if self.coverage.list_filter:
            query["shared"] = self.coverage.list_filter
        return _address(tuple((name, str(value)) for name, value in query.items()))

    def counted(self, period: Period, **filters: Any) -> str:
        """Rows that figures count: posted, without transfers."""
        return self.transactions(
            period, status=Transaction.Status.POSTED, transfers="exclude", **filters
        )

    def income(self, period: Period) -> str:
        """Inflows that are not refunds."""
        return self.counted(period, counts_as="income")

    def expenses(self, period: Period) -> str:
        """Outflows, and the refunds that lower them."""
        return self.counted(period, counts_as="spending")

    def category(self, row: CategorySpending, period: Period) -> str:
        """Spending in a category and its subcategories."""
        return self.counted(period, counts_as="spending", category=row.slug or UNCATEGORIZED)

    def merchant(self, key: str, period: Period) -> str:
        """Spending at one merchant, given by its folded name."""
        return self.counted(period, counts_as="spending", merchant_is=key or NO_MERCHANT)

    def account(self, account_id: int) -> str:
        """All transactions of one account; they add up to its balance."""
        return self.transactions(account=account_id)

    def left_out(self, line: NotConverted) -> str:
        """The date range of one account's amounts that a figure had to leave out."""
        return self.transactions(
            account=line.account_id,
            date_from=line.first,
            date_to=line.last,
            status=Transaction.Status.POSTED,
            transfers="exclude",
        )
