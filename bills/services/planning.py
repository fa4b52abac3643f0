"""Creating, changing and deleting bills, and the occurrences that follow."""

import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.utils import timezone

from accounts.models import Account
from banking.kernel.money import exact_amount
from banking.limits import BILL_AHEAD_DAYS, BILL_FORGOTTEN_DAYS
from bills.models import Bill, BillQuerySet
from bills.recurrence import occurrence_date
from transactions.models import Category
from transactions.services.posting_checks import typed_date
from users.audit import trail
from users.models import User
from users.timezones import today_in

EDITABLE = (
    "biller_name",
    "amount_due",
    "currency",
    "due_date",
    "recurrence",
    "auto_pay",
    "account",
    "category",
    "remind_days_before",
    "notes",
)
# Fields that also change the later open occurrences.
CARRIED_ON = tuple(name for name in EDITABLE if name not in ("due_date", "recurrence"))


def lock_bill(bill: Bill) -> Bill:
    """The bill, locked until commit. Lock order: bill, accounts, program, audit chain."""
    return Bill.objects.select_for_update(of=("self",)).get(pk=bill.pk)


def turns_auto_pay_on(fields: dict[str, Any], bill: Bill | None = None) -> bool:
    """Whether creating a bill with `fields`, or changing this one, enables automatic debits.

    Views and API require a step-up before doing so (users/step_up.py).
    """
    return bool(fields.get("auto_pay")) and not (bill is not None and bill.auto_pay)


def require_paying_account(fields: dict[str, Any], bill: Bill | None = None) -> None:
    """Refuse auto-pay without an account, before asking for a step-up.

    So nobody enters a password only to learn that something is missing. Raises ValidationError at
    "account".
    """
    if fields.get("account", bill.account if bill is not None else None) is None:
        raise ValidationError({"account": "Choose an account for automatic payments."})


@db_transaction.atomic
def create_bill(*, actor: User, user: User, today: date | None = None, **fields: Any) -> Bill:
    """Plan a bill. Takes the fields of EDITABLE; raises ValidationError at the field.

    If `today` (the owner's date) is given, creates the occurrences of the next 35 days right away.
    """
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"Unknown bill field: {', '.join(sorted(unknown))}.")
    fields.setdefault("currency", user.base_currency)
    bill = Bill(user=user, series_start=fields["due_date"], **fields)
    _check(bill)
    bill.save()
    trail.record(actor=actor, action="bills.bill.created", target=bill, **_facts(bill))
    plan_series(bill, today)
    return bill


@db_transaction.atomic
def edit_bill(*, actor: User, bill: Bill, today: date | None = None, **changes: Any) -> Bill:
    """Change an open occurrence; everything but its date also applies to later open ones.

    A different recurrence starts a new series here and removes later occurrences. The rest of a
    part payment changes alone. If `today` (the owner's date) is given, creates the occurrences of
    the next 35 days right away.
    """
    locked = lock_bill(bill)
    if not locked.is_open:
        raise ValidationError("This bill is already paid or skipped. Edit the next one.")
    before = {
        name: getattr(locked, name)
        for name in EDITABLE
        if name in changes and changes[name] != getattr(locked, name)
    }
    if not before:
        return locked
    if "recurrence" in before and locked.remainder_of_id is not None:
        raise ValidationError({"recurrence": "The rest of a partial payment can't repeat."})
    was_due = locked.due_date
    for name in before:
        setattr(locked, name, changes[name])
    later = _lock_later_open(locked)
    if "recurrence" in before:
        later.update(deleted_at=timezone.now(), updated_at=timezone.now())
        # End the old series at the earlier ones, or settling one would continue it.
        Bill.objects.filter(series=locked.series, sequence__lt=locked.sequence).update(
            recurrence=Bill.Recurrence.NONE
        )
        locked.series, locked.series_start, locked.sequence = uuid.uuid4(), locked.due_date, 0
    _check(locked, was_due)
    if not {"due_date", "auto_pay", "account"}.isdisjoint(before):
        # The owner has changed something: auto-pay may try once more.
        locked.auto_pay_tried_on, locked.auto_pay_error = None, ""
    locked.save()
    carried = {name: getattr(locked, name) for name in before if name in CARRIED_ON}
    if carried and "recurrence" not in before:
        later.update(**carried, updated_at=timezone.now())
    plan_series(locked, today)
    trail.record(
        actor=actor,
        action="bills.bill.edited",
        target=locked,
        before=before,
        after={name: getattr(locked, name) for name in before},
    )
    return locked


@db_transaction.atomic
def delete_bill(*, actor: User, bill: Bill) -> None:
    """Move an occurrence and later open ones to the trash, which ends the series.

    The rest of a part payment is deleted alone.
    """
    locked = lock_bill(bill)
    if locked.deleted_at is None:
        stamp = timezone.now()
        count = _lock_later_open(locked).update(deleted_at=stamp, updated_at=stamp)
        locked.throw_away(stamp)
        trail.record(actor=actor, action="bills.bill.deleted", target=locked, later=count)


