"""Totals of a person's accounts, separately for each currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Account


@dataclass(slots=True)
class CurrencyTotal:
    """Assets, debts (as a positive number) and net worth in one currency."""

    currency: str
    account_count: int = 0
    assets: Decimal = Decimal(0)
    liabilities: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        return self.assets - self.liabilities


def totals_by_currency(accounts: Iterable[Account]) -> list[CurrencyTotal]:
    """One total per currency, starting with the currency that has the most accounts.

    Credit cards and loans count as debts whatever their sign. Overdrawn accounts keep their sign.
    """
    totals: dict[str, CurrencyTotal] = {}
    for account in accounts:
        total = totals.setdefault(account.currency, CurrencyTotal(account.currency))
        total.account_count += 1
        if account.is_liability:
            total.liabilities -= account.balance
        else:
            total.assets += account.balance
    return sorted(totals.values(), key=lambda total: (-total.account_count, total.currency))
