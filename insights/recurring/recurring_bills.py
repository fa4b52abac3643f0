"""Match recurring payments to existing bills: by the payments that settled the bill, by name, or by
amount, account and date.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, takewhile
from uuid import UUID

from bills.models import Bill
from insights.recurring.cadence import Cadence
from insights.recurring.entries import merchant_key
from insights.recurring.recurring import Recurring
from users.models import User

# A bill of the same name matches if its amount differs by at most this share.
NEAR = Decimal("0.25")
# Under another name it matches if the amount differs by at most this share and the day fits.
CLOSE = Decimal("0.05")
RECURRENCES = {
    Cadence.WEEKLY: Bill.Recurrence.WEEKLY,
    Cadence.MONTHLY: Bill.Recurrence.MONTHLY,
    Cadence.QUARTERLY: Bill.Recurrence.QUARTERLY,
    Cadence.YEARLY: Bill.Recurrence.YEARLY,
}


def with_bills(found: Iterable[Recurring], user: User) -> list[Recurring]:
    """Each expense with the user's open bill for it, in one query."""
    bills = list(
        Bill.objects.visible_to(user)
        .order_by("due_date", "id")
        .only("biller_name", "amount_due", "currency", "due_date", "series", "payment_id",
              "paid_at", "skipped_at", "deleted_at", "account_id", "category_id")
    )  # fmt: skip
    openly: dict[UUID, Bill] = {}
    for bill in bills:
        if bill.is_open:
            openly.setdefault(bill.series, bill)
    settled = {bill.payment_id: bill.series for bill in bills if bill.payment_id is not None}
    return [replace(one, bill_id=_bill_of(one, openly, settled)) for one in found]


def _bill_of(one: Recurring, openly: dict[UUID, Bill], settled: dict[int, UUID]) -> int | None:
    if one.is_income:
        return None
    paid = {settled.get(line.pk) for line in one.series.lines} & set(openly)
    if paid:
        return min(openly[series].pk for series in paid if series is not None)
    named = (
        bill
        for bill in openly.values()
        if is_of(bill.biller_name, bill.amount_due, bill.currency, one)
    )
    alike = (
        bill
        for bill in openly.values()
        if likeness(
            name=bill.biller_name,
            amount=bill.amount_due,
            currency=bill.currency,
            account_id=bill.account_id,
            category_id=bill.category_id,
            due=bill.due_date,
            one=one,
        )
        is not None
    )
    return next((bill.pk for bill in chain(named, alike)), None)


def is_of(biller_name: str, amount: Decimal, currency: str, one: Recurring) -> bool:
    """Whether a bill of that name and amount is for this payment."""
    is_near = any(
        abs(amount - usual) <= NEAR * usual for usual in (one.last_amount, one.typical_amount)
    )
    return is_near and currency == one.currency and is_named(biller_name, one.key)


def likeness(
    *,
    name: str,
    amount: Decimal,
    currency: str,
    account_id: int | None,
    category_id: int | None,
    due: date,
    one: Recurring,
) -> Decimal | None:
    """How far apart a bill of another name and this payment are, as a share of the amount; None if
    they do not match.

    They match if account (unless the bill has none), currency, approximate amount and approximate
    day agree and their categories do not differ. Or if the category, a significant word of it or of
    the payee, and roughly the amount agree.
    """
    is_elsewhere = account_id is not None and account_id != one.account.pk
    if one.is_income or is_elsewhere or currency != one.currency or not _is_its_day(due, one):
        return None
    gap = min(abs(amount - usual) / usual for usual in (one.last_amount, one.typical_amount))
    both = None not in (category_id, one.category_id)
    if gap <= CLOSE and (not both or category_id == one.category_id):
        return gap
    shares_word = bool(set(merchant_key(name).split()) & set(one.key.split()))
    is_same_kind = both and category_id == one.category_id
    return gap if is_same_kind and shares_word and gap <= NEAR else None


def _is_its_day(due: date, one: Recurring) -> bool:
    tolerance = one.series.rhythm.tolerance
    last = due + timedelta(days=tolerance)
    dates = takewhile(lambda day: day <= last, one.dates())
    return any(abs((day - due).days) <= tolerance for day in dates)


def is_named(biller_name: str, key: str) -> bool:
    """Whether one name contains all words of the other: "Streamline" and "Streamline Video"."""
    ours, theirs = set(key.split()), set(merchant_key(biller_name).split())
    return bool(ours and theirs) and (ours <= theirs or theirs <= ours)


def bill_entries(one: Recurring) -> dict[str, str]:
    """Initial values for a new bill; a cadence that bills do not support is planned once."""
    next_on = one.next_on or one.on
    return {
        "biller_name": one.name[:120],
        "amount_due": f"{one.expected_amount.normalize():f}",
        "currency": one.currency,
        "due_date": max(next_on, one.on).isoformat(),
        "recurrence": RECURRENCES.get(one.cadence, Bill.Recurrence.NONE),
        "account": str(one.account.pk),
    }
