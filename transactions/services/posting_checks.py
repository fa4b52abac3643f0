"""Checks of one posting: amount, date, account and category."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError

from accounts.models import Account
from banking.kernel.money import LARGEST_AMOUNT, exact_amount
from banking.kernel.periods import add_months
from banking.limits import TYPED_YEARS_AHEAD, TYPED_YEARS_BACK
from transactions.models import Category, Transaction

EARLIEST, LATEST = date(1950, 1, 1), date(2100, 12, 31)


def refuse_closed(account: Account) -> None:
    if account.deleted_at is not None:
        raise ValidationError({"account": "This account is in the trash."})
    if not account.is_active:
        raise ValidationError({"account": "This account is archived. Reactivate it first."})


def checked_amount(amount: Decimal, currency: str) -> Decimal:
    exact = exact_amount(amount, currency)
    if amount == 0:
        raise ValidationError({"amount": "Enter an amount above zero."})
    if abs(amount) > LARGEST_AMOUNT:
        raise ValidationError({"amount": "This amount is too large."})
    return exact


def checked_date(on: date, name: str = "txn_date") -> date:
    """The date. Raises ValidationError at the field `name` if no transaction can have it."""
    if not EARLIEST <= on <= LATEST:
        raise ValidationError({name: f"Enter a date from {EARLIEST} to {LATEST}."})
    return on


def typed_date(on: date, *, today: date, name: str = "txn_date") -> date:
    """The date a person entered. Raises ValidationError at `name` if it is too far from today."""
    first = add_months(today, -12 * TYPED_YEARS_BACK)
    last = add_months(today, 12 * TYPED_YEARS_AHEAD)
    if not first <= on <= last:
        raise ValidationError(
            {
                name: ValidationError(
                    f"Enter a date from {first} to {last}: at most {TYPED_YEARS_AHEAD} years"
                    f" ahead, and at most {TYPED_YEARS_BACK} years back.",
                    code="date_out_of_range",
                )
            }
        )
    return on


def status_by_date(asked: str, on: date, today: date) -> str:
    """The status of a manual entry: planned if its date is after today, or else the
    requested one.
    """
    if on > today:
        return Transaction.Status.PLANNED
    if asked == Transaction.Status.PLANNED:
        raise ValidationError({"status": "A planned transaction has a date after today."})
    return asked


def refuse_foreign_category(owner_id: int, category: Category | None) -> None:
    if category is not None and category.user_id not in (None, owner_id):
        raise ValidationError({"category": "Choose one of your own categories."})
