"""Every change to an account. Nothing else writes accounts; posting updates balances
through here.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Account, ExchangeRate, RateMonth
from banking.kernel.bulk import bulk_add
from banking.kernel.commands import command
from banking.kernel.money import exact_amount
from banking.kernel.periods import first_of_month
from banking.kernel.sentences import Said, money
from banking.kernel.written_once import WrittenOnce
from banking.limits import RATE_AGE_DAYS
from users.audit import trail
from users.models import User

EDITABLE = ("bank_name", "name", "account_type", "last_four", "overdraft_limit", "is_active")


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """Lock the accounts until commit, in primary-key order to avoid deadlocks."""
    return {account.pk: account for account in _LOCKED.rows(sorted(set(ids)))}


_LOCKED = WrittenOnce(
    lambda ids: Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
)


def apply_to_balances(accounts: Mapping[int, Account], deltas: Mapping[int, Decimal]) -> None:
    """Add the deltas by account, in its currency, to the balances of locked accounts. Only posting
    calls this.
    """
    bulk_add(Account, ("balance",), sorted(deltas.items()), fixed={"updated_at": timezone.now()})
    for pk, delta in deltas.items():
        accounts[pk].balance += delta


def refuse_overdraft(account: Account, delta: Decimal) -> None:
    """Raise ValidationError if adding `delta` would take the balance below the account's limit."""
    left = account.balance + delta
    if delta < 0 and account.has_overdraft_rule and left < -account.overdraft_limit:
        available, needed = (
            money(amount, account.currency)
            for amount in (account.balance + account.overdraft_limit, -delta)
        )
        parts = [f"{account.name} has ", available, " available. You need ", needed, "."]
        sentence = Said(parts, account.user.locale)
        raise ValidationError({"amount": ValidationError(sentence, code="insufficient_funds")})


@command
def open_account(
    *,
    actor: User,
    user: User,
    name: str,
    currency: str,
    bank_name: str = "",
    account_type: str = Account.Type.CHECKING,
    last_four: str = "",
    opening_balance: Decimal = Decimal(0),
    overdraft_limit: Decimal = Decimal(0),
    is_active: bool = True,
) -> Account:
    """Open an account with its opening balance (whole minor units of `currency`)."""
    opening_balance = exact_amount(opening_balance, currency, "opening_balance")
    account = Account(
        user=user,
        bank_name=bank_name.strip(),
        name=name.strip(),
        account_type=account_type,
        last_four=last_four_of(last_four),
        currency=currency,
        opening_balance=opening_balance,
        balance=opening_balance,
        overdraft_limit=exact_amount(overdraft_limit, currency, "overdraft_limit"),
        is_active=is_active,
        archived_at=None if is_active else timezone.now(),
    )
    account.full_clean(exclude=["balance"])
    account.save()
    trail.record(
        actor=actor,
        action="accounts.account.opened",
        target=account,
        name=account.name,
        currency=currency,
        opening_balance=opening_balance,
    )
    return account


@command
def edit_account(*, actor: User | None, account: Account, **changes: Any) -> Account:
    """Change an account's description, limit, currency (while it has no transactions) or opening
    balance.

    A new opening balance moves the balance by the same difference. Raises ValidationError.
    """
    locked = lock_accounts([account.pk])[account.pk]
    before: dict[str, Any] = {}
    for field in ("name", "bank_name"):
        if field in changes:
            changes[field] = changes[field].strip()
    if "last_four" in changes:
        changes["last_four"] = last_four_of(changes["last_four"])
    for field in EDITABLE:
        if field in changes and changes[field] != getattr(locked, field):
            before[field] = getattr(locked, field)
            setattr(locked, field, changes[field])
    _change_currency(locked, changes, before)
    _change_opening_balance(locked, changes, before)
    if not before:
        return locked
    if "is_active" in before:
        locked.archived_at = None if locked.is_active else timezone.now()
    locked.overdraft_limit = exact_amount(
        locked.overdraft_limit, locked.currency, "overdraft_limit"
    )
    locked.full_clean(exclude=["balance"])
    locked.save(update_fields=[*before, "balance", "overdraft_limit", "archived_at", "updated_at"])
    trail.record(
        actor=actor,
        action="accounts.account.edited",
        target=locked,
        before=before,
        after={field: getattr(locked, field) for field in before},
    )
    return locked


def _change_currency(account: Account, changes: dict[str, Any], before: dict[str, Any]) -> None:
    currency = changes.get("currency", account.currency)
    if currency == account.currency:
        return
    if account.transactions.exists():
        raise ValidationError(
            {"currency": "You can't change an account's currency once it has transactions."}
        )
    before["currency"] = account.currency
    account.currency = currency
    # The new currency may have fewer decimals.
    changes.setdefault("opening_balance", account.opening_balance)


def _change_opening_balance(
    account: Account, changes: dict[str, Any], before: dict[str, Any]
) -> None:
    opening = changes.get("opening_balance")
    if opening is None:
        return
    opening = exact_amount(opening, account.currency, "opening_balance")
    if opening == account.opening_balance:
        return
    before["opening_balance"] = account.opening_balance
    account.balance += opening - account.opening_balance
    account.opening_balance = opening


@command
def delete_account(*, actor: User, account: Account) -> None:
    """Move an account to the trash. Its transactions no longer count in any figure."""
    locked = lock_accounts([account.pk])[account.pk]
    if locked.deleted_at is None:
        locked.throw_away(timezone.now())
        trail.record(actor=actor, action="accounts.account.deleted", target=locked)


@command
def restore_account(*, actor: User, account: Account) -> Account:
    """Restore an account from the trash with its transactions."""
    locked = lock_accounts([account.pk])[account.pk]
    if locked.deleted_at is not None:
        locked.take_back()
        trail.record(actor=actor, action="accounts.account.restored", target=locked)
    return locked


def last_four_of(number: str) -> str:
    """The last four characters of an account number. The rest is never stored."""
    return "".join(char for char in number if char.isascii() and char.isalnum())[-4:]


@db_transaction.atomic
def store_rates(*, actor: User | None, rates: Iterable[ExchangeRate]) -> int:
    """Store rates, one per pair and date; existing rates stay. Returns how many were new.

    Rates belong to nobody and carry their source, so one audit event covers them all.
    """
    rates = list(rates)
    before = ExchangeRate.objects.count()
    ExchangeRate.objects.bulk_create(rates, batch_size=1000, ignore_conflicts=True)
    count = ExchangeRate.objects.count() - before
    if count:
        _outdate_months({rate.rate_on for rate in rates})
    trail.record(actor=actor, action="accounts.exchange_rates.stored", count=count)
    return count


def _outdate_months(days: Iterable[date]) -> None:
    """Raise the version of each month in which a rate of these days may be used."""
    reach = timedelta(days=RATE_AGE_DAYS)
    months = sorted({first_of_month(day) for on in days for day in (on, on + reach)})
    RateMonth.objects.bulk_create(
        [RateMonth(month=month) for month in months], ignore_conflicts=True
    )
    for month in months:
        RateMonth.objects.filter(month=month).update(version=F("version") + 1)