@db_transaction.atomic
def restore_bill(*, actor: User, bill: Bill) -> Bill:
    """Restore an occurrence with those deleted along with it, or reopen a skipped one.

    Raises ValidationError for the rest of an undone part payment: the whole bill is due again.
    """
    locked = lock_bill(bill)
    whole = locked.remainder_of
    if locked.deleted_at is not None and whole is not None and whole.paid_at is None:
        raise ValidationError("The whole bill is due again, so there's no remaining part.")
    if locked.deleted_at is not None:
        together = Bill.objects.filter(series=locked.series, deleted_at=locked.deleted_at)
        together.update(deleted_at=None, updated_at=timezone.now())
        locked.deleted_at = None
        trail.record(actor=actor, action="bills.bill.restored", target=locked)
    elif locked.skipped_at is not None:
        locked.skipped_at = None
        locked.save(update_fields=["skipped_at", "updated_at"])
        trail.record(actor=actor, action="bills.bill.taken_up", target=locked)
    return locked


@db_transaction.atomic
def skip_bill(*, actor: User, bill: Bill, today: date | None = None) -> Bill:
    """Skip one occurrence without paying; the next one is planned."""
    locked = lock_bill(bill)
    if locked.paid_at is not None:
        raise ValidationError("This bill is paid.")
    if locked.deleted_at is not None:
        raise ValidationError("This bill is in the trash. Restore it first.")
    if locked.skipped_at is None:
        locked.skipped_at = timezone.now()
        locked.save(update_fields=["skipped_at", "updated_at"])
        plan_next(locked)
        plan_series(locked, today)
        trail.record(actor=actor, action="bills.bill.skipped", target=locked)
    return locked


def plan_next(bill: Bill) -> Bill | None:
    """Create the occurrence after a locked one if it does not exist; None if the series ends."""
    due_date = occurrence_date(bill.series_start, bill.recurrence, bill.sequence + 1)
    if due_date is None or bill.remainder_of_id is not None:
        return None
    following, _ = Bill.objects.get_or_create(
        series=bill.series,
        sequence=bill.sequence + 1,
        remainder_of=None,
        defaults={
            "user_id": bill.user_id,
            "series_start": bill.series_start,
            "due_date": due_date,
            **{name: getattr(bill, name) for name in (*CARRIED_ON, "recurrence")},
        },
    )
    return following


def plan_series(bill: Bill, today: date | None) -> int:
    """Create occurrences after a locked bill due within 35 days of `today`; returns how many.

    Creates none without `today`: the hourly job will.
    """
    if today is None:
        return 0
    until = today + timedelta(days=BILL_AHEAD_DAYS)
    if bill.due_date < until - timedelta(days=BILL_FORGOTTEN_DAYS):
        return 0
    return plan_ahead(bill=bill, until=until)


def plan_ahead(*, bill: Bill, until: date) -> int:
    """Create occurrences of an open bill's series due by `until`; returns how many.

    Safe to repeat: an occurrence is unique by series and number.
    """
    made = 0
    with db_transaction.atomic():
        current = lock_bill(bill)
        while current.deleted_at is None:
            due_date = occurrence_date(
                current.series_start, current.recurrence, current.sequence + 1
            )
            if due_date is None or due_date > until or current.remainder_of_id is not None:
                break
            before = Bill.objects.filter(series=current.series).count()
            following = plan_next(current)
            made += Bill.objects.filter(series=current.series).count() - before
            if following is None:
                break
            current = following
    return made


def _lock_later_open(bill: Bill) -> BillQuerySet:
    """The open occurrences after a locked one, locked in order.

    None follow the rest of a part payment: it is not in the series.
    """
    if bill.remainder_of_id is not None:
        return Bill.objects.none()
    later = Bill.objects.open().filter(
        series=bill.series, sequence__gt=bill.sequence, remainder_of=None
    )
    in_order = later.order_by("sequence").select_for_update(of=("self",))
    return Bill.objects.filter(pk__in=list(in_order.values_list("pk", flat=True)))


def _check(bill: Bill, was_due: date | None = None) -> None:
    bill.biller_name = bill.biller_name.strip()
    if isinstance(bill.amount_due, Decimal):
        bill.amount_due = exact_amount(bill.amount_due, bill.currency, "amount_due")
        if bill.amount_due <= 0:
            raise ValidationError({"amount_due": "Enter an amount above zero."})
    if bill.due_date != was_due:
        typed_date(bill.due_date, today=today_in(bill.user.timezone), name="due_date")
    if bill.auto_pay:
        require_paying_account({}, bill)
    # The constraints repeat the checks above, and the other rows are read already.
    bill.full_clean(exclude=["user", "account", "category"], validate_constraints=False)
    _check_account(bill.user_id, bill.account)
    category: Category | None = bill.category
    if category is not None and category.user_id not in (None, bill.user_id):
        raise ValidationError({"category": "Choose one of your own categories."})


def _check_account(user_id: int, account: Account | None) -> None:
    if account is not None and account.user_id != user_id:
        raise ValidationError({"account": "Choose one of your own accounts."})


def _facts(bill: Bill) -> dict[str, Any]:
    return {
        "biller_name": bill.biller_name,
        "amount_due": bill.amount_due,
        "currency": bill.currency,
        "due_date": bill.due_date,
        "recurrence": bill.recurrence,
        "auto_pay": bill.auto_pay,
    }
