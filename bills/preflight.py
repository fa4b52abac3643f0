"""Whether an account will have the money on the day: said before, not after."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.exchange import RateTable
from accounts.models import Account
from banking.kernel.money import round_to_minor_unit
from bills.models import Bill
from users.models import User


@dataclass(frozen=True, slots=True)
class Shortfall:
    """On the day `on` the account will lack `amount`, in its own currency."""

    account: Account
    amount: Decimal
    on: date

    @property
    def currency(self) -> str:
        return self.account.currency


def shortfalls(*, user: User, on: date) -> dict[int, Shortfall]:
    """As `shortfalls_of`, of one user."""
    return shortfalls_of([user.pk], on)


def shortfalls_of(user_ids: Iterable[int], on: date) -> dict[int, Shortfall]:
    """{bill id: what its account will lack} of the users' open bills that have an account.

    An account has its balance and its overdraft, less the auto-pay bills due before; a bill in
    a currency without a rate is left out. Overdue ones count as due on the date `on`.
    """
    by_account: dict[int, list[Bill]] = defaultdict(list)
    open_bills = Bill.objects.open().filter(user__in=user_ids, account__isnull=False)
    for bill in open_bills.select_related("account").order_by("due_date", "pk"):
        by_account[bill.account_id].append(bill)
    wanted: dict[str, set[str]] = defaultdict(set)
    for bills in by_account.values():
        wanted[bills[0].account.currency] |= {bill.currency for bill in bills}
    rates = RateTable.for_targets(wanted, [on])
    found: dict[int, Shortfall] = {}
    for bills in by_account.values():
        account = bills[0].account
        if account.has_overdraft_rule and account.deleted_at is None:
            found |= _of_account(account, bills, rates[account.currency], on)
    return found


def _of_account(
    account: Account, bills: list[Bill], rates: RateTable, on: date
) -> dict[int, Shortfall]:
    left = account.balance + account.overdraft_limit
    found = {}
    for bill in bills:
        converted = rates.convert(bill.amount_due, bill.currency, on)
        if converted is None:
            continue
        amount = round_to_minor_unit(converted.amount, account.currency)
        if amount > left:
            found[bill.pk] = Shortfall(account, amount - left, max(bill.due_date, on))
        if bill.will_auto_pay:
            left -= amount
    return found
