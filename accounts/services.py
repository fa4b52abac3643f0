"""Every change of an account. Nothing else writes one; posting reaches the balance through here."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import F, Value
from django.utils import timezone

from accounts.models import Account, ExchangeRate
from banking.kernel.fields import AmountField
from banking.kernel.money import exact_amount, plain_amount
from users.audit import trail
from users.models import User

EDITABLE = ("bank_name", "name", "account_type", "last_four", "overdraft_limit", "is_active")


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """The accounts, locked until commit, in primary-key order, so that no two callers deadlock."""
    locked = Account.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    return {account.pk: account for account in locked}


def apply_to_balance(account: Account, delta: Decimal) -> None:
    """Add `delta` (account's currency) to a locked account's balance. Called by posting only."""
    Account.objects.filter(pk=account.pk).update(
        balance=F("balance") + Value(delta, output_field=AmountField()),
        updated_at=timezone.now(),
    )
    account.balance += delta


def refuse_overdraft(account: Account, delta: Decimal) -> None:
    """Raise ValidationError when taking `delta` would leave less than the account may hold."""
    left = account.balance + delta
    if delta < 0 and account.has_overdraft_rule and left < -account.overdraft_limit:
        available = plain_amount(account.balance + account.overdraft_limit, account.currency)
        raise ValidationError(
            {
                "amount": ValidationError(
                    f"{account.name} has {available} {account.currency} available. You need "
                    f"{plain_amount(-delta, account.currency)}.",
                    code="insufficient_funds",
                )
            }
        )


@db_transaction.atomic
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


@db_transaction.atomic
def edit_account(*, actor: User | None, account: Account, **changes: Any) -> Account:
    """Change an account's description, limit, currency (while empty) or opening balance.

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


@db_transaction.atomic
def delete_account(*, actor: User, account: Account) -> None:
    """Move an account to the trash; its transactions leave every figure with it."""
    locked = lock_accounts([account.pk])[account.pk]
    if locked.deleted_at is None:
        locked.throw_away(timezone.now())
        trail.record(actor=actor, action="accounts.account.deleted", target=locked)


@db_transaction.atomic
def restore_account(*, actor: User, account: Account) -> Account:
    """Take an account out of the trash with everything that was in it."""
    locked = lock_accounts([account.pk])[account.pk]
    if locked.deleted_at is not None:
        locked.take_back()
        trail.record(actor=actor, action="accounts.account.restored", target=locked)
    return locked


def last_four_of(number: str) -> str:
    """The last four characters of an account number: all that is ever kept of it."""
    return "".join(char for char in number if char.isascii() and char.isalnum())[-4:]


@db_transaction.atomic
def store_rates(*, actor: User | None, rates: Iterable[ExchangeRate]) -> int:
    """Keep rates as they were told, one per pair and day: the first told stays. Returns how many.

    Rates are nobody's own and carry their source, so one event stands for the lot.
    """
    before = ExchangeRate.objects.count()
    ExchangeRate.objects.bulk_create(rates, batch_size=1000, ignore_conflicts=True)
    count = ExchangeRate.objects.count() - before
    trail.record(actor=actor, action="accounts.exchange_rates.stored", count=count)
    return count
