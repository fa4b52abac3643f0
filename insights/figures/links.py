"""The list of transactions behind each figure: the address whose rows add up to it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.honesty import NotConverted
from banking.kernel.periods import Period
from insights.figures.coverage import Coverage
from insights.figures.spending import CategorySpending
from transactions.filters import NO_MERCHANT
from transactions.models import Transaction
from transactions.predefined import UNCATEGORIZED


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses for one coverage: where figures are about own accounts, so are their lists."""

    coverage: Coverage

    def transactions(self, period: Period | None = None, **filters: Any) -> str:
        """The transactions of a period (both ends inclusive, as the list's filters are)."""
        query: dict[str, Any] = {}
        if period is not None:
            query = {"date_from": period.start, "date_to": period.last_day}
        query |= {name: value for name, value in filters.items() if value not in (None, "")}
        if self.coverage.list_filter:
            query["shared"] = self.coverage.list_filter
        address = reverse("transactions:transaction_list")
        return f"{address}?{urlencode(query)}" if query else address

    def counted(self, period: Period, **filters: Any) -> str:
        """What a figure counts: posted rows without transfers."""
        return self.transactions(
            period, status=Transaction.Status.POSTED, transfers="exclude", **filters
        )

    def income(self, period: Period) -> str:
        """What came in and is no refund."""
        return self.counted(period, counts_as="income")

    def expenses(self, period: Period) -> str:
        """What went out, and the refunds that lower it."""
        return self.counted(period, counts_as="spending")

    def category(self, row: CategorySpending, period: Period) -> str:
        """What was spent in a category and those beneath it."""
        return self.counted(period, counts_as="spending", category=row.slug or UNCATEGORIZED)

    def merchant(self, key: str, period: Period) -> str:
        """What was spent at one merchant, given by its folded name."""
        return self.counted(period, counts_as="spending", merchant_is=key or NO_MERCHANT)

    def account(self, account_id: int) -> str:
        """Everything on one account, which is what its balance is made of."""
        return self.transactions(account=account_id)

    def left_out(self, line: NotConverted) -> str:
        """The days of one account among which a figure had to leave amounts out."""
        return self.transactions(
            account=line.account_id,
            date_from=line.first,
            date_to=line.last,
            status=Transaction.Status.POSTED,
            transfers="exclude",
        )
