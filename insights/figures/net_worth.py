"""Net worth: total assets minus total debts, in one currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.exchange import Converted, RateTable
from accounts.honesty import NotConverted, RatesUsed, rates_used
from accounts.models import Account
from users.timezones import local_date


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """One account's balance and its value in the figure's currency (None: no rate is known)."""

    account: Account
    converted: Converted | None

    @property
    def is_foreign(self) -> bool:
        return self.converted is None or self.converted.rate.rate_on is not None


@dataclass(frozen=True, slots=True)
class NetWorth:
    """`total` = `assets` − `liabilities`, over the balances that could be converted."""

    on: date
    currency: str
    items: tuple[AccountBalance, ...]
    assets: Decimal
    liabilities: Decimal
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def total(self) -> Decimal:
        return self.assets - self.liabilities

    @property
    def accounts(self) -> list[Account]:
        return [item.account for item in self.items]

    @property
    def not_converted_count(self) -> int:
        return len(self.not_converted)


def was_active(account: Account, on: date, timezone: str) -> bool:
    """Whether the account counted at the end of that day: not archived, or archived later."""
    if account.is_active or account.archived_at is None:
        return account.is_active
    return on < local_date(timezone, account.archived_at)


def net_worth(
    *,
    accounts: Sequence[Account],
    currency: str,
    on: date,
    rates: RateTable | None = None,
) -> NetWorth:
    """The balances of the active accounts, at the rates of `on`.

    A positive balance is an asset and a negative one a liability, whatever the account's type: an
    overpaid card is money, an overdrawn checking account is debt.
    """
    active = [account for account in accounts if account.is_active]
    if rates is None:
        rates = RateTable.for_dates({account.currency for account in active}, currency, [on])
    items = tuple(
        AccountBalance(account, rates.convert(account.balance, account.currency, on))
        for account in active
    )
    worths = [item.converted.amount for item in items if item.converted]
    return NetWorth(
        on=on,
        currency=currency,
        items=items,
        assets=sum((worth for worth in worths if worth > 0), Decimal(0)),
        liabilities=-sum((worth for worth in worths if worth < 0), Decimal(0)),
        not_converted=tuple(_left_out(item.account, on) for item in items if not item.converted),
        rates=rates_used(item.converted.rate for item in items if item.converted),
    )


def _left_out(account: Account, on: date) -> NotConverted:
    return NotConverted(account.pk, account.name, account.currency, 1, on, on)
