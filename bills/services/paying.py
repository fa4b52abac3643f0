"""Paying a bill: at most once, however often and concurrently it is requested."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from accounts.exchange import RateMissing, convert
from accounts.models import Account
from accounts.services import lock_accounts
from banking.kernel.commands import command
from banking.kernel.formats import date_format
from banking.kernel.money import exact_amount, format_money, round_to_minor_unit
from banking.kernel.narrowing import sure
from bills.models import Bill
from bills.services.planning import CARRIED_ON, lock_bill, plan_next, plan_series
from rewards.services import (
    earn_for_payment,
    lock_bill_program,
    lock_programs_of,
    take_back_points,
)
from transactions.models import Transaction
from transactions.services.posting import delete_transactions, post_transaction
from transactions.services.posting_checks import typed_date
from transactions.services.review_questions import ask_about_entry
from users.audit import trail
from users.models import User
from users.timezones import LATEST_ZONE, local_date, today_in

# How far below the bill a bank transaction may be and still pay it in full.
NEAR = Decimal("0.05")
# A scheduled payment that posted longer ago no longer earns points automatically.
EARN_WITHIN_DAYS = 60


@command
def pay_bill(
    *,
    actor: User | None,
    bill: Bill,
    on: date,
    account: Account | None = None,
    amount: Decimal | None = None,
    post: bool = True,
    today: date | None = None,
) -> Bill:
    """Settle an occurrence on the date `on`; repeating the request returns the settled bill.

    If `on` is after `today` (the owner's current date by default), the payment is planned and the
    bill is scheduled: money and points move on the day the payment posts. `amount` is in the bill's
    currency, by default the whole bill; a smaller amount leaves the rest open as its own
    occurrence. With an account (given, or the bill's own) the expense is posted and points are
    earned in the same database transaction; the next occurrence is planned. Without `post` it was
    paid elsewhere. Raises ValidationError, for example if the account has too little money.
    """
    locked = lock_bill(bill)
    if locked.paid_at is not None:
        return locked
    amount = _checked_amount(locked, amount)
    given, today = today, today or today_in(locked.user.timezone)
    typed_date(on, today=today, name="on")
    account = account or locked.account
    payment = None
    if account is not None and post:
        if account.user_id != locked.user_id:
            raise ValidationError({"account": "Choose one of your own accounts."})
        payment = _post(actor, locked, account, amount, on, today)
    elif on > today:
        raise ValidationError(
            {"on": ("The payment date can't be in the future if you paid it elsewhere.")}
        )
    settled = _settle(locked, amount, on, payment, today=given)
    _record(actor, settled)
    return settled


def difference_from(
    bill: Bill, *, amount: Decimal | None = None, on: date | None = None, **asked: Any
) -> tuple[str, str] | None:
    """How a repeated request differs from the actual payment: (field, message); otherwise None.

    `asked` may contain `account` (None: paid elsewhere). No amount means the whole bill, which
    differs from a part payment.
    """
    rest = Bill.objects.filter(remainder_of=bill, deleted_at=None).first()
    paying = bill.payment.account if bill.payment else None
    is_other_amount = rest is not None if amount is None else amount != bill.amount_paid
    if is_other_amount:
        field = "amount"
    elif "account" in asked and asked["account"] != paying:
        field = "account"
    elif on is not None and on != bill.paid_on:
        field = "paid_on"
    else:
        return None
    return field, _how_it_was_paid(bill, paying, rest)


def _how_it_was_paid(bill: Bill, paying: Account | None, rest: Bill | None) -> str:
    def amount_words(amount: Decimal) -> str:
        return format_money(amount, bill.currency, bill.user.locale)

    way = f" from {paying.name}" if paying else ""
    is_ahead = bill.payment is not None and bill.payment.status == Transaction.Status.PLANNED
    state = "is scheduled to be paid" if is_ahead else "was paid"
    day = date_format(sure(bill.paid_on), "j F Y", bill.user.locale)
    sentence = f"This bill {state} on {day}: {amount_words(sure(bill.amount_paid))}{way}."
    if rest is None:
        return sentence
    state = "is still due" if rest.is_open else "is settled"
    return f"{sentence} The remaining {amount_words(rest.amount_due)} {state} as bill {rest.pk}."


@command
def settle_with(*, actor: User | None, bill: Bill, payment: Transaction) -> Bill:
    """Settle an occurrence with an existing expense, such as an imported one.

    Raises ValidationError if the transaction is not the owner's expense or paid another bill.
    """
    locked = lock_bill(bill)
    if locked.paid_at is not None:
        return locked
    if not locked.is_open:
        raise ValidationError("This bill is already paid or skipped.")
    lock_accounts([payment.account_id])
    reward = lock_bill_program(locked.user)
    row = Transaction.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    _refuse_as_payment(locked, row, account_id=payment.account_id)
    amount = row.amount if row.currency == locked.currency else locked.amount_due
    # A slightly smaller bank transaction pays the bill in full; an amount typed by a person is
    # exact.
    is_whole = locked.amount_due - amount <= locked.amount_due * NEAR
    settled = _settle(locked, amount, row.txn_date, row, is_whole=is_whole)
    earn_for_payment(
        actor=actor,
        reward=reward,
        payment=row,
        on=row.txn_date,
        is_early=row.txn_date < locked.due_date,
        base_amount=_base_amount(locked, amount),
    )
    _record(actor, settled)
    return settled


@command
def unpay_bill(*, actor: User, bill: Bill) -> Bill:
    """Undo a payment and its effects; the bill is open again.

    An expense posted by the payment goes to the trash; one that existed before stays. Its points
    are removed as far as they are still available. Raises ValidationError if the rest of a part
    payment has been paid.
    """
    locked = lock_bill(bill)
    if locked.paid_at is None:
        return locked
    payment = locked.payment
    rest = Bill.objects.select_for_update(of=("self",)).filter(remainder_of=locked).first()
    if rest is not None and rest.paid_at is not None:
        raise ValidationError("The rest of this bill has been paid. Undo that payment first.")
    if payment is not None:
        lock_accounts([payment.account_id])
        programs = lock_programs_of(payment)
    before = {"amount": locked.amount_paid, "paid_on": locked.paid_on, "payment": payment}
    if rest is not None and rest.deleted_at is None:
        rest.throw_away(timezone.now())
    locked.paid_at = locked.paid_on = locked.amount_paid = locked.payment = None
    locked.save(update_fields=["paid_at", "paid_on", "amount_paid", "payment", "updated_at"])
    if payment is not None:
        take_back_points(actor=actor, programs=programs, payment=payment)
        if payment.origin == Transaction.Origin.BILL:
            delete_transactions(actor=actor, rows=Transaction.objects.filter(pk=payment.pk))
    trail.record(actor=actor, action="bills.bill.unpaid", target=locked, before=before)
    return locked


def _refuse_as_payment(bill: Bill, row: Transaction, *, account_id: int) -> None:
    """Raise ValidationError unless a locked transaction may pay this bill."""
    if row.account_id != account_id:
        raise ValidationError("This transaction was just moved. Reload and try again.")
    is_expense = row.signed_amount < 0 and row.status == Transaction.Status.POSTED
    if row.user_id != bill.user_id or not is_expense or row.deleted_at is not None:
        raise ValidationError({"transaction": "Choose one of your own expenses."})
    if Bill.objects.filter(payment=row).exists():
        raise ValidationError({"transaction": "This transaction already paid another bill."})


def _checked_amount(bill: Bill, amount: Decimal | None) -> Decimal:
    if not bill.is_open:
        raise ValidationError("This bill is in the trash or already settled. Restore it first.")
    if amount is None:
        return cast(Decimal, bill.amount_due)
    amount = exact_amount(amount, bill.currency)
    if amount <= 0:
        raise ValidationError({"amount": "Enter an amount above zero."})
    return amount


def _post(
    actor: User | None, bill: Bill, account: Account, amount: Decimal, on: date, today: date
) -> Transaction:
    # Take all row locks before the first audit event: account, then program.
    lock_accounts([account.pk])
    reward = lock_bill_program(bill.user)
    # If its category was removed, the owner's rules categorize the payment.
    is_gone = bill.category is None or bill.category.deleted_at is not None
    payment = post_transaction(
        actor=actor,
        account=account,
        signed_amount=-_in_accounts_currency(bill, account, amount, on),
        txn_date=on,
        description=bill.biller_name,
        merchant=bill.biller_name,
        category=None if is_gone else bill.category,
        origin=Transaction.Origin.BILL,
        today=today,
    )
    ask_about_entry(payment)
    if payment.status == Transaction.Status.POSTED:
        earn_for_payment(
            actor=actor,
            reward=reward,
            payment=payment,
            on=on,
            is_early=on < bill.due_date,
            base_amount=_base_amount(bill, amount),
        )
    return payment


def earn_for_scheduled(*, at: datetime) -> int:
    """Award points for scheduled payments that have posted since; returns how many earned points.

    Safe to repeat: a payment with a points entry has already earned.
    """
    earliest = local_date(LATEST_ZONE, at) - timedelta(days=EARN_WITHIN_DAYS)
    posted = Bill.objects.filter(
        paid_at__date__lt=F("paid_on"),
        paid_on__gte=earliest,
        payment__status=Transaction.Status.POSTED,
        payment__origin=Transaction.Origin.BILL,
        payment__points_entries=None,
    )
    return sum(_earn_late(pk) for pk in list(posted.order_by("pk").values_list("pk", flat=True)))


@command
def _earn_late(pk: int) -> bool:
    bill = lock_bill(Bill(pk=pk))
    payment = bill.payment
    if payment is None or bill.paid_on is None or bill.amount_paid is None:
        return False
    lock_accounts([payment.account_id])
    reward = lock_bill_program(bill.user)
    if payment.points_entries.exists():
        return False
    entry = earn_for_payment(
        actor=None,
        reward=reward,
        payment=payment,
        on=bill.paid_on,
        is_early=bill.paid_on < bill.due_date,
        base_amount=_base_amount(bill, bill.amount_paid),
    )
    return entry is not None


def _base_amount(bill: Bill, amount: Decimal) -> Decimal | None:
    """The amount paid in the base currency, without converting it through another currency."""
    return amount if bill.currency == bill.user.base_currency else None


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
    bill: Bill,
    amount: Decimal,
    on: date,
    payment: Transaction | None,
    *,
    today: date | None = None,
    is_whole: bool = False,
) -> Bill:
    bill.paid_at, bill.paid_on = timezone.now(), on
    bill.amount_paid, bill.payment = amount, payment
    bill.save(update_fields=["paid_at", "paid_on", "amount_paid", "payment", "updated_at"])
    if amount < bill.amount_due and not is_whole:
        _leave_open(bill, bill.amount_due - amount)
    plan_next(bill)
    plan_series(bill, today)
    return bill


def _leave_open(bill: Bill, rest: Decimal) -> None:
    """Create the rest of a part payment: due the same day, not repeating, without auto-pay."""
    carried = {name: getattr(bill, name) for name in CARRIED_ON}
    # If the rest from an undone payment is in the trash, restore it.
    Bill.objects.update_or_create(
        remainder_of=bill,
        defaults={
            **carried,
            "amount_due": rest,
            "auto_pay": False,
            "deleted_at": None,
            "skipped_at": None,
            "user_id": bill.user_id,
            "due_date": bill.due_date,
            "series": bill.series,
            "series_start": bill.series_start,
            "sequence": bill.sequence,
        },
    )


def _record(actor: User | None, bill: Bill) -> None:
    trail.record(
        actor=actor,
        action="bills.bill.paid",
        target=bill,
        amount=bill.amount_paid,
        currency=bill.currency,
        paid_on=bill.paid_on,
        payment=bill.payment_id,
    )
