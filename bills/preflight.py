"""Predicts whether auto-pay will succeed: decided only here, and shown in advance.

Mail, alerts, pages and the API all use `auto_pay_outlook`.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.exchange import RateTable
from accounts.models import Account
from banking.kernel.formats import date_format
from banking.kernel.money import format_money, round_to_minor_unit
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import BILL_CATCH_UP_DAYS
from bills.models import Bill
from transactions.models import Transaction
from users.models import User

# {account: (day, signed amount) of its planned transactions, by day}
PlannedByAccount = Mapping[int, list[tuple[date, Decimal]]]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """On the day `on`, the account will be short by `amount`, in its own currency."""

    account: Account
    amount: Decimal
    on: date

    @property
    def currency(self) -> str:
        return self.account.currency


class AutoPayState(models.TextChoices):
    """The predicted outcome of auto-pay."""

    WILL_PAY = "will_pay", gettext_lazy("Will be paid")
    SHORT = "short", gettext_lazy("Not enough money")
    ACCOUNT_ARCHIVED = "account_archived", gettext_lazy("Account archived")
    ACCOUNT_IN_TRASH = "account_in_trash", gettext_lazy("Account in the trash")
    NO_ACCOUNT = "no_account", gettext_lazy("No account")
    TOO_LATE = "too_late", gettext_lazy("Overdue for too long")
    FAILED = "failed", gettext_lazy("Failed")


@dataclass(frozen=True, slots=True)
class AutoPayOutlook:
    """The predicted outcome of auto-pay for an open bill, with a message."""

    state: str
    message: str

    @property
    def will_pay(self) -> bool:
        return self.state == AutoPayState.WILL_PAY


def auto_pay_outlook(bill: Bill, on: date, shortfall: Shortfall | None) -> AutoPayOutlook | None:
    """The prediction for the bill as of the date `on`; None without auto-pay.

    `shortfall` is the bill's entry in `shortfalls_of`.
    """
    if not (bill.is_open and bill.auto_pay):
        return None
    account, state = bill.account, _state(bill, on, shortfall)
    if state is None:
        return None
    changes = {"account": account.name if account else "", "reason": bill.auto_pay_problem}
    if shortfall is not None:
        changes |= {
            "amount": format_money(shortfall.amount, shortfall.currency, bill.user.locale),
            "day": date_format(shortfall.on, "j F", bill.user.locale),
        }
    sentences = {
        AutoPayState.WILL_PAY: _("It will be paid automatically from %(account)s."),
        AutoPayState.SHORT: _(
            "It will not be paid automatically: %(account)s will be %(amount)s short on %(day)s."
        ),
        AutoPayState.ACCOUNT_ARCHIVED: _(
            "It will not be paid automatically: %(account)s is archived."
        ),
        AutoPayState.ACCOUNT_IN_TRASH: _(
            "It will not be paid automatically: %(account)s is in the trash."
        ),
        AutoPayState.NO_ACCOUNT: _("It will not be paid automatically: it has no account."),
        AutoPayState.TOO_LATE: _(
            "It will not be paid automatically: it is overdue for too long. Pay it yourself."
        ),
        AutoPayState.FAILED: _("It could not be paid automatically: %(reason)s"),
    }
    return AutoPayOutlook(state, sentences[state] % changes)


def _state(bill: Bill, on: date, shortfall: Shortfall | None) -> AutoPayState | None:
    account = bill.account
    if bill.auto_pay_tried_on is not None:
        # A payment that was undone is not repeated automatically.
        return AutoPayState.FAILED if bill.auto_pay_error else None
    if account is None:
        return AutoPayState.NO_ACCOUNT
    if account.deleted_at is not None:
        return AutoPayState.ACCOUNT_IN_TRASH
    if not account.is_active:
        return AutoPayState.ACCOUNT_ARCHIVED
    if bill.due_date < on - timedelta(days=BILL_CATCH_UP_DAYS):
        return AutoPayState.TOO_LATE
    return AutoPayState.SHORT if shortfall is not None else AutoPayState.WILL_PAY


def shortfalls(*, user: User, on: date) -> dict[int, Shortfall]:
    """As `shortfalls_of`, of one user."""
    return shortfalls_of([user.pk], on)


def shortfalls_of(user_ids: Iterable[int], on: date) -> dict[int, Shortfall]:
    """{bill id: its account's shortfall} for the users' open bills that have an account.

    Available is today's balance plus overdraft and planned transactions until the due date, minus
    auto-pay bills due earlier. A bill without an exchange rate is left out. Overdue bills count as
    due on the date `on`.
    """
    open_bills = Bill.objects.open().filter(user__in=user_ids, account__isnull=False)
    return shortfalls_among(open_bills.select_related("account").order_by("due_date", "pk"), on)


def shortfalls_among(open_bills: Iterable[Bill], on: date) -> dict[int, Shortfall]:
    """As `shortfalls_of`, of all open bills of some people, by due date, read with `account`."""
    by_account: dict[Account, list[Bill]] = defaultdict(list)
    open_bills = list(open_bills)
    for bill in open_bills:
        if bill.account is not None:
            by_account[bill.account].append(bill)
    wanted: dict[str, set[str]] = defaultdict(set)
    for account, bills in by_account.items():
        wanted[account.currency] |= {bill.currency for bill in bills}
    rates = RateTable.for_targets(wanted, [on])
    planned = _planned(open_bills)
    found: dict[int, Shortfall] = {}
    for account, bills in by_account.items():
        if account.has_overdraft_rule and account.deleted_at is None:
            of_account = planned.get(account.pk, [])
            found |= _of_account(account, bills, of_account, rates[account.currency], on)
    return found


_PLANNED = WrittenOnce(
    lambda ids: (
        Transaction.objects.filter(account__in=ids, deleted_at=None)
        .planned()
        .order_by("txn_date", "pk")
        .values_list("account_id", "txn_date", "signed_amount")
    )
)


def asking_planned(bills: Iterable[Bill]) -> Asked:
    """The planned transactions of the accounts that bills are paid from."""
    return _PLANNED.asking({bill.account_id for bill in bills if bill.account_id is not None})


def _planned(bills: Iterable[Bill]) -> PlannedByAccount:
    found: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    for pk, day, amount in asking_planned(bills).rows():
        found[pk].append((day, amount))
    return found


def _of_account(
    account: Account,
    bills: list[Bill],
    planned: list[tuple[date, Decimal]],
    rates: RateTable,
    on: date,
) -> dict[int, Shortfall]:
    left, waiting = account.balance + account.overdraft_limit, deque(planned)
    found = {}
    for bill in bills:
        day = max(bill.due_date, on)
        while waiting and waiting[0][0] <= day:
            left += waiting.popleft()[1]
        converted = rates.convert(bill.amount_due, bill.currency, on)
        if converted is None:
            continue
        amount = round_to_minor_unit(converted.amount, account.currency)
        if amount > left:
            found[bill.pk] = Shortfall(account, amount - left, day)
        if bill.will_auto_pay:
            left -= amount
    return found
