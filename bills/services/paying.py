"""Paying a bill: at most once, however often and however concurrently it is asked for."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.utils import timezone

from accounts.exchange import RateMissing, convert
from accounts.models import Account
from accounts.services import lock_accounts
from banking.money import round_to_minor_unit
from bills.models import Bill
from bills.services.planning import CARRIED_ON, lock_bill, plan_next
from rewards.services import earn_for_payment, lock_bill_program
from transactions.models import Transaction
from transactions.services.posting import post_transaction
from users import audit
from users.models import User


@db_transaction.atomic
def pay_bill(
    *,
    actor: User | None,
    bill: Bill,
    on: date,
    account: Account | None = None,
    amount: Decimal | None = None,
) -> Bill:
    """Settle an occurrence on the date `on`; asking again answers the settled bill.

    `amount` is in the bill's currency, by default all of it; less leaves the rest open as an
    occurrence of its own. With an account (given, or the bill's own) the expense is posted and
    points are earned in the same database transaction; the next occurrence is planned.
    Raises ValidationError, among others when the account has not enough.
    """
    locked = lock_bill(bill)
    if locked.paid_at is not None:
        return locked
    amount = _checked_amount(locked, amount)
    account = account or locked.account
    payment = None
    if account is not None:
        if account.user_id != locked.user_id:
            raise ValidationError({"account": "Choose one of your own accounts."})
        payment = _post(actor, locked, account, amount, on)
    return _settle(actor, locked, amount, on, payment)


@db_transaction.atomic
def settle_with(*, actor: User | None, bill: Bill, payment: Transaction) -> Bill:
    """Settle an occurrence with an expense that is in the ledger already, such as an imported one.

    Raises ValidationError when the transaction is no expense of the owner's, or paid another bill.
    """
    locked = lock_bill(bill)
    if locked.paid_at is not None:
        return locked
    if not locked.is_open:
        raise ValidationError("This bill is not open.")
    lock_accounts([payment.account_id])
    reward = lock_bill_program(locked.user)
    row = Transaction.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    if row.user_id != locked.user_id or row.signed_amount > 0 or row.deleted_at is not None:
        raise ValidationError({"payment": "Choose one of your own expenses."})
    if Bill.objects.filter(payment=row).exists():
        raise ValidationError({"payment": "This transaction has paid another bill."})
    amount = row.amount if row.currency == locked.currency else locked.amount_due
    settled = _settle(None, locked, amount, row.txn_date, row, record=False)
    earn_for_payment(
        actor=actor,
        reward=reward,
        payment=row,
        on=row.txn_date,
        is_early=row.txn_date < locked.due_date,
    )
    _record(actor, settled)
    return settled


def _checked_amount(bill: Bill, amount: Decimal | None) -> Decimal:
    if not bill.is_open:
        raise ValidationError("This bill is not open: restore it first.")
    if amount is None:
        return bill.amount_due
    amount = round_to_minor_unit(amount, bill.currency)
    if amount <= 0:
        raise ValidationError({"amount": "Enter an amount above zero."})
    return amount


def _post(
    actor: User | None, bill: Bill, account: Account, amount: Decimal, on: date
) -> Transaction:
    # Every row lock before the first audit event: account, then programme.
    lock_accounts([account.pk])
    reward = lock_bill_program(bill.user)
    payment = post_transaction(
        actor=actor,
        account=account,
        signed_amount=-_in_accounts_currency(bill, account, amount, on),
        txn_date=on,
        description=bill.biller_name,
        merchant=bill.biller_name,
        category=bill.category,
        origin=Transaction.Origin.BILL,
    )
    earn_for_payment(
        actor=actor, reward=reward, payment=payment, on=on, is_early=on < bill.due_date
    )
    return payment


def _in_accounts_currency(bill: Bill, account: Account, amount: Decimal, on: date) -> Decimal:
    if account.currency == bill.currency:
        return amount
    try:
        converted = convert(amount, bill.currency, account.currency, on).amount
    except RateMissing as missing:
        raise ValidationError(
            {"account": f"{missing} Choose an account in {bill.currency}."}
        ) from missing
    return round_to_minor_unit(converted, account.currency)


def _settle(
    actor: User | None,
    bill: Bill,
    amount: Decimal,
    on: date,
    payment: Transaction | None,
    *,
    record: bool = True,
) -> Bill:
    bill.paid_at, bill.paid_on = timezone.now(), on
    bill.amount_paid, bill.payment = amount, payment
    bill.save(update_fields=["paid_at", "paid_on", "amount_paid", "payment", "updated_at"])
    if amount < bill.amount_due:
        _leave_open(bill, bill.amount_due - amount)
    plan_next(bill)
    if record:
        _record(actor, bill)
    return bill


def _leave_open(bill: Bill, rest: Decimal) -> None:
    """What a part payment left: due on the same day, not repeating, never paid by itself."""
    carried = {name: getattr(bill, name) for name in CARRIED_ON}
    Bill.objects.create(
        **carried | {"amount_due": rest, "auto_pay": False},
        user_id=bill.user_id,
        due_date=bill.due_date,
        series=bill.series,
        series_start=bill.series_start,
        sequence=bill.sequence,
        remainder_of=bill,
    )


def _record(actor: User | None, bill: Bill) -> None:
    audit.record(
        actor=actor,
        action="bills.bill.paid",
        target=bill,
        amount=bill.amount_paid,
        currency=bill.currency,
        paid_on=bill.paid_on,
        payment=bill.payment_id,
    )
