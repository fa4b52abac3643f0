"""Match recurring payments to existing bills: by the payments that settled the bill, by name, or by
amount, account and date.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import takewhile
from uuid import UUID

from banking.kernel.written_once import WrittenOnce
from bills.models import Bill
from insights.models import SameAnswer
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


# {(bill series, account, merchant key): whether the person said they are the same}.
Answers = Mapping[tuple[UUID, int, str], bool]


@dataclass(frozen=True, slots=True)
class BillTerms:
    """What one occurrence of a bill asks for."""

    pk: int
    name: str
    amount: Decimal
    currency: str
    account_id: int | None
    category_id: int | None
    due_date: date
    series: UUID
    recurrence: str


@dataclass(frozen=True, slots=True)
class KnownBills:
    """A person's bills: the first open occurrence of each series, {payment: series it settled},
    and the answers to "Is this the same?".
    """

    openly: Mapping[UUID, BillTerms]
    settled: Mapping[int, UUID]
    answers: Answers


def known_bills(user: User) -> KnownBills:
    """The user's bills and answers, in two queries."""
    openly: dict[UUID, BillTerms] = {}
    settled: dict[int, UUID] = {}
    for bill in KNOWN_BILLS.rows(user.pk):
        if bill.payment_id is not None:
            settled[bill.payment_id] = bill.series
        if bill.is_open and bill.series not in openly:
            openly[bill.series] = BillTerms(
                pk=bill.pk,
                name=bill.biller_name,
                amount=bill.amount_due,
                currency=bill.currency,
                account_id=bill.account_id,
                category_id=bill.category_id,
                due_date=bill.due_date,
                series=bill.series,
                recurrence=bill.recurrence,
            )
    return KnownBills(openly, settled, answers_of(user))


KNOWN_BILLS = WrittenOnce(
    lambda user_id: (
        Bill.objects.visible_to(User(pk=user_id))
        .order_by("due_date", "id")
        .only("biller_name", "amount_due", "currency", "due_date", "series", "payment_id",
              "paid_at", "skipped_at", "deleted_at", "account_id", "category_id", "recurrence")
    )
)  # fmt: skip


def answers_of(user: User) -> Answers:
    """The user's answers to "Is this the same?"."""
    return {
        (series, account_id, key): is_same
        for series, account_id, key, is_same in ANSWERS.rows(user.pk)
    }


ANSWERS = WrittenOnce(
    lambda user_id: (
        SameAnswer.objects.visible_to(User(pk=user_id))
        .order_by()
        .values_list("bill_series", "account_id", "merchant_key", "is_same")
    )
)


def with_bills(found: Sequence[Recurring], known: KnownBills) -> list[Recurring]:
    """Each expense with the user's open bill for it."""
    return [replace(item, bill_id=_bill_of(item, found, known)) for item in found]


def _bill_of(one: Recurring, found: Iterable[Recurring], known: KnownBills) -> int | None:
    if one.is_income:
        return None
    paid = {known.settled.get(line.pk) for line in one.series.lines}
    ranked = []
    for place, bill in enumerate(known.openly.values()):
        said = answer_for(bill, one, found, known.answers)
        ranks = (
            said is True,
            bill.series in paid,
            is_of(bill.name, bill.amount, bill.currency, one),
            likeness_of(bill, bill.due_date, one) is not None,
        )
        if said is not False and any(ranks):
            ranked.append((ranks.index(True), place, bill.pk))
    return min(ranked)[2] if ranked else None


def answer_for(
    bill: BillTerms, one: Recurring, found: Iterable[Recurring], answers: Answers
) -> bool | None:
    """The person's answer about this bill and this payment; None if there is none.

    If one merchant has several contracts, "same" applies to the one with the closest amount.
    """
    said = None if one.is_income else answers.get((bill.series, one.account.pk, one.key))
    if not said:
        return said
    contracts = [
        other
        for other in found
        if (other.account.pk, other.key, other.is_income) == (one.account.pk, one.key, False)
    ]
    is_nearest = amount_gap(bill.amount, one) <= min(
        amount_gap(bill.amount, other) for other in contracts
    )
    return True if is_nearest else None


def amount_gap(amount: Decimal, one: Recurring) -> Decimal:
    """How far an amount is from the usual one, as a share of the usual one."""
    return min(abs(amount - usual) / usual for usual in (one.last_amount, one.typical_amount))


def is_of(biller_name: str, amount: Decimal, currency: str, one: Recurring) -> bool:
    """Whether a bill of that name and amount is for this payment."""
    is_near = any(
        abs(amount - usual) <= NEAR * usual for usual in (one.last_amount, one.typical_amount)
    )
    return is_near and currency == one.currency and is_named(biller_name, one.key)


def likeness_of(bill: BillTerms, due: date, one: Recurring) -> Decimal | None:
    """How far apart a bill of another name, due on that day, and this payment are, as a share of
    the amount; None if they do not match.

    They match if account (unless the bill has none), currency, approximate amount and approximate
    day agree and their categories do not differ. Or if the category, a significant word of it or of
    the payee, and roughly the amount agree.
    """
    if not may_be_paid_by(bill, one):
        return None
    gap = amount_gap(bill.amount, one)
    # The day is what takes long to tell.
    if gap > NEAR or not _is_its_day(due, one):
        return None
    both = None not in (bill.category_id, one.category_id)
    if gap <= CLOSE and (not both or bill.category_id == one.category_id):
        return gap
    shares_word = bool(set(merchant_key(bill.name).split()) & set(one.key.split()))
    is_same_kind = both and bill.category_id == one.category_id
    return gap if is_same_kind and shares_word and gap <= NEAR else None


def may_be_paid_by(bill: BillTerms, one: Recurring) -> bool:
    """Whether this is an expense in the bill's currency, from the bill's account if it has one."""
    is_elsewhere = bill.account_id is not None and bill.account_id != one.account.pk
    return not (one.is_income or is_elsewhere or bill.currency != one.currency)


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
